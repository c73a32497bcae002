// Drives abi.ts through the ABI: each function and callback of the layer.
import assert from "node:assert/strict";
import { test } from "node:test";

import { compile } from "./compile.mjs";
import { bytes, Host, text } from "./host.mjs";

const runtime = process.env.ABI_RUNTIME;
const globals = ["console", "seed", "trace"].flatMap((name) => [
  "--use",
  `${name}=assembly/proxy_wasm/globals/${name}`,
]);
const module = await compile("tests/abi.ts", [...globals, ...(runtime ? ["--runtime", runtime] : [])]);

const load = (options) => Host.load(module, { configuration: "config", vmConfiguration: "vm ä", ...options });

/** Sends a request with a path; what it logs besides the line about the request. */
async function run(path, prepare = (host) => host) {
  const host = await load({ prepare });
  host.logs = [];
  const stream = host.request([[":path", path]]);
  return { host, stream, lines: lines(host).slice(1) };
}

function lines(host) {
  const all = host.logs.map((l) => l.text);
  host.logs = [];
  return all;
}

test("imports are those of the ABI and all of them", async () => {
  const offered = Object.keys(new Host().imports()).sort();
  const imports = WebAssembly.Module.imports(module);
  assert.ok(imports.every((i) => i.module === "env" && i.kind === "function"));
  assert.deepEqual(imports.map((i) => i.name).sort(), offered);
});

test("start", async () => {
  const host = await load();
  assert.ok(host.started);
  assert.deepEqual(lines(host), ["1 vm start 5 vm ä", "1 configure 6 config"]);
  assert.equal(host.tickPeriod, 250);
  assert.equal(host.call("proxy_validate_configuration", 1, 13), 0);
  assert.equal(host.call("proxy_validate_configuration", 1, 12), 1);
  host.call("proxy_on_resolve_dns", 1, 2, 3);
  host.call("proxy_on_stats_update", 1, 4);
  host.global.foreignFunctionArguments = bytes("args");
  host.call("proxy_on_foreign_function", 1, 7, 4);
  assert.deepEqual(lines(host).slice(2), ["1 dns 2 3", "1 stats 4", "1 foreign 7 4 args"]);
});

test("without configurations", async () => {
  const host = await load({ configuration: "", vmConfiguration: "" });
  assert.deepEqual(lines(host), ["1 vm start 0 ", "1 configure 0 "]);
});

test("several filters in a module", async () => {
  const host = await load({ prepare: (h) => h.properties.set("plugin_root_id", bytes("other")) });
  assert.deepEqual(lines(host), ["1 other"]);
  await assert.rejects(
    load({ prepare: (h) => h.properties.set("plugin_root_id", bytes("none")) }),
    WebAssembly.RuntimeError,
  );
});

test("the end of the root context", async () => {
  const host = await load();
  lines(host);
  assert.equal(host.call("proxy_on_done", 1), 0);
  host.call("proxy_on_log", 1);
  assert.deepEqual(host.actions, [["done", 1]]);
  host.call("proxy_on_delete", 1);
  assert.deepEqual(lines(host), ["1 root done", "1 root delete"]);
});

test("headers", async () => {
  const host = await load();
  host.contexts.set(9, {});
  const stream = host.request([
    [":path", "/headers"],
    ["y", "1"],
    ["x", "0"],
    ["Y", "2"],
    ["raw", "ä"],
  ]);
  assert.deepEqual(stream.requestHeaders, [
    [":path", "/headers"],
    ["x", "1"],
    ["raw", "ä"],
    ["ä", "€😀"],
    ["last", ""],
  ]);
  assert.deepEqual(lines(host).slice(3), ["2 z null:1 size 29", "2 raw 2", "2 set 0 2"]);
});

test("many headers", async () => {
  const host = await load();
  const many = Array.from({ length: 500 }, (_, i) => [`name-${i}`, "v".repeat(i)]);
  const stream = host.request([[":path", "/headers"], ...many]);
  assert.deepEqual(stream.requestHeaders.slice(1, 501), many);
});

