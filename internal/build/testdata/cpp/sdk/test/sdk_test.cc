#include <map>
#include <random>

#include "filter.h"
#include "host.h"
#include "test.h"

namespace {

std::string join(const std::vector<std::string>& lines) {
  std::string all;
  for (const auto& line : lines) {
    all += line + "; ";
  }
  return all;
}

// A started host in which something runs as the root context.
struct Started : Host {
  explicit Started(std::string root_id = "") : Host("", std::move(root_id)) {
    CHECK(start(), log());
    events().clear();
  }
  void inRoot(std::function<void(RootContext*)> action) {
    onTickDo() = std::move(action);
    tick();
  }
};

}  // namespace

// ---- Table ----

TEST(table_is_a_map) {
  using proxy_wasm_detail::Entry;
  using proxy_wasm_detail::Table;
  struct Number : Entry {
    explicit Number(uint32_t v) : value(v) {}
    uint32_t value;
  };
  std::mt19937 random(1);
  for (const uint32_t step : {1u, 4u, 256u, 0x10000u, 0x01000001u}) {
    Table table;
    std::map<uint32_t, uint32_t> model;
    for (uint32_t i = 0; i < 20000; i++) {
      const uint32_t id = random() % 300 * step;
      if (random() % 2 == 0) {
        table.put(id, std::make_unique<Number>(i));
        model[id] = i;
      } else {
        const auto taken = table.take(id);
        CHECK_EQ(taken != nullptr, model.erase(id) == 1);
      }
      const uint32_t other = random() % 300 * step;
      const auto it = model.find(other);
      auto* found = static_cast<Number*>(table.find(other));
      CHECK_EQ(found != nullptr, it != model.end());
      CHECK(found == nullptr || found->value == it->second, other);
    }
    for (const auto& [id, value] : model) {
      auto* found = static_cast<Number*>(table.find(id));
      CHECK(found != nullptr && found->value == value, id);
    }
  }
}

// ---- Pairs ----

TEST(pairs_there_and_back) {
  const Headers headers = {{"a", "1"}, {"", ""}, {"b", std::string("\0x", 2)}};
  const char* data = nullptr;
  size_t size = 0;
  exportPairs(headers, &data, &size);
  const WasmData owner(data, size);
  Headers back;
  for (const auto& [name, value] : owner.pairs()) {
    back.emplace_back(name, value);
  }
  CHECK(back == headers, back);
  CHECK_EQ(size, pairsSize(headers));
  exportPairs(Headers(), &data, &size);
  CHECK(data == nullptr && size == 0);
}

TEST(pairs_of_something_else) {
  const auto pairs = [](std::string bytes) {
    char* copy = static_cast<char*>(std::malloc(bytes.size() + 1));
    std::memcpy(copy, bytes.data(), bytes.size());
    return WasmData(copy, bytes.size()).pairs().size();
  };
  const std::string good("\1\0\0\0\1\0\0\0\1\0\0\0a\0b\0", 16);
  CHECK_EQ(pairs(good), 1u);
  CHECK_EQ(pairs(""), 0u);
  for (size_t size = 0; size < good.size(); size++) {
    CHECK_EQ(pairs(good.substr(0, size)), 0u);
  }
  CHECK_EQ(pairs(std::string("\xff\xff\xff\xff", 4)), 0u);
  CHECK_EQ(pairs(std::string("\1\0\0\0\xff\xff\xff\xff\1\0\0\0a\0b\0", 16)), 0u);
  CHECK_EQ(pairs(std::string("\1\0\0\0\1\0\0\0\1\0\0\0axb\0", 16)), 0u);
}

// ---- Contexts ----

