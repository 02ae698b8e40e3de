#include "base/json.h"

#include <bit>
#include <cmath>
#include <cstdint>

#include "base/number.h"
#include "base/simd.h"
#include "base/utf8.h"
#include "base/word.h"

namespace runjob {

void AppendJsonNumber(double x, std::string* out) {
  if (std::isfinite(x)) {
    AppendNumber(x, out);
  } else {
    out->append("null");
  }
}

namespace {

// The first byte that JSON does not have as it is, or that is not ASCII.
const char* FindUnplain(const char* p, const char* end) {
  for (; end - p >= 8; p += 8) {
    const uint64_t word = Load64(p);
    const uint64_t plain = portable::BytesInRange(word, 0x20, 0x7F);
    const uint64_t special =
        portable::ZeroBytes(word ^ portable::kOnes * '"') | portable::ZeroBytes(word ^ portable::kOnes * '\\');
    if (const uint64_t found = (plain ^ portable::kHighs) | special) return p + std::countr_zero(found) / 8;
  }
  while (p < end && static_cast<unsigned char>(*p) - 0x20u < 0x60u && *p != '"' && *p != '\\') p++;
  return p;
}

}  // namespace

void AppendJsonString(Slice text, std::string* out) {
  static const char kHex[] = "0123456789abcdef";
  out->push_back('"');
  const char* end = text.data + text.size;
  for (const char* p = text.data; p < end;) {
    const char* const plain_end = FindUnplain(p, end);
    if (plain_end > p) {
      out->append(p, plain_end);
      p = plain_end;
      continue;
    }
    const uint8_t c = static_cast<uint8_t>(*p);
    if (c >= 0x80) {
      const Utf8Char decoded = DecodeUtf8(p, end);
      AppendUtf8(decoded.code_point, out);
      p += decoded.length;
      continue;
    }
    p++;
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(static_cast<char>(c));
    } else if (c >= '\b' && c <= '\r' && c != '\v') {
      out->push_back('\\');
      out->push_back("btn?fr"[c - '\b']);
    } else {
      out->append("\\u00");
      out->push_back(kHex[c >> 4]);
      out->push_back(kHex[c & 15]);
    }
  }
  out->push_back('"');
}

}  // namespace runjob
