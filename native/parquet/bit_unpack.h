// Numbers of a few bits each, the first in the lowest bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace runjob::parquet {

// Unpacks `count` numbers of `width` bits (0 to 32), from bit `bit` of `in` on. REQUIRES: 32 bytes after the last may be read.
void UnpackBits(const char* in, size_t bit, int width, size_t count, uint32_t* out);

// The highest of them; 0 of none.
uint32_t Highest(const uint32_t* numbers, size_t count);

// One number of up to 64 bits; 16 bytes after it may be read.
inline uint64_t UnpackWide(const char* in, size_t bit, int width) {
  if (width == 0) return 0;
  unsigned __int128 word;
  std::memcpy(&word, in + bit / 8, 16);
  const auto value = static_cast<uint64_t>(word >> (bit & 7));
  return width == 64 ? value : value & ((uint64_t{1} << width) - 1);
}

}  // namespace runjob::parquet
