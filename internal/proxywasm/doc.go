// Package proxywasm runs proxy-wasm filters: it is the host side of the
// proxy-wasm ABI 0.1.0, 0.2.0 and 0.2.1 on the wazero runtime, and it behaves as Envoy
// does, also where Envoy differs from the specification. It knows no HTTP
// stack: a data plane drives a [Stream] callback by callback and answers the
// filter's requests for headers, bodies and properties through [StreamHost].
//
// The way is Engine (one a process) → Program (one a module, compiled) → Plugin
// (one VM with one root context) → Stream (one HTTP exchange).
//
// https://github.com/proxy-wasm/spec/blob/main/abi-versions/v0.2.1/README.md
package proxywasm