TEST(callbacks_reach_the_context) {
  Started host;
  const uint32_t id = host.newStream();
  CHECK(proxy_on_new_connection(id) == FilterStatus::StopIteration);
  CHECK(proxy_on_downstream_data(id, 3, 0) == FilterStatus::Continue);
  CHECK(proxy_on_upstream_data(id, 4, 1) == FilterStatus::Continue);
  proxy_on_downstream_connection_close(id, 1);
  proxy_on_upstream_connection_close(id, 2);
  CHECK(proxy_on_request_headers(id, 5, 1) == FilterHeadersStatus::StopAllIterationAndWatermark);
  CHECK(proxy_on_request_metadata(id, 6) == FilterMetadataStatus::Continue);
  CHECK(proxy_on_request_body(id, 7, 0) == FilterDataStatus::StopIterationNoBuffer);
  CHECK(proxy_on_request_trailers(id, 8) == FilterTrailersStatus::StopIteration);
  CHECK(proxy_on_response_headers(id, 9, 0) == FilterHeadersStatus::ContinueAndEndStream);
  CHECK(proxy_on_response_metadata(id, 10) == FilterMetadataStatus::Continue);
  CHECK(proxy_on_response_body(id, 11, 1) == FilterDataStatus::StopIterationAndBuffer);
  CHECK(proxy_on_response_trailers(id, 12) == FilterTrailersStatus::StopIteration);
  host.endStream(id);
  CHECK_EQ(
      join(events()),
      "stream: create; stream: connection; stream: downstream 3; stream: upstream 4 end; "
      "stream: closed by 1; stream: closed by 2; stream: request headers 5 end; "
      "stream: request metadata 6; stream: request body 7; stream: request trailers 8; "
      "stream: response headers 9; stream: response metadata 10; stream: response body 11 end; "
      "stream: response trailers 12; stream: log; stream: done; stream: delete; ");
  CHECK(getContextBase(id) == nullptr);
}

TEST(callbacks_reach_the_root) {
  {
    Started host("named");
    host.queueReady(3);
    proxy_on_foreign_function(Host::kRoot, 4, 5);
    proxy_on_log(Host::kRoot);
    CHECK(proxy_validate_configuration(Host::kRoot, 0) == 1);
    CHECK(proxy_on_done(Host::kRoot) == 0);
    host.inRoot([](RootContext* root) { root->done(); });
    CHECK(host.done);
    CHECK(getRoot("named") != nullptr && getRoot("named") == getRootContext(Host::kRoot));
    CHECK(getContext(Host::kRoot) == nullptr && getRoot("other") == nullptr);
  }
  CHECK_EQ(join(events()),
           "root named: queue 3; root named: foreign 4 5; root named: log; root named: done; "
           "root named: done; root named: delete; ");
  CHECK(getRoot("named") == nullptr);
}

TEST(configuration_can_be_refused) {
  Host host("refuse");
  CHECK(!host.start());
}

TEST(root_ids) {
  const struct {
    const char* root_id;
    const char* events;
  } cases[] = {
      {"named", "root named: create; stream: create; "},
      {"", "root : create; stream: create; "},
      {"unknown", "root unknown: create; stream: create; "},
      {"streams", "stream: create; "},
      {"roots", "root roots: create; "},
  };
  for (const auto& c : cases) {
    events().clear();
    Host host("", c.root_id);
    CHECK(host.start(), c.root_id);
    host.newStream();
    CHECK_EQ(join(events()), c.events);
  }
}

TEST(unknown_contexts_do_no_harm) {
  Started host;
  for (const uint32_t id : {0u, 99u, Host::kRoot}) {
    CHECK(proxy_on_request_headers(id, 0, 1) == FilterHeadersStatus::Continue);
    CHECK(proxy_on_request_body(id, 0, 1) == FilterDataStatus::Continue);
  }
  CHECK(proxy_on_done(99) == 1 && proxy_on_configure(99, 0) == 0 && proxy_on_vm_start(99, 0) == 0);
  proxy_on_tick(99);
  proxy_on_log(99);
  proxy_on_delete(99);
  proxy_on_http_call_response(99, 1, 0, 0, 0);
  proxy_on_context_create(100, 99);
  CHECK(getContextBase(100) == nullptr);
  proxy_on_context_create(Host::kRoot, 0);
  CHECK_EQ(join(events()), "");
}

