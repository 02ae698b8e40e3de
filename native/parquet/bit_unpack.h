// Numbers of a few bits each, the first in the lowest bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace runjob::parquet {

// Unpacks `count` numbers of `width` bits (0 to 32), from bit `bit` of `in` on. REQUIRES: 8 bytes after the last may be read.
inline void UnpackBits(const char* in, size_t bit, int width, size_t count, uint32_t* out) {
  if (width == 0) {
    std::memset(out, 0, count * sizeof(uint32_t));
    return;
  }
  const uint64_t mask = (uint64_t{1} << width) - 1;
  for (size_t i = 0; i < count; i++, bit += static_cast<size_t>(width)) {
    uint64_t word;
    std::memcpy(&word, in + bit / 8, 8);
    out[i] = static_cast<uint32_t>(word >> (bit & 7) & mask);
  }
}

// The same for a width of up to 64; 16 bytes after the last may be read.
inline uint64_t UnpackWide(const char* in, size_t bit, int width) {
  if (width == 0) return 0;
  unsigned __int128 word;
  std::memcpy(&word, in + bit / 8, 16);
  const auto value = static_cast<uint64_t>(word >> (bit & 7));
  return width == 64 ? value : value & ((uint64_t{1} << width) - 1);
}

}  // namespace runjob::parquet
