# clang with the libraries for WASI, and what formats and sanitizes; sourced by
# prepare.sh.

cpp_path=""
cpp_packages=(clang-19 clang-format-19 lld-19 wasi-libc libc++-19-dev-wasm32 libclang-rt-19-dev libclang-rt-19-dev-wasm32 make)

# prepare_cpp leaves the name of a clang++ that compiles for WASI in $cpp_path, or
# returns 1.
prepare_cpp() {
  cpp_path=clang++-19
  if cpp_works; then return 0; fi
  if ! can_install; then
    missing cpp "install ${cpp_packages[*]}"
    return 1
  fi
  if ! retry install_packages "${cpp_packages[@]}"; then
    missing cpp "the packages could not be installed"
    return 1
  fi
  if ! cpp_works; then
    missing cpp "$cpp_path does not compile for WASI: $(tail -n 5 "$cache_dir/cpp-try.log")"
    return 1
  fi
}

# cpp_works tells whether everything is there: the compiler compiles and links a
# module and a program for this machine with the sanitizers.
cpp_works() {
  have "$cpp_path" && have clang-format-19 && have make || return 1
  local work code
  work=$(mktemp -d "$cache_dir/cpp-try.XXXXXX") || return 1
  printf '#include <string>\nint main(int n, char**) { return std::string(n, 1).size() == 0; }\n' >"$work/try.cc"
  {
    "$cpp_path" --target=wasm32-wasi -fno-exceptions "$work/try.cc" -o "$work/try.wasm" &&
      "$cpp_path" -fsanitize=address,undefined "$work/try.cc" -o "$work/try" && "$work/try"
  } >"$cache_dir/cpp-try.log" 2>&1
  code=$?
  rm -rf "$work"
  return $code
}
