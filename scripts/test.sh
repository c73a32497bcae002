#!/usr/bin/env bash
# Prepares what the tests need and runs everything: 'make test'. With CI=true a
# skipped test is a failure. A Docker daemon that was started for the tests is
# ended with them.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
. scripts/lib/common.sh

# stop_dockerd ends the daemon that prepare.sh started, if it did.
stop_dockerd() {
  local file="$cache_dir/dockerd.pid" pid
  [ -s "$file" ] || return 0
  pid=$(cat "$file")
  rm -f "$file"
  if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]; then
    say "stopping dockerd"
    kill "$pid"
    for _ in $(seq 30); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 1
    done
  fi
}
trap stop_dockerd EXIT

scripts/prepare.sh .cache/test.env
. .cache/test.env

flags=(-timeout 20m)
if [ "${WASMCTL_TEST_RACE:-}" = 1 ]; then
  flags+=(-race)
fi

# A failed part does not keep the others from running: one run tells everything.
failed=()
part() {
  local name=$1
  shift
  echo "== $name"
  SECONDS=0
  "$@" </dev/null || failed+=("$name")
  echo "== $name: $SECONDS s"
}

part "static checks" scripts/lint.sh
# Each system and each architecture once; a release builds all six.
part "platforms" make --no-print-directory cross TARGETS="linux/arm64 darwin/arm64 windows/amd64"
part "tests of the tools" go -C tools test ./...
# A fresh run each time: results of tests against real components do not keep.
part "tests" go -C tools run ./gotest -C "$root" -- "${flags[@]}" -count=1 ./...

if [ ${#failed[@]} -gt 0 ]; then
  printf 'failed: %s\n' "${failed[@]}"
  exit 1
fi
