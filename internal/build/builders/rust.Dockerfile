ARG BASE=debian:trixie-slim
FROM ${BASE}
# The compiler looks for its linker under the name rust-lld. What only WASI and
# tests of the compiler need is left out.
RUN apt-get -o Acquire::Retries=3 update \
 && DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 install -y --no-install-recommends \
      binaryen ca-certificates cargo libstd-rust-dev-wasm32 lld-19 rustc \
 && ln -s wasm-ld-19 /usr/bin/rust-lld \
 && rm -rf /usr/lib/rustlib/wasm32-wasip2 /usr/lib/rustlib/wasm32-wasip1 /usr/lib/rustlib/*/lib/libtest-*.rlib \
 && rm -rf /var/lib/apt/lists/*
RUN install -d -m 1777 /wasmctl/cache/cargo /wasmctl/cache/target
