// A filter that uses all of the ABI layer; abi.test.mjs drives it. Each function of
// the layer is reached through a request with the path "/NAME".
import {
  addRootContext,
  callForeignFunction,
  callStatus,
  closeStream,
  Context,
  continueStream,
  Counter,
  currentTimeNanoseconds,
  DataStatus,
  decode,
  done,
  downstreamData,
  effectiveContext,
  encode,
  foreignFunctionArguments,
  Gauge,
  getProperty,
  getPropertyBytes,
  getPropertyInteger,
  getSharedData,
  GrpcCallback,
  grpcCall,
  grpcInitialMetadata,
  grpcMessage,
  GrpcStatus,
  GrpcStream,
  grpcStream,
  grpcTrailingMetadata,
  Header,
  HeadersStatus,
  Histogram,
  httpCall,
  HttpCallback,
  httpCallResponseBody,
  httpCallResponseHeaders,
  httpCallResponseTrailers,
  lastStatus,
  log,
  logCritical,
  logDebug,
  logError,
  logInfo,
  logLevel,
  LogLevel,
  logTrace,
  logWarn,
  MetadataStatus,
  NetworkStatus,
  PeerType,
  pluginConfiguration,
  requestBody,
  requestHeaders,
  requestTrailers,
  responseBody,
  responseHeaders,
  responseTrailers,
  RootContext,
  sendLocalResponse,
  setEffectiveContext,
  setProperty,
  setSharedData,
  setTickPeriod,
  SharedQueue,
  StreamType,
  TrailersStatus,
  upstreamData,
  vmConfiguration,
} from "../assembly/proxy_wasm";

export * from "../assembly/proxy_wasm/exports";

/** Says what happened, with the context in effect. */
function tell(what: string): void {
  logInfo(effectiveContext().toString() + " " + what);
}

function orNull(text: string | null): string {
  return text ? text : "null:" + lastStatus().toString();
}

class Root extends RootContext {
  queue: SharedQueue | null = null;

  onVmStart(size: u32): bool {
    tell("vm start " + size.toString() + " " + orNull(vmConfiguration.text()));
    return true;
  }

  onValidateConfiguration(size: u32): bool {
    tell("validate " + size.toString());
    return size != 13;
  }

  onConfigure(size: u32): bool {
    tell("configure " + size.toString() + " " + orNull(pluginConfiguration.text()));
    setTickPeriod(250);
    this.queue = SharedQueue.register("jobs");
    return true;
  }

  createContext(id: u32): Context {
    return new Stream(id);
  }

  onTick(): void {
    tell("tick");
    const status = setEffectiveContext(2);
    tell("effective " + status.toString() + " " + orNull(requestHeaders.get(":path")));
  }

  onQueueReady(id: u32): void {
    const queue = this.queue;
    if (!queue) return;
    assert(queue.id == id);
    let item = queue.dequeue();
    while (item) {
      tell("job " + decode(item));
      item = queue.dequeue();
    }
    tell("queue " + lastStatus().toString());
  }

  onForeignFunction(func: u32, size: u32): void {
    tell("foreign " + func.toString() + " " + size.toString() + " " + orNull(foreignFunctionArguments.text()));
  }

  onResolveDns(token: u32, size: u32): void {
    tell("dns " + token.toString() + " " + size.toString());
  }

  onStatsUpdate(size: u32): void {
    tell("stats " + size.toString());
  }

  onDone(): bool {
    tell("root done");
    return false;
  }

  onLog(): void {
    done();
  }

  onDelete(): void {
    tell("root delete");
  }
}

class Answer extends HttpCallback {
  constructor(readonly name: string) {
    super();
  }

  onResponse(headers: u32, bodySize: u32, trailers: u32): void {
    const all = headers.toString() + " " + bodySize.toString() + " " + trailers.toString();
    const status = orNull(httpCallResponseHeaders.get(":status"));
    const tail = httpCallResponseTrailers.pairs().length.toString();
    tell("answer " + this.name + " " + all + " " + status + " " + orNull(httpCallResponseBody.text()) + " " + tail);
    continueStream(StreamType.Request);
  }
}

class Unary extends GrpcCallback {
  onInitialMetadata(count: u32): void {
    tell("initial " + count.toString() + " " + orNull(grpcInitialMetadata.get("a")));
  }

  onMessage(size: u32): void {
    tell("message " + size.toString() + " " + orNull(grpcMessage.text()));
  }