test("bodies", async () => {
  const host = await load();
  const stream = host.request([[":path", "/"]], { body: "abc" });
  assert.equal(text(stream.requestBody), "[bc>");
  assert.equal(stream.bodyAction, 0);
  host.response(stream, [[":status", "200"]], { body: "old" });
  assert.equal(stream.action, 3);
  assert.equal(stream.bodyAction, 3);
  assert.equal(text(stream.responseBody), "new: old");
  assert.deepEqual(lines(host).slice(3), ["2 body 3 abc bc 3", "2 replace 0", "2 response 200"]);
  host.requestBody(stream, "x", false);
  assert.equal(stream.bodyAction, 1);
});

test("trailers, metadata, the end of a stream", async () => {
  const host = await load();
  const stream = host.request([[":path", "/"]]);
  lines(host);
  stream.requestTrailers = [["t", "1"]];
  stream.responseTrailers = [["t", "2"]];
  assert.equal(host.call("proxy_on_request_trailers", 2, 1), 1);
  assert.equal(host.call("proxy_on_response_trailers", 2, 1), 0);
  assert.equal(host.call("proxy_on_request_metadata", 2, 3), 0);
  assert.equal(host.call("proxy_on_response_metadata", 2, 4), 0);
  host.end(stream);
  assert.deepEqual(lines(host), [
    "2 trailers 1 1",
    "2 response trailers 2",
    "2 metadata 3",
    "2 response metadata 4",
    "2 log",
    "2 done",
    "2 delete",
  ]);
  assert.throws(() => host.call("proxy_on_log", 2), WebAssembly.RuntimeError, "the context is still there");
});

test("TCP", async () => {
  const host = await load();
  lines(host);
  const id = host.create(host.root);
  Object.assign(host.contexts.get(id), { downstreamData: bytes("down"), upstreamData: bytes("up") });
  assert.equal(host.call("proxy_on_new_connection", id), 1);
  assert.equal(host.call("proxy_on_downstream_data", id, 4, 0), 0);
  assert.equal(host.call("proxy_on_upstream_data", id, 2, 1), 0);
  host.call("proxy_on_downstream_connection_close", id, 2);
  host.call("proxy_on_upstream_connection_close", id, 1);
  assert.deepEqual(lines(host), [
    "2 connection",
    "2 downstream down",
    "2 upstream up",
    "2 downstream closed 2",
    "2 upstream closed 1",
  ]);
});

test("local responses", async () => {
  const full = await run("/local");
  assert.deepEqual(full.stream.localResponse, {
    code: 403,
    details: "because",
    body: "no",
    headers: [["a", "b"]],
    grpcStatus: 7,
  });
  assert.equal(full.stream.action, 1);
  const least = await run("/local-least");
  assert.deepEqual(least.stream.localResponse, { code: 204, details: "", body: "", headers: [], grpcStatus: -1 });
});

test("an HTTP callout", async () => {
  const { host, stream } = await run("/call");
  assert.equal(stream.action, 1);
  const [call] = host.calls;
  assert.deepEqual(
    { ...call, token: 0 },
    {
      kind: "http",
      upstream: "cluster",
      headers: [
        [":method", "GET"],
        [":path", "/auth"],
        [":authority", "auth"],
      ],
      body: "body of one",
      trailers: [["t", "u"]],
      timeout: 1500,
      token: 0,
      context: 2,
    },
  );
  host.answer(
    call,
    [
      [":status", "200"],
      ["a", "b"],
    ],
    "yes",
    [["x", "y"]],
  );
  assert.deepEqual(lines(host).slice(-1), ["2 answer one 2 3 1 200 yes 1"]);
  assert.deepEqual(host.actions, [["continue", 0]]);
  host.answer(call, [[":status", "200"]]);
  assert.deepEqual(lines(host), [], "the same answer twice");
});

