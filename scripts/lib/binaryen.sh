# Binaryen's wasm-opt for the tests; sourced by prepare.sh.

wasm_opt_path=""

# prepare_binaryen leaves the path of a working wasm-opt in $wasm_opt_path, or
# returns 1.
prepare_binaryen() {
  if find_wasm_opt; then return 0; fi
  if can_install && retry install_packages binaryen && find_wasm_opt; then return 0; fi
  missing binaryen "install Binaryen, which brings wasm-opt"
  return 1
}

find_wasm_opt() {
  wasm_opt_path=$(command -v wasm-opt) && [[ "$("$wasm_opt_path" --version 2>&1)" == "wasm-opt version "* ]]
}
