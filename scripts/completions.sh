#!/usr/bin/env bash
# Writes the shell completions of wasmctl into a folder:
#
#   scripts/completions.sh DIR
#
# The archives of a release carry them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dir=${1:?usage: completions.sh DIR}
mkdir -p "$dir"
go run ./cmd/wasmctl completion bash >"$dir/wasmctl.bash"
go run ./cmd/wasmctl completion zsh >"$dir/_wasmctl"
go run ./cmd/wasmctl completion fish >"$dir/wasmctl.fish"
go run ./cmd/wasmctl completion powershell >"$dir/wasmctl.ps1"
