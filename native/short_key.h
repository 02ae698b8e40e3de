// Keys of up to 15 bytes, nearly every word of a text and every number, as two words: no memory elsewhere.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hash.h"
#include "slice.h"

namespace runjob {

constexpr uint32_t kShortKeyBytes = 15;

// `low` has bytes 0 to 7 of the key, zero padded, and `high` bytes 8 to 14, little endian; and where the 16th
// byte would be 1 + the size. So no short key has a `high` of 0.
struct ShortKey {
  uint64_t low;
  uint64_t high;

  static constexpr int kSizeShift = 56;
  static constexpr uint64_t kSizeMask = uint64_t{0xFF} << kSizeShift;

  uint32_t size() const { return static_cast<uint32_t>(high >> kSizeShift) - 1; }
  // That of HashKey.
  uint64_t hash() const { return hash_internal::HashShort(low, high & ~kSizeMask, size()); }
};

namespace short_key_internal {

struct Mask {
  uint64_t low;
  uint64_t high;
  uint64_t size;
};
// One for each size, and one more for longer keys, of which nothing is taken.
struct Masks {
  Mask of[kShortKeyBytes + 2] = {};

  constexpr Masks() {
    for (size_t size = 0; size <= kShortKeyBytes; size++) {
      of[size].low = size >= 8 ? ~uint64_t{0} : (uint64_t{1} << 8 * size) - 1;
      of[size].high = size <= 8 ? 0 : (uint64_t{1} << 8 * (size - 8)) - 1;
      of[size].size = uint64_t{size + 1} << ShortKey::kSizeShift;
    }
  }
};
inline constexpr Masks kMasks;

}  // namespace short_key_internal

// Reads 16 bytes, whatever the key's size. Of a longer key the result means nothing: no branch decides here,
// because sizes follow one another at random.
inline ShortKey LoadShortKey(Slice key) {
  using hash_internal::Load64;
  const short_key_internal::Mask& mask =
      short_key_internal::kMasks.of[std::min<size_t>(key.size, kShortKeyBytes + 1)];
  return {Load64(key.data) & mask.low, (Load64(key.data + 8) & mask.high) | mask.size};
}

}  // namespace runjob
