ARG BASE=debian:trixie-slim
FROM ${BASE}
RUN apt-get -o Acquire::Retries=3 update \
 && DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 install -y --no-install-recommends \
      binaryen clang-19 libc++-19-dev-wasm32 libclang-rt-19-dev-wasm32 lld-19 make wasi-libc \
 && rm -rf /var/lib/apt/lists/*
RUN install -d -m 1777 /wasmctl/cache/objects
