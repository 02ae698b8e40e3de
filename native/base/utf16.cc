#include "base/utf16.h"

#include <cstdint>

#include "base/utf8.h"
#include "base/word.h"

namespace runjob {

namespace {

constexpr uint64_t kHighBits = 0x8080808080808080;

// Copies ASCII; returns where it ends. `to` advances.
template <class Unit>
const char* CopyAscii(const char* p, const char* end, Unit** to) {
  Unit* out = *to;
  for (; end - p >= 8 && (Load64(p) & kHighBits) == 0; p += 8) {
    for (int i = 0; i < 8; i++) *out++ = static_cast<Unit>(p[i]);
  }
  while (p < end && static_cast<uint8_t>(*p) < 0x80) *out++ = static_cast<Unit>(*p++);
  *to = out;
  return p;
}

}  // namespace

void AppendUtf16(Slice utf8, std::u16string* out) {
  const size_t before = out->size();
  // UTF-16 has at most one unit where UTF-8 has a byte.
  out->resize(before + utf8.size);
  char16_t* to = out->data() + before;
  const char* const end = utf8.data + utf8.size;
  for (const char* p = CopyAscii(utf8.data, end, &to); p < end; p = CopyAscii(p, end, &to)) {
    const auto [code_point, length, truncated] = DecodeUtf8(p, end);
    p += length;
    if (code_point < 0x10000) {
      *to++ = static_cast<char16_t>(code_point);
    } else {
      *to++ = static_cast<char16_t>(0xD800 + ((code_point - 0x10000) >> 10));
      *to++ = static_cast<char16_t>(0xDC00 + (code_point & 0x3FF));
    }
  }
  out->resize(static_cast<size_t>(to - out->data()));
}

bool DecodeLatin1(Slice utf8, std::string* out) {
  out->resize(utf8.size);
  char* to = out->data();
  const char* const end = utf8.data + utf8.size;
  for (const char* p = CopyAscii(utf8.data, end, &to); p < end; p = CopyAscii(p, end, &to)) {
    const auto [code_point, length, truncated] = DecodeUtf8(p, end);
    if (code_point > 0xFF) return false;
    p += length;
    *to++ = static_cast<char>(code_point);
  }
  out->resize(static_cast<size_t>(to - out->data()));
  return true;
}

}  // namespace runjob
