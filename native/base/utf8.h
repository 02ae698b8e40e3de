// UTF-8 as the WHATWG Encoding Standard decodes it: each maximal invalid part becomes one U+FFFD.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace runjob {

constexpr uint32_t kReplacement = 0xFFFD;

struct Utf8Char {
  uint32_t code_point = kReplacement;
  uint32_t length = 1;     // bytes it takes up, invalid ones too
  bool truncated = false;  // invalid only because the bytes end: more could complete it
};

// Decodes the character at `p`. REQUIRES: p < end.
inline Utf8Char DecodeUtf8(const char* p, const char* end) {
  const uint8_t lead = static_cast<uint8_t>(*p);
  if (lead < 0x80) return {lead, 1, false};
  uint32_t more;  // continuation bytes to come
  // Bounds of the first of them: no overlong forms, no surrogates, nothing past U+10FFFF.
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  uint32_t code_point;
  if (lead >= 0xC2 && lead <= 0xDF) {
    more = 1;
    code_point = lead & 0x1F;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    more = 2;
    code_point = lead & 0x0F;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    more = 3;
    code_point = lead & 0x07;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {};
  }
  for (uint32_t i = 1; i <= more; i++) {
    if (p + i == end) return {kReplacement, i, true};
    const uint8_t c = static_cast<uint8_t>(p[i]);
    if (c < low || c > high) return {kReplacement, i, false};
    code_point = code_point << 6 | (c & 0x3F);
    low = 0x80;
    high = 0xBF;
  }
  return {code_point, more + 1, false};
}

// Writes the character at `out`, which has room for 4 bytes; returns how many it took.
inline uint32_t EncodeUtf8(uint32_t code_point, char* out) {
  const auto tail = [code_point](int shift) { return static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) {
    out[0] = static_cast<char>(code_point);
    return 1;
  }
  if (code_point < 0x800) {
    out[0] = static_cast<char>(0xC0 | code_point >> 6);
    out[1] = tail(0);
    return 2;
  }
  if (code_point < 0x10000) {
    out[0] = static_cast<char>(0xE0 | code_point >> 12);
    out[1] = tail(6);
    out[2] = tail(0);
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | code_point >> 18);
  out[1] = tail(12);
  out[2] = tail(6);
  out[3] = tail(0);
  return 4;
}

inline void AppendUtf8(uint32_t code_point, std::string* out) {
  char bytes[4];
  out->append(bytes, EncodeUtf8(code_point, bytes));
}

}  // namespace runjob
