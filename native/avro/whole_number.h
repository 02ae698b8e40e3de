// Avro's whole numbers: zigzag, seven bits a byte, the lowest first.
#pragma once

#include <cstdint>

namespace runjob::avro {

enum class Found { kYes, kTooShort, kDamaged };

// Takes a number of at most 64 bits off the bytes from *next on.
inline Found ReadWholeNumber(const char** next, const char* end, int64_t* value) {
  uint64_t bits = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (*next == end) return Found::kTooShort;
    const auto byte = static_cast<uint8_t>(*(*next)++);
    if (shift == 63 && byte > 1) break;
    bits |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) {
      *value = static_cast<int64_t>(bits >> 1 ^ (~(bits & 1) + 1));
      return Found::kYes;
    }
  }
  return Found::kDamaged;
}

}  // namespace runjob::avro
