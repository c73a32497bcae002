// Answers lines of a text in hexadecimal, with a x in front, with "valid" and the
// text in short, or with the error.

#include "json.h"

#include <algorithm>
#include <cstdio>
#include <iostream>

static std::string hexadecimal(const std::string& bytes) {
  std::string hex;
  char digits[3];
  for (const char c : bytes) {
    std::snprintf(digits, sizeof(digits), "%02x", static_cast<unsigned char>(c));
    hex += digits;
  }
  return hex;
}

static void copy(json::Reader& r, std::string* out) {
  std::string text;
  bool boolean = false;
  double number = 0;
  char digits[40];
  switch (r.kind()) {
    case '{':
      *out += "{";
      for (r.beginObject(); r.nextMember(&text);) {
        *out += hexadecimal(text) + ":";
        copy(r, out);
      }
      *out += "}";
      break;
    case '[':
      *out += "[";
      for (r.beginArray(); r.nextElement();) {
        copy(r, out);
      }
      *out += "]";
      break;
    case '"':
      r.string(&text);
      *out += "\"" + hexadecimal(text) + "\"";
      break;
    case '0':
      r.number(&number);
      std::snprintf(digits, sizeof(digits), "%.17e,", number);
      *out += digits;
      break;
    case 'n':
      r.null();
      *out += "n";
      break;
    default:
      r.boolean(&boolean);
      *out += boolean ? "t" : "f";
  }
}

int main() {
  for (std::string hex; std::cin >> hex;) {
    std::string text, out;
    for (size_t i = 1; i + 1 < hex.size(); i += 2) {
      text += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    json::Reader r(text);
    copy(r, &out);
    r.end();
    out = r.ok() ? "valid " + out : r.error();
    std::replace(out.begin(), out.end(), '\n', ' ');  // of a name
    std::cout << out << '\n';
  }
}