TEST(many_streams) {
  Started host;
  std::vector<uint32_t> ids;
  for (int i = 0; i < 1000; i++) {
    ids.push_back(host.newStream());
  }
  for (const uint32_t id : ids) {
    CHECK(getContext(id) != nullptr && getContext(id)->id() == id, id);
    CHECK(getContext(id)->root() == getRootContext(Host::kRoot));
  }
  for (size_t i = 0; i < ids.size(); i += 2) {
    host.endStream(ids[i]);
  }
  for (size_t i = 0; i < ids.size(); i++) {
    CHECK_EQ(getContext(ids[i]) != nullptr, i % 2 == 1);
  }
}

// ---- Calls to services ----

TEST(http_calls) {
  Started host;
  std::string got;
  host.inRoot([&got](RootContext* root) {
    const auto result = root->httpCall(
        "cluster", {{":path", "/"}}, "body", {{"t", "1"}}, 500,
        [&got, root](uint32_t headers, size_t size, uint32_t trailers) {
          got +=
              std::to_string(headers) + " " + std::to_string(size) + " " +
              std::to_string(trailers) + " " +
              getHeaderMapValue(WasmHeaderMapType::HttpCallResponseHeaders, ":status")->toString() +
              getBufferBytes(WasmBufferType::HttpCallResponseBody, 0, size)->toString() + "; ";
          root->httpCall("again", {}, "", {}, 1, [&got](uint32_t n, size_t, uint32_t) {
            got += "again " + std::to_string(n);
          });
        });
    CHECK(result == WasmResult::Ok);
  });
  CHECK_EQ(host.http_calls.size(), 1u);
  const Host::HttpCall call = host.http_calls[0];
  CHECK(call.upstream == "cluster" && call.body == "body" && call.timeout_milliseconds == 500);
  CHECK_EQ(call.headers, (Headers{{":path", "/"}}));
  CHECK_EQ(call.trailers, (Headers{{"t", "1"}}));
  host.answerHttpCall(call.token, {{":status", "200"}}, "hi");
  host.answerHttpCall(call.token, {{":status", "200"}}, "twice");
  host.answerHttpCall(host.http_calls[1].token, {});
  CHECK_EQ(got, "1 2 0 200hi; again 0");
}

TEST(callbacks_may_outlive_a_stream) {
  Started host;
  const uint32_t id = host.newStream();
  bool gone = false;
  host.inRoot([id, &gone](RootContext* root) {
    root->httpCall("c", {}, "", {}, 1,
                   [id, &gone](uint32_t, size_t, uint32_t) { gone = getContext(id) == nullptr; });
  });
  host.endStream(id);
  host.answerHttpCall(1, {});
  CHECK(gone);
}

TEST(effective_context) {
  Started host;
  const uint32_t id = host.newStream();
  host.inRoot([id](RootContext*) {
    getContext(id)->setEffectiveContext();
    continueRequest();
    closeResponse();
    sendLocalResponse(403, "no", "body", {{"a", "1"}}, GrpcStatus::PermissionDenied);
  });
  CHECK(host.continued.size() == 1 &&
        host.continued[0] == std::make_pair(id, WasmStreamType::Request));
  CHECK(host.closed.size() == 1 && host.closed[0] == std::make_pair(id, WasmStreamType::Response));
  const Host::LocalResponse r = host.local_responses.at(0);
  CHECK(r.code == 403 && r.details == "no" && r.body == "body" && r.grpc_status == 7);
  CHECK_EQ(r.headers, (Headers{{"a", "1"}}));
}

