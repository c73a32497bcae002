# Shared by the scripts of this folder; sourced, never run.

# cache_dir is where downloads and finished pieces are kept between runs. It is
# outside of the working tree, so that every clone profits from it.
cache_dir="${WASMCTL_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wasmctl-test}"

# say tells a person what goes on; stdout stays free for results.
say() { printf '%s\n' "prepare: $*" >&2; }

# missing notes that a component cannot be had here. With CI=true that is an
# error at once, since nothing may be skipped there.
missing() {
  say "MISSING $1: $2"
  if [ "${CI:-}" = true ]; then
    exit 1
  fi
}

have() { command -v "$1" >/dev/null 2>&1; }

# can_install says whether Debian packages can be installed without a person.
can_install() { [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && have apt-get; }

# install_packages installs Debian packages. The lists are refreshed once a run.
install_packages() {
  say "installing $*"
  if [ -z "${apt_updated:-}" ]; then
    apt_get update
    apt_updated=1
  fi
  apt_get install --no-install-recommends "$@"
}

# apt_get is quiet unless it fails, and never asks.
apt_get() {
  local log="$cache_dir/apt.log"
  DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1 </dev/null || {
    tail -n 30 "$log" >&2
    return 1
  }
}

# retry calls a command up to three times: networks fail for a moment.
retry() {
  local attempt
  for attempt in 1 2 3; do
    if "$@"; then return 0; fi
    say "attempt $attempt failed: $*"
    sleep $((attempt * 3))
  done
  return 1
}
