#include "base/base64.h"

namespace runjob {

namespace {

constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int ValueOf(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

char* ReadBase64(Slice text, char* out) {
  if (text.size % 4 != 0) return nullptr;
  for (size_t at = 0; at < text.size; at += 4) {
    const char* const p = text.data + at;
    const bool is_last = at + 4 == text.size;
    const int padding = is_last && p[3] == '=' ? (p[2] == '=' ? 2 : 1) : 0;
    uint32_t bits = 0;
    for (int i = 0; i < 4; i++) {
      const int value = i >= 4 - padding ? 0 : ValueOf(p[i]);
      if (value < 0) return nullptr;
      bits = bits << 6 | static_cast<uint32_t>(value);
    }
    // Bits that no byte has must be 0: one text for each value.
    if ((bits & ((uint32_t{1} << (8 * padding)) - 1)) != 0) return nullptr;
    *out++ = static_cast<char>(bits >> 16);
    if (padding < 2) *out++ = static_cast<char>(bits >> 8 & 0xFF);
    if (padding < 1) *out++ = static_cast<char>(bits & 0xFF);
  }
  return out;
}

void AppendBase64(Slice bytes, std::string* out) {
  for (size_t at = 0; at < bytes.size; at += 3) {
    const size_t left = bytes.size - at;
    const auto byte = [&](size_t i) { return i < left ? static_cast<unsigned char>(bytes.data[at + i]) : 0u; };
    const uint32_t bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    out->push_back(kLetters[bits >> 18]);
    out->push_back(kLetters[bits >> 12 & 63]);
    out->push_back(left > 1 ? kLetters[bits >> 6 & 63] : '=');
    out->push_back(left > 2 ? kLetters[bits & 63] : '=');
  }
}

}  // namespace runjob