TEST(grpc_simple_calls) {
  Started host;
  std::string got;
  const auto note = [&got](GrpcStatus status, size_t size) {
    got += std::to_string(static_cast<int>(status)) + " " + std::to_string(size) + "; ";
  };
  host.inRoot([&](RootContext* root) {
    root->grpcSimpleCall("s", "n", "m", {{"k", "v"}}, "one", 100, note);
    root->grpcSimpleCall("s", "n", "m", {}, "two", 100, note);
    root->grpcSimpleCall(
        "s", "n", "m", {}, "three", 100,
        [&got](size_t size) { got += "ok " + std::to_string(size) + "; "; },
        [&got](GrpcStatus) { got += "failed; "; });
    root->grpcSimpleCall(
        "s", "n", "m", {}, "four", 100, [&got](size_t) { got += "ok; "; },
        [&got](GrpcStatus status) {
          got += "failed " + std::to_string(static_cast<int>(status)) + "; ";
        });
  });
  CHECK_EQ(host.grpc_calls.size(), 4u);
  CHECK(host.grpc_calls[0].service == "s" && host.grpc_calls[0].method == "m" &&
        host.grpc_calls[0].closed);
  CHECK_EQ(join(host.grpc_calls[1].messages), "two; ");
  host.receiveGrpc(1, "abc");
  host.closeGrpc(2, GrpcStatus::Unavailable);
  host.receiveGrpc(3, "abcd");
  host.closeGrpc(4, GrpcStatus::NotFound);
  host.closeGrpc(1, GrpcStatus::Ok);
  host.receiveGrpc(99, "");
  CHECK_EQ(got, "0 3; 14 0; ok 4; failed 5; ");
}

TEST(grpc_call_handlers) {
  struct Handler : GrpcCallHandler<int> {
    Handler(std::string* log, Handler** self) : log_(log) { *self = this; }
    ~Handler() override { *log_ += "deleted; "; }
    void onSuccess(size_t size) override {
      *log_ += "success " + std::to_string(size) + " " + std::to_string(token()) + "; ";
      cancel();  // to no effect any more
    }
    void onFailure(GrpcStatus) override { *log_ += "failure; "; }
    std::string* log_;
  };
  Started host;
  std::string log;
  Handler *first = nullptr, *second = nullptr;
  host.inRoot([&](RootContext* root) {
    root->grpcCallHandler("s", "n", "m", {}, "", 1, std::make_unique<Handler>(&log, &first));
    root->grpcCallHandler("s", "n", "m", {}, "", 1, std::make_unique<Handler>(&log, &second));
    CHECK(first->context() == root && first->token() == 1 && second->token() == 2);
  });
  host.receiveGrpc(1, "abc");
  CHECK_EQ(log, "success 3 1; deleted; ");
  second->cancel();
  CHECK(host.grpc_calls[1].cancelled);
  host.closeGrpc(2, GrpcStatus::Canceled);
  CHECK_EQ(log, "success 3 1; deleted; deleted; ");
}

namespace {

struct Words {  // serializes itself
  std::string text;
  bool SerializeToString(std::string* out) const {
    *out = text;
    return text != "bad";
  }
  bool ParseFromArray(const void* data, int size) {
    text.assign(static_cast<const char*>(data), static_cast<size_t>(size));
    return text != "bad";
  }
};

struct StreamHandler : GrpcStreamHandler<Words, Words> {
  StreamHandler(std::string* l, StreamHandler** self) : log(l) { *self = this; }
  ~StreamHandler() override { *log += "deleted; "; }
  void onReceiveInitialMetadata(uint32_t n) override {
    *log += "initial " + std::to_string(n) + "; ";
  }
  void onReceiveTrailingMetadata(uint32_t n) override {
    *log += "trailing " + std::to_string(n) + "; ";
  }
  void onReceive(size_t size) override {
    *log += getBufferBytes(WasmBufferType::GrpcReceiveBuffer, 0, size)->proto<Words>().text + "; ";
    if (reset_on_receive) {
      reset();
    }
  }
  void onRemoteClose(GrpcStatus status) override {
    *log += "closed " + std::to_string(static_cast<int>(status)) + "; ";
    if (close_too) {
      close();
    }
  }
  std::string* log;
  bool reset_on_receive = false, close_too = false;
};

}  // namespace

