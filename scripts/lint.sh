#!/usr/bin/env bash
# The static checks: 'make lint'. All of them run, then the result is told.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
failed=()

# check runs one check; what it prints is shown only if it fails.
check() {
  local name=$1 output
  shift
  echo "lint $name"
  if ! output=$("$@" 2>&1); then
    printf '%s\n' "$output"
    failed+=("$name")
  fi
}

tool() { go tool -modfile=tools/go.mod "$@"; }

formatted() {
  local files
  files=$(tool gofumpt -l .) || return 1
  [ -z "$files" ] && return 0
  printf 'not formatted, run make fmt:\n%s\n' "$files"
  return 1
}

check vet go vet ./...
check "vet tools" go -C tools vet ./...
check staticcheck tool staticcheck ./...
check gofumpt formatted
check "go mod tidy" go mod tidy -diff
check "goreleaser" tool goreleaser check --quiet

if [ ${#failed[@]} -gt 0 ]; then
  echo "lint: failed: ${failed[*]}"
  exit 1
fi
