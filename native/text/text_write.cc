#include "text/text_write.h"

#include <cstdint>
#include <cstring>

namespace runjob {

namespace {

constexpr uint64_t kOnes = 0x0101010101010101u;

// Nonzero if a byte of `word` is `byte`.
constexpr uint64_t HasByte(uint64_t word, char byte) {
  const uint64_t x = word ^ (kOnes * static_cast<unsigned char>(byte));
  return (x - kOnes) & ~x & (kOnes * 0x80);
}

constexpr uint64_t HasAny(uint64_t word, char a, char b, char c, char d) {
  return HasByte(word, a) | HasByte(word, b) | HasByte(word, c) | HasByte(word, d);
}

// Copies `field` to `out`, and returns whether one of the four bytes is in it. Fields are short: words of 8 and
// 4 bytes, the last of them overlapping the one before.
inline bool CopyAndFind(Slice field, char a, char b, char c, char d, char* out) {
  const char* const p = field.data;
  const size_t n = field.size;
  uint64_t found = 0;
  if (n >= 8) {
    uint64_t word;
    for (size_t i = 0; i + 8 < n; i += 8) {
      std::memcpy(&word, p + i, 8);
      std::memcpy(out + i, &word, 8);
      found |= HasAny(word, a, b, c, d);
    }
    std::memcpy(&word, p + n - 8, 8);
    std::memcpy(out + n - 8, &word, 8);
    found |= HasAny(word, a, b, c, d);
  } else if (n >= 4) {
    uint32_t head;
    uint32_t tail;
    std::memcpy(&head, p, 4);
    std::memcpy(&tail, p + n - 4, 4);
    std::memcpy(out, &head, 4);
    std::memcpy(out + n - 4, &tail, 4);
    found = HasAny(head | (uint64_t{tail} << 32), a, b, c, d);
  } else {
    for (size_t i = 0; i < n; i++) {
      out[i] = p[i];
      found |= static_cast<uint64_t>(p[i] == a || p[i] == b || p[i] == c || p[i] == d);
    }
  }
  return found != 0;
}

// A field that begins with a byte-order mark may be the first of a file, where readers would take it for the
// file's own.
bool HasByteOrderMark(Slice field) { return field.size >= 3 && std::memcmp(field.data, "\xef\xbb\xbf", 3) == 0; }

}  // namespace

char* WriteCsvField(Slice field, char delimiter, char* out) {
  if (!CopyAndFind(field, delimiter, '"', '\r', '\n', out) && !HasByteOrderMark(field)) return out + field.size;
  *out++ = '"';
  for (size_t i = 0; i < field.size; i++) {
    if (field.data[i] == '"') *out++ = '"';
    *out++ = field.data[i];
  }
  *out++ = '"';
  return out;
}

char* WriteTsvField(Slice field, char* out) {
  if (!CopyAndFind(field, '\\', '\t', '\n', '\r', out)) return out + field.size;
  for (size_t i = 0; i < field.size; i++) {
    const char byte = field.data[i];
    char escaped = 0;
    switch (byte) {
      case '\\':
        escaped = '\\';
        break;
      case '\t':
        escaped = 't';
        break;
      case '\n':
        escaped = 'n';
        break;
      case '\r':
        escaped = 'r';
        break;
      default:
        *out++ = byte;
        continue;
    }
    *out++ = '\\';
    *out++ = escaped;
  }
  return out;
}

}  // namespace runjob
