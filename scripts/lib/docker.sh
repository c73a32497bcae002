# A Docker daemon and the images of the tests; sourced by prepare.sh.

base_image=debian:trixie-slim
base_tar="$cache_dir/debian-trixie-slim.tar"
envoy_image="wasmctl-test/envoy:$envoy_version"
dockerd_pid_file="$cache_dir/dockerd.pid"
dockerd_log="$cache_dir/dockerd.log"

# prepare_docker leaves a Docker daemon that answers, or returns 1.
prepare_docker() {
  if docker_answers; then return 0; fi
  if ! can_install; then
    missing docker "no daemon answers; start one"
    return 1
  fi
  if ! install_docker || ! start_dockerd; then
    missing docker "the daemon could not be installed or started"
    return 1
  fi
}

docker_answers() { have docker && timeout 20 docker info >/dev/null 2>&1; }

install_docker() {
  local packages=()
  have dockerd || packages+=(docker.io)
  have iptables || packages+=(iptables)
  if [ ${#packages[@]} -gt 0 ]; then
    retry install_packages "${packages[@]}" || return 1
  fi
  # Newer Debian releases have the client in a package of its own.
  have docker || retry install_packages docker-cli
}

# forget_dead removes the pid files of a daemon that was killed, in an earlier
# run say. dockerd refuses to start when any process, or what is left of one, has
# the number in its file.
forget_dead() {
  local file program
  for file in /var/run/docker.pid /var/run/docker/containerd/containerd.pid; do
    [ -s "$file" ] || continue
    program=$(readlink "/proc/$(cat "$file")/exe" 2>/dev/null) || program=""
    case "$program" in
      */dockerd | */containerd) ;;
      *) rm -f "$file" ;;
    esac
  done
}

# start_dockerd starts the daemon in the background and waits until it answers.
# Its process id is kept: test.sh ends only the daemon that was started here.
start_dockerd() {
  say "starting dockerd (log: $dockerd_log)"
  forget_dead
  setsid dockerd >"$dockerd_log" 2>&1 </dev/null &
  echo $! >"$dockerd_pid_file"
  local second
  for second in $(seq 60); do
    if docker_answers; then return 0; fi
    if ! kill -0 "$(cat "$dockerd_pid_file")" 2>/dev/null; then break; fi
    sleep 1
  done
  say "dockerd does not answer:"
  tail -n 20 "$dockerd_log" >&2
  return 1
}

# prepare_images leaves the base image and the Envoy image in the daemon.
prepare_images() {
  if has_image "$envoy_image" && envoy_image_fresh; then return 0; fi
  if ! has_image "$base_image" && ! pull_base && ! make_base; then
    missing "envoy image" "$base_image can neither be pulled nor made"
    return 1
  fi
  if ! build_envoy_image; then
    missing "envoy image" "it could not be built"
    return 1
  fi
}

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

pull_base() { timeout 120 docker pull --quiet "$base_image" >/dev/null 2>&1; }

# make_base makes the base image out of Debian's signed packages.
make_base() {
  if [ ! -s "$base_tar" ]; then
    can_install || return 1
    local tool packages=()
    for tool in debootstrap gpgv; do
      have "$tool" || packages+=("$tool")
    done
    if [ ${#packages[@]} -gt 0 ]; then
      retry install_packages "${packages[@]}" || return 1
    fi
    say "making $base_image with debootstrap"
    retry bootstrap_base || return 1
  fi
  docker import --change 'CMD ["bash"]' "$base_tar" "$base_image" >/dev/null
}

# bootstrap_base writes $base_tar, without what an image does not need. The
# packages come from where this machine's own come from.
bootstrap_base() {
  local dir
  dir=$(mktemp -d "$cache_dir/trixie.XXXXXX") || return 1
  debootstrap --variant=minbase --force-check-gpg trixie "$dir" $(debian_mirror) >"$cache_dir/debootstrap.log" 2>&1 &&
    slim_base "$dir" &&
    tar -C "$dir" --numeric-owner --one-file-system \
      --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' --exclude='./usr/share/doc/*' \
      --exclude='./usr/share/locale/*' --exclude='./usr/share/man/*' \
      --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' -cf "$base_tar.new" . &&
    mv "$base_tar.new" "$base_tar"
  local code=$?
  [ $code = 0 ] || tail -n 20 "$cache_dir/debootstrap.log" >&2
  rm -rf --one-file-system "$dir" "$base_tar.new"
  return $code
}

# debian_mirror prints the archive that apt uses for Debian's main component, or
# nothing, which means debootstrap's default.
debian_mirror() {
  apt-get indextargets --format '$(REPO_URI) $(LABEL) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    sed -n 's/ Debian main$//p' | head -n 1
}

# slim_base keeps later layers small too: no documentation, no package caches.
slim_base() {
  cat >"$1/etc/dpkg/dpkg.cfg.d/docker" <<'EOF'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/locale/*
EOF
  cat >"$1/etc/apt/apt.conf.d/docker-clean" <<'EOF'
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Apt::AutoRemove::SuggestsImportant "false";
EOF
}

# The image carries the digest of what it was made of, so that a change of
# either makes a new one.
envoy_image_label() { cat "$envoy_path" "$root"/scripts/envoy-image/* | sha256sum | cut -d ' ' -f 1; }

envoy_image_fresh() {
  [ "$(docker image inspect --format '{{index .Config.Labels "wasmctl.inputs"}}' "$envoy_image")" = "$(envoy_image_label)" ]
}

build_envoy_image() {
  say "building $envoy_image"
  local context code
  context=$(mktemp -d "$cache_dir/image.XXXXXX") || return 1
  cp "$root"/scripts/envoy-image/* "$envoy_path" "$context" &&
    DOCKER_BUILDKIT=0 docker build --quiet --label "wasmctl.inputs=$(envoy_image_label)" \
      --tag "$envoy_image" "$context" >/dev/null 2>"$cache_dir/image.log"
  code=$?
  [ $code = 0 ] || cat "$cache_dir/image.log" >&2
  rm -rf "$context"
  return $code
}
