# A Rust toolchain that compiles for wasm32-unknown-unknown; sourced by prepare.sh.
#
# People get the standard library for WebAssembly with 'rustup target add'. That
# downloads from outside of the package registries, so the tests do not depend on
# it: where no such toolchain is there, Debian's compiler is used, with Debian's
# standard library for WebAssembly where that is recent enough, else with one
# that is compiled here, once, from Debian's sources.

rust_target=wasm32-unknown-unknown
rust_home="$cache_dir/rust"
rust_bin="$rust_home/bin"

# prepare_rust leaves a folder with cargo and rustc at $rust_bin, or returns 1.
# With that folder first on PATH they are a toolchain like any other.
prepare_rust() {
  if have cargo && have rustc && rust_compiles cargo; then
    rust_bin=$(dirname "$(command -v cargo)")
    return 0
  fi
  if [ "$(cat "$rust_home/made-from" 2>/dev/null)" = "$(rust_inputs)" ] && rust_compiles "$rust_bin/cargo"; then
    return 0
  fi
  if ! can_install; then
    missing rust "install Rust and 'rustup target add $rust_target'"
    return 1
  fi
  if ! install_rust || ! make_rust; then
    missing rust "the toolchain could not be installed or made"
    return 1
  fi
  if ! rust_compiles "$rust_bin/cargo"; then
    missing rust "the toolchain at $rust_home does not compile for $rust_target: $(tail -n 5 "$cache_dir/rust-try.log")"
    return 1
  fi
}

# rust_compiles tells whether the cargo compiles and links a library for
# WebAssembly: it needs the standard library and a linker.
rust_compiles() {
  local work code
  work=$(mktemp -d "$cache_dir/rust-try.XXXXXX") || return 1
  mkdir "$work/src" &&
    printf '[package]\nname = "probe"\nversion = "0.0.0"\nedition = "2021"\n[lib]\ncrate-type = ["cdylib"]\n' >"$work/Cargo.toml" &&
    printf '#[no_mangle]\npub extern "C" fn f(n: usize) -> usize { vec![n; n].len() }\n' >"$work/src/lib.rs" &&
    (cd "$work" && timeout 120 "$1" build --quiet --offline --target "$rust_target") >"$cache_dir/rust-try.log" 2>&1
  code=$?
  rm -rf "$work"
  return $code
}

# install_rust installs Debian's compiler: the one of the release where the
# release has a standard library for WebAssembly of Rust 1.71 or later, else the
# newer one that Debian keeps for its browsers, with its sources.
install_rust() {
  if debian_has_wasm_std; then
    retry install_packages rustc cargo libstd-rust-dev-wasm32 lld-19 rustfmt rust-clippy
  else
    retry install_packages rustc-web cargo-web rust-web-src lld-19 rustfmt-web rust-web-clippy
  fi
}

debian_has_wasm_std() {
  local version
  version=$(apt-cache policy libstd-rust-dev-wasm32 2>/dev/null | sed -n 's/^  Candidate: \([0-9]*\.[0-9]*\).*/\1/p')
  [ -n "$version" ] && [ "$(printf '%s\n' 1.71 "$version" | sort -V | head -n 1)" = 1.71 ]
}

# rust_inputs names what the toolchain is made from: this file and the compiler.
rust_inputs() { { cat "$root/scripts/lib/rust.sh" && /usr/bin/rustc -vV; } 2>/dev/null | sha256sum | cut -d ' ' -f 1; }

# make_rust puts a sysroot together: the compiler's own libraries by links, the
# standard library for WebAssembly, the linker under the name that the compiler
# looks for, and programs that use it. The note of what it was made from is
# written last, so that an interrupted run leaves none.
make_rust() {
  local host lib
  host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
  lib=$(/usr/bin/rustc --print sysroot)/lib/rustlib
  rm -rf "$rust_home"
  mkdir -p "$rust_bin" "$rust_home/lib/rustlib/$host/bin" &&
    ln -s "$lib/$host/lib" "$rust_home/lib/rustlib/$host/lib" &&
    ln -s "$(command -v wasm-ld-19)" "$rust_home/lib/rustlib/$host/bin/rust-lld" || return 1
  if ls "$lib/$rust_target"/lib/libcore-*.rlib >/dev/null 2>&1; then
    ln -s "$lib/$rust_target" "$rust_home/lib/rustlib/$rust_target" || return 1
  else
    make_wasm_std "$rust_home/lib/rustlib/$rust_target/lib" || return 1
  fi
  write_rust_programs && rust_inputs >"$rust_home/made-from"
}

# write_rust_programs writes programs that use the sysroot.
write_rust_programs() {
  local program
  for program in rustc rustdoc; do
    printf '#!/bin/sh\nexec /usr/bin/%s --sysroot %q "$@"\n' "$program" "$rust_home" >"$rust_bin/$program" || return 1
  done
  cat >"$rust_bin/cargo" <<EOF || return 1
#!/bin/sh
export RUSTC="\${RUSTC:-$rust_bin/rustc}" RUSTDOC="\${RUSTDOC:-$rust_bin/rustdoc}"
exec /usr/bin/cargo "\$@"
EOF
  chmod 755 "$rust_bin"/* || return 1
  for program in rustfmt cargo-fmt cargo-clippy clippy-driver; do
    [ ! -x "/usr/bin/$program" ] || ln -s "/usr/bin/$program" "$rust_bin/$program" || return 1
  done
}

# make_wasm_std compiles the standard library into the folder. A stable compiler
# takes the option for that when RUSTC_BOOTSTRAP is set, as Debian does to build
# the packages of Rust. The bitcode is what link-time optimisation works on. No
# name of a folder of this machine gets into what is compiled.
make_wasm_std() {
  local work code
  say "compiling Rust's standard library for $rust_target (half a minute)"
  work=$(mktemp -d "$cache_dir/rust-std.XXXXXX") || return 1
  mkdir "$work/src" &&
    printf '[package]\nname = "std-for-wasm"\nversion = "0.0.0"\nedition = "2021"\n' >"$work/Cargo.toml" &&
    echo '#![no_std]' >"$work/src/lib.rs" &&
    (
      cd "$work" &&
        RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
          CARGO_ENCODED_RUSTFLAGS="-Cembed-bitcode=yes"$'\x1f'"--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" \
          retry /usr/bin/cargo build --release --target "$rust_target" -Zbuild-std=std,panic_abort
    ) >"$cache_dir/rust-std.log" 2>&1 &&
    mkdir -p "$1" &&
    cp "$work/target/$rust_target/release/deps"/*.rlib "$1" &&
    rm -f "$1"/libstd_for_wasm-*
  code=$?
  [ $code = 0 ] || tail -n 20 "$cache_dir/rust-std.log" >&2
  rm -rf "$work"
  return $code
}