test("callouts that fail, come in another order, or come too late", async () => {
  const { host, stream } = await run("/calls");
  lines(host);
  const [one, two, three] = host.calls;
  host.answer(two, null);
  host.answer(three, [[":status", "503"]], "");
  assert.deepEqual(lines(host), ["2 answer two 0 0 0 null:1  0", "2 answer three 1 0 0 503  0"]);
  host.end(stream);
  lines(host);
  host.answer(one, [[":status", "200"]]);
  assert.deepEqual(lines(host), []);
  const { lines: bad } = await run("/call-bad");
  assert.deepEqual(bad, ["2 called 2"]);
});

test("a gRPC call", async () => {
  const { host } = await run("/grpc");
  const [call] = host.calls;
  assert.deepEqual(
    { ...call, message: text(call.message), token: 0 },
    {
      kind: "grpc call",
      upstream: "cluster",
      service: "pkg.Service",
      method: "Method",
      metadata: [["m", "n"]],
      message: "hello",
      timeout: 700,
      token: 0,
      context: 2,
    },
  );
  lines(host);
  Object.assign(host.global, {
    grpcInitialMetadata: [["a", "1"]],
    grpcTrailingMetadata: [["b", "2"]],
    grpcMessage: bytes("reply"),
  });
  host.call("proxy_on_grpc_receive_initial_metadata", 1, call.token, 1);
  host.call("proxy_on_grpc_receive_trailing_metadata", 1, call.token, 1);
  host.call("proxy_on_grpc_receive", 1, call.token, 5);
  host.call("proxy_on_grpc_receive", 1, call.token, 5);
  assert.deepEqual(lines(host), ["2 initial 1 1", "2 trailing 1 2", "2 message 5 reply"]);
});

test("a gRPC call that fails", async () => {
  const { host } = await run("/grpc");
  lines(host);
  host.callStatus = { code: 14, message: "no route" };
  host.call("proxy_on_grpc_close", 1, host.calls[0].token, 14);
  host.call("proxy_on_grpc_close", 1, host.calls[0].token, 14);
  assert.deepEqual(lines(host), ["2 close 14 14 no route"]);
});

test("a gRPC stream", async () => {
  const { host } = await run("/chat");
  const [call] = host.calls;
  assert.deepEqual(
    call.sent.map((s) => [text(s.message), s.end]),
    [
      ["one", false],
      ["two", true],
    ],
  );
  lines(host);
  const receive = (message) => {
    host.global.grpcMessage = bytes(message);
    host.call("proxy_on_grpc_receive", 1, call.token, message.length);
  };
  receive("a");
  receive("b");
  receive("four");
  assert.deepEqual(host.actions, [["grpc close", call.token]]);
  host.call("proxy_on_grpc_close", 1, call.token, 0);
  receive("late");
  assert.deepEqual(lines(host), ["2 chat a", "2 chat b", "2 chat four", "2 chat closed 0"]);
});

test("a gRPC stream that is cancelled", async () => {
  const { host } = await run("/chat");
  lines(host);
  const { token } = host.calls[0];
  host.global.grpcMessage = bytes("fives");
  host.call("proxy_on_grpc_receive", 1, token, 5);
  host.call("proxy_on_grpc_close", 1, token, 1);
  assert.deepEqual(lines(host), ["2 chat fives"]);
  assert.deepEqual(host.actions, [["grpc cancel", token]]);
});

test("properties", async () => {
  const { lines: got, host } = await run("/properties", (h) => {
    h.properties.set("source.address", bytes("1.2.3.4:5"));
    h.properties.set("response.code", new Uint8Array([0x94, 1, 0, 0, 0, 0, 0, 0]));
    h.properties.set("true", new Uint8Array([1]));
  });
  assert.deepEqual(got, ["2 set 0", "2 1.2.3.4:5 null:1", "2 value 404", "2 -7 1"]);
  assert.equal(text(host.properties.get("my.state")), "value");
});

test("shared data", async () => {
  const { lines: got, host } = await run("/shared");
  assert.deepEqual(got, ["2 null:1", "2 set 0", "2 v1 1", "2 swap 0", "2 swap 8"]);
  assert.equal(text(host.shared.get("k").value), "v2");
});

