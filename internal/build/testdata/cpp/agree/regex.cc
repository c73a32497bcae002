// Answers lines of an expression and a text, both in hexadecimal with a x in
// front, with "yes", "no" or the error.

#include "regex.h"

#include <iostream>

static std::string decode(const std::string& hex) {
  std::string bytes;
  for (size_t i = 1; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

int main() {
  for (std::string expression, text; std::cin >> expression >> text;) {
    std::string error;
    const auto regex = Regex::compile(decode(expression), &error);
    std::cout << (!regex ? error : regex->search(decode(text)) ? "yes" : "no") << '\n';
  }
}
