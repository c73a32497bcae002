// Contexts that write down what happens to them, and do what a test tells them.

#include "filter.h"

std::vector<std::string>& events() {
  static std::vector<std::string> all;
  return all;
}

std::function<void(RootContext*)>& onTickDo() {
  static std::function<void(RootContext*)> action;
  return action;
}

namespace {

class Root : public RootContext {
 public:
  using RootContext::RootContext;

  void onCreate() override { say("create"); }
  bool onStart(size_t) override { return true; }
  bool onConfigure(size_t size) override {
    return getBufferBytes(WasmBufferType::PluginConfiguration, 0, size)->view() != "refuse";
  }
  void onTick() override { onTickDo()(this); }
  void onQueueReady(uint32_t token) override { say("queue " + std::to_string(token)); }
  bool onDone() override {
    say("done");
    return false;
  }
  void onDelete() override { say("delete"); }
  void onLog() override { say("log"); }
  void onForeignFunction(uint32_t id, uint32_t size) override {
    say("foreign " + std::to_string(id) + " " + std::to_string(size));
  }

 private:
  void say(const std::string& what) {
    events().push_back("root " + std::string(root_id()) + ": " + what);
  }
};

class Stream : public Context {
 public:
  using Context::Context;

  void onCreate() override { say("create"); }
  FilterStatus onNewConnection() override {
    return note("connection", FilterStatus::StopIteration);
  }
  FilterStatus onDownstreamData(size_t size, bool end) override {
    return note("downstream " + std::to_string(size) + (end ? " end" : ""), FilterStatus::Continue);
  }
  FilterStatus onUpstreamData(size_t size, bool end) override {
    return note("upstream " + std::to_string(size) + (end ? " end" : ""), FilterStatus::Continue);
  }
  void onDownstreamConnectionClose(CloseType t) override {
    say("closed by " + std::to_string(static_cast<int>(t)));
  }
  void onUpstreamConnectionClose(CloseType t) override {
    say("closed by " + std::to_string(static_cast<int>(t)));
  }
  FilterHeadersStatus onRequestHeaders(uint32_t n, bool end) override {
    return note("request headers " + std::to_string(n) + (end ? " end" : ""),
                FilterHeadersStatus::StopAllIterationAndWatermark);
  }
  FilterMetadataStatus onRequestMetadata(uint32_t n) override {
    return note("request metadata " + std::to_string(n), FilterMetadataStatus::Continue);
  }
  FilterDataStatus onRequestBody(size_t size, bool end) override {
    return note("request body " + std::to_string(size) + (end ? " end" : ""),
                FilterDataStatus::StopIterationNoBuffer);
  }
  FilterTrailersStatus onRequestTrailers(uint32_t n) override {
    return note("request trailers " + std::to_string(n), FilterTrailersStatus::StopIteration);
  }
  FilterHeadersStatus onResponseHeaders(uint32_t n, bool end) override {
    return note("response headers " + std::to_string(n) + (end ? " end" : ""),
                FilterHeadersStatus::ContinueAndEndStream);
  }
  FilterMetadataStatus onResponseMetadata(uint32_t n) override {
    return note("response metadata " + std::to_string(n), FilterMetadataStatus::Continue);
  }
  FilterDataStatus onResponseBody(size_t size, bool end) override {
    return note("response body " + std::to_string(size) + (end ? " end" : ""),
                FilterDataStatus::StopIterationAndBuffer);
  }
  FilterTrailersStatus onResponseTrailers(uint32_t n) override {
    return note("response trailers " + std::to_string(n), FilterTrailersStatus::StopIteration);
  }
  void onDone() override { say("done"); }
  void onLog() override { say("log"); }
  void onDelete() override { say("delete"); }

 private:
  void say(const std::string& what) { events().push_back("stream: " + what); }
  template <typename T>
  T note(const std::string& what, T result) {
    say(what);
    return result;
  }
};

const RegisterContextFactory named(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Root), "named");
const RegisterContextFactory streamOnly(CONTEXT_FACTORY(Stream), "streams");
const RegisterContextFactory rootOnly(ROOT_FACTORY(Root), "roots");
// The two halves may be registered one after the other.
const RegisterContextFactory first(CONTEXT_FACTORY(Stream));
const RegisterContextFactory second(ROOT_FACTORY(Root));

}  // namespace
