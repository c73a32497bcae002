# Node.js with npm, and AssemblyScript's packages in npm's cache; sourced by prepare.sh.

node_floor=18

# prepare_node leaves a node and npm on PATH, or returns 1.
prepare_node() {
  if ! node_works && ! { can_install && retry install_packages nodejs npm; }; then
    missing node "install Node.js $node_floor or later with npm"
    return 1
  fi
  if ! node_works; then
    missing node "needs Node.js $node_floor or later with npm, found $(node --version 2>&1)"
    return 1
  fi
  if ! retry warm_npm; then
    missing node "the packages of the AssemblyScript templates could not be fetched"
    return 1
  fi
}

node_works() {
  local version
  have node && have npm && version=$(node --version 2>/dev/null) && version=${version#v} && [ "${version%%.*}" -ge "$node_floor" ]
}

# warm_npm fetches the packages of the templates into npm's cache, so that tests
# install them without the network. It does so again when they change.
warm_npm() {
  local work code stamp="$cache_dir/npm-packages" templates="$root/templates/assemblyscript/any" inputs
  inputs=$(cat "$templates/package.json.tmpl" "$templates/package-lock.json.tmpl" | sha256sum)
  if [ "$(cat "$stamp" 2>/dev/null)" = "$inputs" ] && [ -d "$(npm config get cache 2>/dev/null)" ]; then return 0; fi
  say "fetching AssemblyScript"
  work=$(mktemp -d "$cache_dir/npm.XXXXXX") || return 1
  sed 's/<% .Name %>/sample/' "$templates/package.json.tmpl" >"$work/package.json" &&
    sed 's/<% .Name %>/sample/' "$templates/package-lock.json.tmpl" >"$work/package-lock.json" &&
    (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >"$cache_dir/npm.log" 2>&1)
  code=$?
  [ $code = 0 ] || tail -n 20 "$cache_dir/npm.log" >&2
  rm -rf "$work"
  [ $code != 0 ] || printf '%s\n' "$inputs" >"$stamp"
  return $code
}