test("queues", async () => {
  const { lines: got, host } = await run("/queues");
  assert.deepEqual(got, ["2 put 00", "2 null:1"]);
  lines(host);
  host.call("proxy_on_queue_ready", 1, 1);
  assert.deepEqual(lines(host), ["1 job a", "1 job b", "1 queue 7"]);
});

test("metrics", async () => {
  const { lines: got, host } = await run("/metrics");
  assert.deepEqual(got, ["2 less 2", "2 5 7 0", "2 0 2"]);
  assert.deepEqual(
    [...host.metrics.values()].map((m) => [m.type, m.name, m.value]),
    [
      [0, "c", 5n],
      [1, "g", 7n],
      [2, "h", 99n],
    ],
  );
});

test("time, log level, foreign functions, closing", async () => {
  const { lines: got, host } = await run("/host", (h) => {
    h.logLevel = 3;
    h.foreign.set("double", (b) => bytes(text(b).repeat(2)));
  });
  assert.deepEqual(got, ["2 1700000000000000000 3", "2 abab 1"]);
  assert.deepEqual(host.actions, [["close", 2]]);
});

test("levels of the log", async () => {
  const host = await load();
  host.logs = [];
  host.request([[":path", "/levels"]]);
  assert.deepEqual(
    host.logs.slice(1).map((l) => [l.level, l.text]),
    [
      [0, "t"],
      [1, "d"],
      [3, "w"],
      [4, "e"],
      [5, "c"],
      [2, ""],
    ],
  );
});

test("globals", async () => {
  const host = await load();
  host.logs = [];
  host.request([[":path", "/globals"]]);
  assert.deepEqual(
    host.logs.slice(1).map((l) => [l.level, l.text]),
    [
      [2, "log"],
      [1, "debug"],
      [4, "error"],
      [3, "warn"],
      [0, "trace 1.5 -2.0"],
      [2, "2 random"],
    ],
  );
});

test("ticks, and another context in effect", async () => {
  const { host } = await run("/tick");
  lines(host);
  host.call("proxy_on_tick", 1);
  assert.deepEqual(lines(host), ["1 tick", "2 effective 0 /tick"]);
});

test("abort says why before it traps", async () => {
  const host = await load();
  assert.throws(() => host.request([[":path", "/throw"]]), WebAssembly.RuntimeError);
  const last = host.logs.at(-1);
  assert.equal(last.level, 5);
  assert.match(last.text, /^abort: on purpose: ä at tests\/abi\.ts:\d+:\d+$/);
});

test("nothing leaks", async (t) => {
  if (runtime === "stub") return t.skip("the runtime stub never frees");
  const host = await load();
  const names = ["/garbage", "/headers", "/call", "/grpc", "/shared", "/metrics"];
  const turn = (requests) => {
    for (let i = 0; i < requests; i++) {
      const stream = host.request(
        [
          [":path", names[i % names.length]],
          ["a", "b".repeat(i % 100)],
        ],
        { body: "body" },
      );
      if (stream.id % 12 === 2) host.answer(host.calls[0] ?? { token: 0 }, [[":status", "200"]], "x");
      host.response(stream, [[":status", "200"]], { body: "c".repeat(i % 1000) });
      host.end(stream);
      host.logs = [];
      host.calls = [];
      host.actions = [];
      host.metrics.clear();
    }
    return host.memory.byteLength;
  };
  const settled = turn(10_000);
  assert.ok(settled <= 1 << 20, `${settled} bytes`);
  assert.equal(turn(runtime ? 10_000 : 90_000), settled);
});

test("a large body is freed", async () => {
  if (runtime === "stub") return;
  const host = await load();
  const sizes = [];
  for (let i = 0; i < 60; i++) {
    const stream = host.request([[":path", "/"]], { body: "x".repeat(1 << 20) });
    host.end(stream);
    host.logs = [];
    sizes.push(host.memory.byteLength);
  }
  assert.equal(sizes.at(-1), sizes[5], sizes.join());
});