TEST(grpc_streams) {
  Started host;
  std::string log;
  StreamHandler *one = nullptr, *two = nullptr, *three = nullptr;
  host.inRoot([&](RootContext* root) {
    for (StreamHandler** handler : {&one, &two, &three}) {
      CHECK(root->grpcStreamHandler("s", "n", "m", {},
                                    std::make_unique<StreamHandler>(&log, handler)) ==
            WasmResult::Ok);
    }
  });
  CHECK(one->send(Words{"hello"}, false) == WasmResult::Ok);
  CHECK(one->send(Words{"bad"}, false) == WasmResult::SerializationFailure);
  proxy_on_grpc_receive_initial_metadata(Host::kRoot, 1, 2);
  host.receiveGrpc(1, "a");
  host.receiveGrpc(1, "b");
  proxy_on_grpc_receive_trailing_metadata(Host::kRoot, 1, 1);
  host.closeGrpc(1, GrpcStatus::Ok);
  CHECK_EQ(log, "initial 2; a; b; trailing 1; closed 0; ");
  CHECK(one->send(Words{"last"}, true) == WasmResult::Ok);  // we may still send; then both are done
  CHECK_EQ(log, "initial 2; a; b; trailing 1; closed 0; deleted; ");
  CHECK_EQ(join(host.grpc_calls[0].messages), "hello; last; ");

  log.clear();
  two->close_too = true;
  host.closeGrpc(2, GrpcStatus::Aborted);
  CHECK_EQ(log, "closed 10; deleted; ");

  log.clear();
  three->reset_on_receive = true;
  host.receiveGrpc(3, "x");
  host.receiveGrpc(3, "y");
  CHECK_EQ(log, "x; deleted; ");
  CHECK(host.grpc_calls[2].cancelled && !host.grpc_calls[1].cancelled);
}

TEST(grpc_messages_that_serialize_themselves) {
  Started host;
  std::string got;
  host.inRoot([&got](RootContext* root) {
    uint32_t token = 0;
    CHECK(grpcCall("s", "n", "m", {}, Words{"one"}, 1, &token) == WasmResult::Ok && token == 1);
    CHECK(grpcCall("s", "n", "m", {}, Words{"bad"}, 1, &token) == WasmResult::SerializationFailure);
    CHECK(root->grpcSimpleCall("s", "n", "m", {}, Words{"two"}, 1, [&got](GrpcStatus, size_t size) {
      got += std::to_string(size);
    }) == WasmResult::Ok);
    StreamHandler* unused = nullptr;
    static std::string log;
    CHECK(grpcStream("s", "n", "m", {}, &token) == WasmResult::Ok);
    CHECK(root->grpcStreamHandler(
              "s", "n", "m", {}, std::make_unique<StreamHandler>(&log, &unused)) == WasmResult::Ok);
  });
  host.receiveGrpc(2, "xyz");
  CHECK_EQ(got, "3");
  CHECK_EQ(join(host.grpc_calls[0].messages), "one; ");
}

// ---- Free functions ----

TEST(logging) {
  Started host;
  host.log_level = LogLevel::debug;
  logTrace("1");
  logDebug("2");
  logInfo("3");
  logWarn("4");
  logError("5");
  logCritical("6");
  CHECK_EQ(host.log(), "2\n3\n4\n5\n6\n");
  LogLevel level = LogLevel::trace;
  CHECK(getRootContext(Host::kRoot)->getLogLevel(&level) == WasmResult::Ok &&
        level == LogLevel::debug);
  host.lines.clear();
  LOG_WARN("a" + std::string("b"));
  const int line = __LINE__ - 1;
  CHECK(host.log().starts_with("[test/sdk_test.cc:" + std::to_string(line) + "]::"), host.log());
  CHECK(host.log().ends_with("() ab\n"), host.log());
  CHECK_EQ(toString(WasmResult::CasMismatch), "CasMismatch");
  CHECK_EQ(toString(WasmResult::Unimplemented), "Unimplemented");
  CHECK_EQ(toString(static_cast<WasmResult>(13)), "unknown result");
}