  onTrailingMetadata(count: u32): void {
    tell("trailing " + count.toString() + " " + orNull(grpcTrailingMetadata.get("b")));
  }

  onClose(status: i32): void {
    const more = callStatus();
    tell("close " + status.toString() + " " + (more ? more.code.toString() + " " + more.message : "null"));
  }
}

class Chat extends GrpcStream {
  onMessage(size: u32): void {
    tell("chat " + orNull(grpcMessage.text()));
    if (size == 4) this.close();
    if (size == 5) this.cancel();
  }

  onClose(status: i32): void {
    tell("chat closed " + status.toString());
  }
}

class Stream extends Context {
  onRequestHeaders(count: u32, endOfStream: bool): HeadersStatus {
    const path = orNull(requestHeaders.get(":path"));
    tell("request " + count.toString() + " " + (endOfStream ? "end" : "more"));
    return this.run(path);
  }

  private run(path: string): HeadersStatus {
    if (path == "/headers") {
      requestHeaders.add("ä", "€😀");
      requestHeaders.set("x", "1");
      requestHeaders.remove("y");
      tell("z " + orNull(requestHeaders.get("z")) + " size " + requestHeaders.byteSize().toString());
      const raw = requestHeaders.getBytes("raw");
      tell("raw " + (raw ? raw.byteLength.toString() : "null"));
      const pairs = requestHeaders.pairs();
      pairs.push(new Header("last", ""));
      tell("set " + requestHeaders.setPairs(pairs).toString() + " " + responseHeaders.setPairs([]).toString());
    } else if (path == "/local") {
      sendLocalResponse(403, encode("no"), [new Header("a", "b")], GrpcStatus.PermissionDenied, "because");
      return HeadersStatus.StopIteration;
    } else if (path == "/local-least") {
      sendLocalResponse(204);
      return HeadersStatus.StopIteration;
    } else if (path == "/call") {
      return this.call("one", "cluster");
    } else if (path == "/calls") {
      this.call("one", "cluster");
      this.call("two", "cluster");
      return this.call("three", "cluster");
    } else if (path == "/call-bad") {
      const status = httpCall("cluster", [], null, 5, new Answer("bad"));
      tell("called " + status.toString());
    } else if (path == "/grpc") {
      const meta = [new Header("m", "n")];
      const status = grpcCall("cluster", "pkg.Service", "Method", encode("hello"), 700, new Unary(), meta);
      tell("called " + status.toString());
    } else if (path == "/chat") {
      const chat = new Chat();
      tell("called " + grpcStream("cluster", "pkg.Service", "Chat", chat).toString());
      chat.send(encode("one"));
      chat.send(encode("two"), true);
    } else if (path == "/properties") {
      tell("set " + setProperty(["my", "state"], encode("value")).toString());
      tell(orNull(getProperty(["source", "address"])) + " " + orNull(getProperty(["no", "such"])));
      const bytes = getPropertyBytes(["my", "state"]);
      tell((bytes ? decode(bytes) : "null") + " " + getPropertyInteger(["response", "code"]).toString());
      tell(getPropertyInteger(["no"], -7).toString() + " " + getPropertyInteger(["true"]).toString());
    } else if (path == "/shared") {
      tell(getSharedData("k") ? "there" : "null:" + lastStatus().toString());
      tell("set " + setSharedData("k", encode("v1")).toString());
      const data = getSharedData("k");
      if (data) {
        tell(decode(data.value) + " " + data.cas.toString());
        tell("swap " + setSharedData("k", encode("v2"), data.cas).toString());
        tell("swap " + setSharedData("k", encode("v3"), data.cas).toString());
      }
    } else if (path == "/queues") {
      const queue = SharedQueue.resolve("", "jobs");
      if (queue) tell("put " + queue.enqueue(encode("a")).toString() + queue.enqueue(encode("b")).toString());
      tell(SharedQueue.resolve("other", "none") ? "there" : "null:" + lastStatus().toString());
    } else if (path == "/metrics") {
      const counter = new Counter("c");
      const gauge = new Gauge("g");
      const histogram = new Histogram("h");
      counter.increment();
      counter.increment(4);
      tell("less " + counter.increment(-1).toString());
      gauge.set(10);
      gauge.add(-3);
      histogram.record(99);
      tell(counter.value().toString() + " " + gauge.value().toString() + " " + counter.status.toString());
      tell(histogram.value().toString() + " " + lastStatus().toString());
    } else if (path == "/host") {
      tell(currentTimeNanoseconds().toString() + " " + logLevel().toString());
      const result = callForeignFunction("double", encode("ab"));
      tell(
        (result ? decode(result) : "null") + " " + (callForeignFunction("none") ? "there" : lastStatus().toString()),
      );
      closeStream(StreamType.Downstream);
    } else if (path == "/levels") {
      logTrace("t");
      logDebug("d");
      logWarn("w");
      logError("e");
      logCritical("c");
      log(LogLevel.Info, "");
    } else if (path == "/globals") {
      console.log("log");
      console.debug("debug");
      console.error("error");
      console.warn("warn");
      trace("trace", 2, 1.5, -2);
      tell(Math.random() < 1 ? "random" : "not");
    } else if (path == "/throw") {
      throw new Error("on purpose: ä");
    } else if (path == "/garbage") {
      let text = "";
      for (let i = 0; i < 200; i++) text += "0123456789";
      return text.length == 2000 ? HeadersStatus.Continue : HeadersStatus.StopIteration;
    }
    return HeadersStatus.Continue;
  }

