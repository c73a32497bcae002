#!/usr/bin/env bash
# Prepares the real components that the tests run against: a C compiler for the
# race detector, an Envoy, a Docker daemon and an Envoy image. It writes what it
# has into an environment file, which test.sh reads:
#
#   scripts/prepare.sh ENV_FILE
#
# As root on Debian it installs what is missing. Elsewhere it says what is
# missing, and the tests that need it are skipped; with CI=true it fails instead.
# It may be run again at any time: what is there is kept, and downloads are
# cached in ~/.cache/wasmctl-test, or in $WASMCTL_TEST_CACHE.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
env_file=${1:?usage: prepare.sh ENV_FILE}

. "$root/scripts/lib/common.sh"
mkdir -p "$cache_dir" "$(dirname "$env_file")"
. "$root/scripts/lib/envoy.sh"
. "$root/scripts/lib/docker.sh"
. "$root/scripts/lib/rust.sh"
. "$root/scripts/lib/cpp.sh"
. "$root/scripts/lib/binaryen.sh"
. "$root/scripts/lib/node.sh"

# prepare_cc gets the compiler that cgo, and so the race detector, needs.
prepare_cc() {
  if have gcc || have cc || have clang; then return 0; fi
  if can_install && retry install_packages gcc libc6-dev; then return 0; fi
  missing "C compiler" "the race detector needs one; install gcc"
  return 1
}

# prepare_small_tools gets what the guides and scripts call by the way.
prepare_small_tools() {
  local tool packages=()
  for tool in git curl; do
    have "$tool" || packages+=("$tool")
  done
  if [ ${#packages[@]} = 0 ]; then return 0; fi
  if can_install && retry install_packages "${packages[@]}"; then return 0; fi
  missing "${packages[*]}" "install them"
}

# export_line writes one variable, in a form that a shell reads back as it is.
export_line() { printf 'export %s=%q\n' "$1" "$2"; }

main() {
  local lines=""
  prepare_small_tools || true
  if prepare_cc; then
    lines+=$(export_line WASMCTL_TEST_RACE 1)$'\n'
  fi
  if [ -n "${WASMCTL_TEST_ENVOY:-}" ]; then envoy_path=$WASMCTL_TEST_ENVOY; fi
  if prepare_envoy; then
    lines+=$(export_line WASMCTL_TEST_ENVOY "$envoy_path")$'\n'
  fi
  if prepare_docker; then
    lines+=$(export_line WASMCTL_TEST_DOCKER 1)$'\n'
    if [ -x "$envoy_path" ] && prepare_images; then
      lines+=$(export_line WASMCTL_TEST_ENVOY_IMAGE "$envoy_image")$'\n'
    fi
  fi
  if prepare_rust; then
    lines+=$(export_line WASMCTL_TEST_RUST "$rust_bin")$'\n'
  fi
  if prepare_cpp; then
    lines+=$(export_line WASMCTL_TEST_CPP "$cpp_path")$'\n'
  fi
  if prepare_binaryen; then
    lines+=$(export_line WASMCTL_TEST_BINARYEN "$wasm_opt_path")$'\n'
  fi
  if prepare_node; then
    lines+=$(export_line WASMCTL_TEST_NODE 1)$'\n'
  fi
  printf '%s' "$lines" >"$env_file"
  say "ready: $(sed 's/^export //' "$env_file" | tr '\n' ' ')"
}

main