TEST(properties) {
  Started host;
  const int64_t number = -7;
  host.properties["a.b"] = "text";
  host.properties["n"] = std::string(reinterpret_cast<const char*>(&number), sizeof(number));
  host.properties["t"] = std::string(1, '\1');
  std::string text;
  int64_t n = 0;
  int32_t small = 0;
  bool t = false;
  CHECK(getValue({"a", "b"}, &text) && text == "text", text);
  CHECK(getValue(std::vector<std::string>{"a", "b"}, &text));
  CHECK(getValue(std::vector<std::string_view>{"n"}, &n) && n == -7, n);
  CHECK(getValue({"t"}, &t) && t);
  CHECK(!getValue({"n"}, &small) && !getValue({"none"}, &n) && !getValue({"none"}, &text));
  CHECK(!getProperty({"a"}).has_value());
  CHECK_EQ(getProperty({"a", "b"}).value()->view(), "text");
  Words words;
  CHECK(getMessageValue({"a", "b"}, &words) && words.text == "text");
  CHECK(!getMessageValue({"none"}, &words));
  CHECK(setFilterState("k", "v") == WasmResult::Ok && host.properties["k"] == "v");
  CHECK_EQ(getCurrentTimeNanoseconds(), 1u);
  CHECK_EQ(getStatus().first, 0u);
}

TEST(shared_data_and_queues) {
  Started host;
  WasmDataPtr value;
  uint32_t cas = 0, token = 0, same = 0;
  CHECK(getSharedData("k", &value) == WasmResult::NotFound && value == nullptr);
  CHECK(setSharedData("k", "1") == WasmResult::Ok);
  CHECK(getSharedData("k", &value, &cas) == WasmResult::Ok && value->view() == "1" && cas != 0);
  CHECK(setSharedData("k", "2", cas) == WasmResult::Ok);
  CHECK(setSharedData("k", "3", cas) == WasmResult::CasMismatch);
  CHECK_EQ(getSharedDataValue("k", &cas)->toString(), "2");

  CHECK(resolveSharedQueue("", "q", &token) == WasmResult::NotFound);
  CHECK(registerSharedQueue("q", &token) == WasmResult::Ok && token != 0);
  CHECK(resolveSharedQueue("vm", "q", &same) == WasmResult::Ok && same == token);
  CHECK(enqueueSharedQueue(token, "x") == WasmResult::Ok);
  CHECK(enqueueSharedQueue(99, "x") == WasmResult::NotFound);
  CHECK(dequeueSharedQueue(token, &value) == WasmResult::Ok && value->view() == "x");
  CHECK(dequeueSharedQueue(token, &value) == WasmResult::Empty && value->size() == 0);
}

TEST(headers_and_buffers) {
  Started host;
  const uint32_t id = host.newStream();
  host.requestHeaders(id, {{"a", "1"}, {"b", "2"}, {"a", "3"}});
  CHECK_EQ(getRequestHeader("A")->view(), "1");
  CHECK(getRequestHeader("none")->data() == nullptr && getRequestHeader("none")->view().empty());
  CHECK(replaceRequestHeader("a", "4") == WasmResult::Ok);
  CHECK(addRequestHeader("C", "5") == WasmResult::Ok);
  CHECK(removeRequestHeader("b") == WasmResult::Ok);
  CHECK_EQ(host.headers(id, WasmHeaderMapType::RequestHeaders), (Headers{{"a", "4"}, {"c", "5"}}));
  size_t size = 0;
  CHECK(getRequestHeaderSize(&size) == WasmResult::Ok && size == 4, size);
  CHECK_EQ(getRequestHeaderPairs()->pairs().size(), 2u);
  CHECK(setRequestHeaderPairs({{"x", "y"}}) == WasmResult::Ok);
  CHECK_EQ(host.headers(id, WasmHeaderMapType::RequestHeaders), (Headers{{"x", "y"}}));
  CHECK(setResponseTrailerPairs({}) == WasmResult::Ok &&
        getResponseTrailerPairs()->pairs().empty());

  host.responseBody(id, "hello");
  CHECK_EQ(getBufferBytes(WasmBufferType::HttpResponseBody, 1, 3)->view(), "ell");
  CHECK_EQ(getBufferBytes(WasmBufferType::HttpResponseBody, 9, 3)->size(), 0u);
  size = 5;
  CHECK(setBuffer(WasmBufferType::HttpResponseBody, 0, 5, "bye", &size) == WasmResult::Ok &&
        size == 3);
  CHECK(setBuffer(WasmBufferType::HttpResponseBody, 1, 1, "", &size) == WasmResult::BadArgument &&
        size == 3);
  uint32_t flags = 1;
  CHECK(getBufferStatus(WasmBufferType::HttpResponseBody, &size, &flags) == WasmResult::Ok &&
        size == 3);
}

