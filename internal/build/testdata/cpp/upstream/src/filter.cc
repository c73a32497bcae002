// A filter as one writes it for the upstream C++ SDK, with a bit of everything. It
// is compiled as it is, with our headers and, by hand, with the upstream ones.

#include <algorithm>
#include <cassert>
#include <cctype>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#ifndef NULL_PLUGIN
#include "proxy_wasm_intrinsics.h"
#else
#include "include/proxy-wasm/null_plugin.h"

namespace proxy_wasm {
namespace null_plugin {

PROXY_WASM_NULL_PLUGIN_REGISTRY

#endif

namespace {

const std::string kTicks = "ticks";

// A counter in shared data that several workers raise.
uint32_t raise(const std::string &key) {
  for (;;) {
    WasmDataPtr value;
    uint32_t cas = 0;
    uint32_t count = 0;
    const auto got = getSharedData(key, &value, &cas);
    if (got == WasmResult::Ok && value->size() == sizeof(count)) {
      std::copy_n(value->data(), sizeof(count), reinterpret_cast<char *>(&count));
    } else if (got != WasmResult::NotFound) {
      LOG_ERROR("getSharedData: " + toString(got));
      return 0;
    }
    count++;
    const auto set =
        setSharedData(key, {reinterpret_cast<const char *>(&count), sizeof(count)}, cas);
    if (set != WasmResult::CasMismatch) {
      return count;
    }
  }
}

}  // namespace

class CompatRootContext : public RootContext {
 public:
  explicit CompatRootContext(uint32_t id, StringView root_id) : RootContext(id, root_id) {}

  bool onStart(size_t) override {
    requests_ = Counter<std::string, bool>::New("compat_requests", "method", "called");
    sizes_ = std::make_unique<Histogram<int>>("compat_sizes", "direction");
    CHECK_RESULT(defineMetric(MetricType::Gauge, "compat_last_size", &last_size_));
    return true;
  }

  bool validateConfiguration(size_t configuration_size) override {
    return configuration_size < 1000;
  }

  bool onConfigure(size_t configuration_size) override {
    const WasmDataPtr text =
        getBufferBytes(WasmBufferType::PluginConfiguration, 0, configuration_size);
    cluster_ = text->toString();
    if (cluster_ == "refuse") {
      logCritical("compat: configuration refused");
      return false;
    }
    uint32_t token = 0;
    if (registerSharedQueue("compat_queue", &token) != WasmResult::Ok) {
      return false;
    }
    queue_ = token;
    proxy_set_tick_period_milliseconds(50);
    LogLevel level;
    if (getLogLevel(&level) == WasmResult::Ok && level <= LogLevel::debug) {
      LOG_DEBUG(std::string("configured with ") + cluster_);
    }
    return true;
  }

  void onTick() override {
    const uint32_t count = raise(kTicks);
    const auto result = enqueueSharedQueue(queue_, "tick " + std::to_string(count));
    if (result != WasmResult::Ok) {
      logError("compat: enqueue: " + toString(result));
    }
    if (count >= 3) {
      proxy_set_tick_period_milliseconds(0);
    }
  }

  void onQueueReady(uint32_t token) override {
    for (WasmDataPtr data; dequeueSharedQueue(token, &data) == WasmResult::Ok;) {
      logInfo("compat: from the queue: " + data->toString());
      last_ = data->toString();
    }
  }

  bool onDone() override {
    logInfo("compat: root done");
    return true;
  }

  const std::string &cluster() const { return cluster_; }
  const std::string &last() const { return last_; }
  Counter<std::string, bool> *requests() { return requests_; }
  Histogram<int> *sizes() { return sizes_.get(); }
  void lastSize(uint64_t size) { recordMetric(last_size_, size); }

 private:
  std::string cluster_, last_;
  uint32_t queue_ = 0, last_size_ = 0;
  Counter<std::string, bool> *requests_ = nullptr;
  std::unique_ptr<Histogram<int>> sizes_;
};

class CompatContext : public Context {
 public:
  explicit CompatContext(uint32_t id, RootContext *root) : Context(id, root) {}

  void onCreate() override { LOG_TRACE(std::string("created ") + std::to_string(id())); }

  FilterHeadersStatus onRequestHeaders(uint32_t headers, bool) override {
    const auto pairs = getRequestHeaderPairs();
    addRequestHeader("x-count", headers == pairs->pairs().size() ? "right" : "wrong");
    replaceRequestHeader("user-agent", "compat");
    describe();
    removeRequestHeader("x-secret");
    removeRequestHeader("content-length");
    const std::string path = getRequestHeader(":path")->toString();
    const std::string method = getRequestHeader(":method")->toString();
    const bool calls = path == "/call";
    compatRoot()->requests()->increment(1, method, calls);
    if (path == "/local") {
      sendLocalResponse(418, "compat", "short and stout", {{"x-local", "yes"}});
      return FilterHeadersStatus::StopIteration;
    }
    if (path == "/at") {
      addRequestHeader("x-at", std::to_string(std::vector<int>().at(pairs->size())));
    }
    assert(path != "/assert");
    return calls ? call() : FilterHeadersStatus::Continue;
  }