  private call(name: string, cluster: string): HeadersStatus {
    const headers = [new Header(":method", "GET"), new Header(":path", "/auth"), new Header(":authority", "auth")];
    const status = httpCall(cluster, headers, encode("body of " + name), 1500, new Answer(name), [
      new Header("t", "u"),
    ]);
    tell("called " + status.toString());
    return HeadersStatus.StopIteration;
  }

  onRequestBody(size: u32, endOfStream: bool): DataStatus {
    const all = orNull(requestBody.text());
    const part = orNull(requestBody.text(1, 2));
    tell("body " + size.toString() + " " + all + " " + part + " " + requestBody.size().toString());
    requestBody.prepend(encode("<"));
    requestBody.append(encode(">"));
    tell("replace " + requestBody.replace(0, 2, encode("[")).toString());
    return endOfStream ? DataStatus.Continue : DataStatus.StopIterationAndBuffer;
  }

  onRequestTrailers(count: u32): TrailersStatus {
    tell("trailers " + count.toString() + " " + orNull(requestTrailers.get("t")));
    return TrailersStatus.StopIteration;
  }

  onRequestMetadata(count: u32): MetadataStatus {
    tell("metadata " + count.toString());
    return MetadataStatus.Continue;
  }

  onResponseHeaders(count: u32, endOfStream: bool): HeadersStatus {
    tell("response " + orNull(responseHeaders.get(":status")));
    return HeadersStatus.StopAllIterationAndBuffer;
  }

  onResponseBody(size: u32, endOfStream: bool): DataStatus {
    responseBody.setText("new: " + orNull(responseBody.text()));
    return DataStatus.StopIterationNoBuffer;
  }

  onResponseTrailers(count: u32): TrailersStatus {
    tell("response trailers " + orNull(responseTrailers.get("t")));
    return TrailersStatus.Continue;
  }

  onResponseMetadata(count: u32): MetadataStatus {
    tell("response metadata " + count.toString());
    return MetadataStatus.Continue;
  }

  onNewConnection(): NetworkStatus {
    tell("connection");
    return NetworkStatus.StopIteration;
  }

  onDownstreamData(size: u32, endOfStream: bool): NetworkStatus {
    tell("downstream " + orNull(downstreamData.text()));
    return NetworkStatus.Continue;
  }

  onUpstreamData(size: u32, endOfStream: bool): NetworkStatus {
    tell("upstream " + orNull(upstreamData.text()));
    return NetworkStatus.Continue;
  }

  onDownstreamClose(peer: PeerType): void {
    tell("downstream closed " + peer.toString());
  }

  onUpstreamClose(peer: PeerType): void {
    tell("upstream closed " + peer.toString());
  }

  onDone(): bool {
    tell("done");
    return true;
  }

  onLog(): void {
    tell("log");
  }

  onDelete(): void {
    tell("delete");
  }
}

class Other extends RootContext {
  onConfigure(size: u32): bool {
    tell("other");
    return true;
  }

  createContext(id: u32): Context {
    return new Context(id);
  }
}

function newRoot(id: u32): RootContext {
  return new Root(id);
}

function newOther(id: u32): RootContext {
  return new Other(id);
}

addRootContext("", newRoot);
addRootContext("other", newOther);
