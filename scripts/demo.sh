#!/usr/bin/env bash
# From nothing to a filtered response, on a machine that has only Go: 'make demo'.
# All it makes is in a temporary folder, which is removed at the end, and in bin/.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

header=x-wasm-filter
work=$(mktemp -d)
host=""
finish() {
  if [ -n "$host" ]; then
    kill "$host" 2>/dev/null || true
    wait "$host" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# step shows a command as a person would type it, then runs it.
step() {
  printf '\n$ %s\n' "$*"
  "$@"
}

printf 'Building wasmctl. The first time, Go fetches what it needs.\n'
make --no-print-directory -s -C "$root" build
go -C "$root/tools" build -o "$work/" ./httpget
export PATH="$root/bin:$work:$PATH" WASMCTL_HOME="$work/home"
cd "$work"

step wasmctl version
step wasmctl init my-filter --language go --template http-headers --yes
step wasmctl build my-filter

printf '\n$ wasmctl run my-filter &\n'
wasmctl run my-filter --listen 127.0.0.1:0 --admin 127.0.0.1:0 2>run.log &
host=$!
until grep -q '^Listening on ' run.log; do
  kill -0 "$host" 2>/dev/null || { cat run.log; exit 1; }
  sleep 0.1
done
cat run.log
address=$(sed -n 's#^Listening on http://\([^ ]*\) with .*#\1#p' run.log)

printf '\n$ GET http://%s/hello\n' "$address"
httpget "http://$address/hello" | tee response

# The demo is also a test: the header must be there.
if ! grep -qi "^$header:" response; then
  printf '\nThe response does not carry the header of the filter (%s).\n' "$header" >&2
  exit 1
fi
printf '\nThe filter set this header of the response: %s\n' "$(grep -i "^$header:" response)"