  FilterDataStatus onRequestBody(size_t body_buffer_length, bool end_of_stream) override {
    if (!end_of_stream) {
      return FilterDataStatus::StopIterationAndBuffer;
    }
    const auto body = getBufferBytes(WasmBufferType::HttpRequestBody, 0, body_buffer_length);
    std::string upper(body->view());
    for (auto &c : upper) {
      c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    size_t size = body_buffer_length;
    setBuffer(WasmBufferType::HttpRequestBody, 0, body_buffer_length, upper + "!", &size);
    compatRoot()->sizes()->record(size, 1);
    compatRoot()->lastSize(size);
    return FilterDataStatus::Continue;
  }

  FilterTrailersStatus onRequestTrailers(uint32_t) override {
    return FilterTrailersStatus::Continue;
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("x-compat", "yes");
    addResponseHeader("x-queue", compatRoot()->last());
    addResponseHeader("x-answer", answer_);
    addResponseHeader("x-described", described_);
    WasmDataPtr ticks;
    if (getSharedData(kTicks, &ticks) == WasmResult::Ok) {
      addResponseHeader("x-ticks", std::to_string(*ticks->data()));
    }
    removeResponseHeader("content-length");
    return FilterHeadersStatus::Continue;
  }

  FilterDataStatus onResponseBody(size_t body_buffer_length, bool end_of_stream) override {
    if (end_of_stream) {
      setBuffer(WasmBufferType::HttpResponseBody, body_buffer_length, 0, " and more");
    }
    return FilterDataStatus::Continue;
  }

  FilterTrailersStatus onResponseTrailers(uint32_t) override {
    return FilterTrailersStatus::Continue;
  }

  void onLog() override {
    int64_t code = 0;
    if (getValue({"response", "code"}, &code)) {
      logInfo("compat: code " + std::to_string(code));
    }
  }

  void onDone() override { LOG_TRACE("done"); }
  void onDelete() override { LOG_TRACE("deleted"); }

 private:
  CompatRootContext *compatRoot() { return static_cast<CompatRootContext *>(root()); }

  // Asks a service, and goes on with the request when the answer has come.
  FilterHeadersStatus call() {
    const uint32_t stream = id();
    const auto result = root()->httpCall(
        compatRoot()->cluster(),
        {{":method", "GET"}, {":path", "/answer"}, {":authority", "service"}}, "", {}, 1000,
        [stream](uint32_t headers, size_t body_size, uint32_t) {
          auto *context = static_cast<CompatContext *>(getContext(stream));
          if (context == nullptr) {
            return;
          }
          std::string answer = "failed";
          if (headers > 0) {
            const auto status =
                getHeaderMapValue(WasmHeaderMapType::HttpCallResponseHeaders, ":status");
            const auto body = getBufferBytes(WasmBufferType::HttpCallResponseBody, 0, body_size);
            answer = status->toString() + " " + body->toString();
          }
          context->answer_ = answer;
          context->setEffectiveContext();
          continueRequest();
        });
    if (result != WasmResult::Ok) {
      answer_ = toString(result);
      return FilterHeadersStatus::Continue;
    }
    return FilterHeadersStatus::StopAllIterationAndWatermark;
  }

  // Reads properties of several types.
  void describe() {
    std::string name, path;
    int64_t size = -1;
    const std::vector<std::string> parts = {"request", "url_path"};
    getValue({"plugin_name"}, &name);
    getValue(parts, &path);
    getValue({"request", "size"}, &size);
    setFilterStateStringValue("compat", path);
    const Optional<WasmDataPtr> state = getProperty({"compat"});
    const Optional<WasmDataPtr> none = getProperty({"no", "such", "thing"});
    described_ = name + " " + path + " " + std::to_string(size) + " " +
                 (state.has_value() ? (*state)->toString() : "-") + " " +
                 (none.has_value() ? "some" : "none");
  }

  std::string answer_ = "none", described_;
};

static RegisterContextFactory register_Compat(CONTEXT_FACTORY(CompatContext),
                                              ROOT_FACTORY(CompatRootContext), "compat_root");
static RegisterContextFactory register_Default(CONTEXT_FACTORY(CompatContext),
                                               ROOT_FACTORY(CompatRootContext));
static RegisterContextFactory register_RootOnly(ROOT_FACTORY(CompatRootContext), "root_only");
static RegisterContextFactory register_ContextOnly(CONTEXT_FACTORY(CompatContext), "context_only");

#ifdef NULL_PLUGIN
}  // namespace null_plugin
}  // namespace proxy_wasm
#endif
