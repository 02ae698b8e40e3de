// Bytes in memory as little-endian words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace runjob {

inline uint64_t Load64(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}

inline uint64_t Load32(const char* p) {
  uint32_t v;
  std::memcpy(&v, p, 4);
  return v;
}

// The bytes from the 8th on of n = 8 to 16, zero padded, and nothing outside.
inline uint64_t LoadFrom8(const char* p, size_t n) {
  // The last 8 bytes, without those before the 8th. Two shifts, because one by 64 (n = 8) is undefined.
  const size_t half = 4 * (16 - n);
  return Load64(p + n - 8) >> half >> half;
}

// n = 0 to 7 bytes, zero padded, and nothing outside. Overlapping loads agree where they overlap, so OR puts the word
// together.
inline uint64_t LoadBelow8(const char* p, size_t n) {
  if (n >= 4) return Load32(p) | Load32(p + n - 4) << (8 * (n - 4));
  if (n == 0) return 0;
  const auto byte = [p](size_t i) { return static_cast<uint64_t>(static_cast<uint8_t>(p[i])) << (8 * i); };
  return byte(0) | byte(n / 2) | byte(n - 1);
}

}  // namespace runjob