TEST(functions_of_the_first_abi) {
  Started host;
  host.buffer(Host::kRoot, WasmBufferType::PluginConfiguration) = "text";
  const char* data = nullptr;
  size_t size = 0;
  CHECK(proxy_get_configuration(&data, &size) == WasmResult::Ok);
  CHECK_EQ(WasmData(data, size).view(), "text");
  CHECK(proxy_continue_request() == WasmResult::Ok &&
        host.continued.at(0).second == WasmStreamType::Request);
  CHECK(proxy_continue_response() == WasmResult::Ok &&
        host.continued.at(1).second == WasmStreamType::Response);
  CHECK(proxy_clear_route_cache() == WasmResult::NotFound);
}

// ---- Metrics ----

TEST(metrics) {
  Started host;
  const auto names = [&host] {
    std::vector<std::string> all;
    for (const auto& m : host.metrics) {
      all.push_back(m.name + "=" + std::to_string(m.value));
    }
    return join(all);
  };
  {
    Metric c(MetricType::Counter, "c", {MetricTag{"s", MetricTag::TagType::String}});
    c.increment(2, "x");
    c.increment(3, "x");
    c.record(4, std::string("y"));
    CHECK_EQ(c.get("x"), 5u);
    CHECK_EQ(c.nameFromIdSlow(c.resolve("x")), "s.x.c");
    CHECK_EQ(c.nameFromIdSlow(99), "");
    Metric h(MetricType::Histogram, "h",
             {MetricTag{"a", MetricTag::TagType::Int}, MetricTag{"b", MetricTag::TagType::Bool}},
             "_", "=");
    Metric partial = h.partiallyResolve(7);
    partial.record(9, true);
    CHECK_EQ(names(), "s.x.c=5; s.y.c=4; a=7_b=true_h=9; ");
  }
  host.metrics.clear();
  const std::unique_ptr<Counter<std::string, int, bool>> c(
      Counter<std::string, int, bool>::New("c", "s", "i", "b"));
  c->increment(1, "x", 2, true);
  SimpleCounter simple = c->resolve("x", 2, true);
  ++simple;
  simple++;
  simple.record(2);
  CHECK(simple.get() == 5 && c->get("x", 2, true) == 5, simple.get());
  Gauge<std::string> g("g", "s");
  g.record(8, "x");
  CHECK(g.get("x") == 8 && g.resolve("x").get() == 8);
  g.resolve("x").record(3);
  Histogram<int> h("h", "i");
  h.record(6, 1);
  h.resolve(1).record(7);
  const std::unique_ptr<Histogram<bool>> more(h.extendAndResolve<bool>(5, "b"));
  more->record(1, false);
  Counter<> plain("plain");
  plain.increment(1);
  CHECK_EQ(names(), "s.x.i.2.b.true.c=5; s.x.g=3; i.1.h=7; i.5.b.false.h=1; plain=1; ");
  CHECK(toMetricTag(MetricTagDescriptor<uint64_t>("n")).tagType == MetricTag::TagType::Int);
  CHECK_EQ(toMetricTag(MetricTagDescriptor<double>("d")).name, "d");
}

TEST(hashes) {
  CHECK_EQ(PairHash()(std::make_pair(1, 2)), PairHash()(std::make_pair(1, 2)));
  CHECK_EQ(Tuple3Hash()(std::make_tuple(1, 2, 3)), Tuple3Hash()(std::make_tuple(1, 2, 3)));
}
