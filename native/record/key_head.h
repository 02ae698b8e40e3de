// The head of a key: its first bytes, as numbers. Heads distinguish most keys, and most keys are no longer.
//
//   KeyHead      15 bytes: to compare for equality, and to copy
//   ShortKey     15 bytes and the size: all of a key that is no longer
//   OrderedHead  14 bytes and the size: to compare for order
//   HeadWord     8 bytes: to compare for order, up to ties
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/hash.h"
#include "base/slice.h"
#include "base/word.h"

namespace runjob {

constexpr size_t kHeadBytes = 15;

// The first 15 bytes, little endian, zero padded.
using KeyHead = unsigned __int128;

// Reads no byte outside the key.
inline KeyHead HeadOf(Slice key) {
  const size_t n = key.size;
  if (n < 8) return LoadBelow8(key.data, n);
  const uint64_t rest = n > kHeadBytes ? Load64(key.data + 8) << 8 >> 8 : LoadFrom8(key.data, n);
  return KeyHead{rest} << 64 | Load64(key.data);
}

// By one store, where the compiler would take two: a load that follows at once gets its bytes forwarded from one store, but
// has to wait for two.
inline void StoreHead(KeyHead head, void* to) {
  typedef uint64_t Words __attribute__((vector_size(16)));
  const Words words = {static_cast<uint64_t>(head), static_cast<uint64_t>(head >> 64)};
  std::memcpy(to, &words, sizeof(words));
}

// All of a key of up to 15 bytes, as nearly every word of a text is, and every number: `low` has bytes 0 to 7, zero padded,
// `high` bytes 8 to 14, little endian, and 1 + the size in place of the 16th byte. So no short key has a `high` of 0.
struct ShortKey {
  uint64_t low;
  uint64_t high;

  static constexpr int kSizeShift = 56;
  static constexpr uint64_t kSizeMask = uint64_t{0xFF} << kSizeShift;

  uint32_t size() const { return static_cast<uint32_t>(high >> kSizeShift) - 1; }
  // That of HashKey.
  uint64_t hash() const { return hash_internal::HashShort(low, high & ~kSizeMask, size()); }
};

namespace head_internal {

struct Mask {
  uint64_t low;
  uint64_t high;
  uint64_t size;
};
// One for each size, and one more for longer keys, which takes nothing.
struct Masks {
  Mask of[kHeadBytes + 2] = {};

  constexpr Masks() {
    for (size_t size = 0; size <= kHeadBytes; size++) {
      of[size].low = size >= 8 ? ~uint64_t{0} : (uint64_t{1} << 8 * size) - 1;
      of[size].high = size <= 8 ? 0 : (uint64_t{1} << 8 * (size - 8)) - 1;
      of[size].size = uint64_t{size + 1} << ShortKey::kSizeShift;
    }
  }
};
inline constexpr Masks kMasks;

}  // namespace head_internal

// Reads 16 bytes, whatever the key's size. Of a longer key the result means nothing: there is no branch on the size, which
// is as good as random.
inline ShortKey LoadShortKey(Slice key) {
  const head_internal::Mask& mask = head_internal::kMasks.of[std::min(key.size, kHeadBytes + 1)];
  return {Load64(key.data) & mask.low, (Load64(key.data + 8) & mask.high) | mask.size};
}

// One number that has memcmp order: the first 14 bytes; in the 5 bits below them 1 + the size, because where one key is a
// prefix of another one, sizes decide; and 11 bits of 0 for others' use. Only longer keys may have the same and differ.
using OrderedHead = unsigned __int128;

constexpr size_t kOrderedHeadBytes = 14;
constexpr int kSpareBits = 11;
constexpr int kSizeBits = 5;

constexpr uint64_t SizeInOrderedHead(size_t size) {
  return uint64_t{std::min(size, kOrderedHeadBytes + 1) + 1} << kSpareBits;
}

inline OrderedHead OrderedHeadOf(KeyHead head, size_t size) {
  const uint64_t first = __builtin_bswap64(static_cast<uint64_t>(head));
  const uint64_t second = __builtin_bswap64(static_cast<uint64_t>(head >> 64)) >> 16 << 16;
  return OrderedHead{first} << 64 | second | SizeInOrderedHead(size);
}

// The first 8 bytes, big endian, zero padded: has memcmp order up to ties.
inline uint64_t HeadWord(Slice key) {
  uint64_t v = 0;
  if (key.size >= 8) {
    std::memcpy(&v, key.data, 8);
  } else if (key.size > 0) {
    std::memcpy(&v, key.data, key.size);
  }
  return __builtin_bswap64(v);
}

}  // namespace runjob
