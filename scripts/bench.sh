#!/usr/bin/env bash
# Builds what the benchmarks compare, then writes docs/benchmarks.md: 'make bench'.
# Arguments go to the benchmark program: scripts/bench.sh -only start
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin="$PWD/.cache/bench"
mkdir -p "$bin"

# As in a release.
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$bin/" ./cmd/wasmctl
CGO_ENABLED=0 go -C bench/oras build -trimpath -ldflags '-s -w' -o "$bin/" oras.land/oras/cmd/oras
go build -o "$bin/bench" ./bench

if [ -z "${WASMCTL_TEST_ENVOY:-}" ] || [ -z "${WASMCTL_TEST_RUST:-}" ]; then
  [ -s .cache/test.env ] || scripts/prepare.sh .cache/test.env
  . .cache/test.env
fi
# The Rust toolchain with the WebAssembly target comes first.
PATH=${WASMCTL_TEST_RUST:+$WASMCTL_TEST_RUST:}$PATH
: "${WASMCTL_TEST_ENVOY:?an Envoy is needed to compare with}"

if [ $# = 0 ]; then
  set -- -out docs/benchmarks.md -notes bench/notes.md
fi
exec "$bin/bench" -wasmctl "$bin/wasmctl" -oras "$bin/oras" -envoy "$WASMCTL_TEST_ENVOY" "$@"
