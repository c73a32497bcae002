#pragma once

#include <functional>
#include <string>
#include <vector>

#include "proxy_wasm_intrinsics.h"

// What has happened to the contexts.
std::vector<std::string>& events();
// What a root context does when the timer goes off.
std::function<void(RootContext*)>& onTickDo();
