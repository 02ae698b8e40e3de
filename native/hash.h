// The one hash of the engine. Partitioning uses it on group keys, so it must never change without a new
// run-file version.
#pragma once

#include <cstdint>
#include <cstring>

#include "slice.h"

namespace runjob {

// Checksums of blocks. Source: xxHash, XXH64 specification.
uint64_t Xxh64(Slice data, uint64_t seed);

// The same of bytes that come in pieces, with a seed of 0.
class Xxh64Stream {
 public:
  void Add(Slice data);
  uint64_t Digest() const;  // of all bytes so far

 private:
  static constexpr size_t kStripeBytes = 32;

  uint64_t lanes_[4] = {};
  char rest_[kStripeBytes] = {};  // of the stripe that is not full
  size_t rest_size_ = 0;
  uint64_t size_ = 0;
  bool begun_ = false;  // the lanes hold a stripe at least
};

// Maps a hash to 0..partitions-1 by its high bits.
inline uint32_t PartitionOf(uint64_t hash, uint32_t partitions) {
  return static_cast<uint32_t>((static_cast<unsigned __int128>(hash) * partitions) >> 64);
}

namespace hash_internal {

// Source: wyhash (Wang Yi, public domain), as are the steps below.
constexpr uint64_t kSecret[4] = {0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3,
                                 0x589965cc75374cc3};

inline uint64_t Mix(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

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
inline uint64_t LoadBehind8(const char* p, size_t n) {
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

// `a` and `b`: the key's bytes, zero padded to 16, as two little-endian words.
inline uint64_t HashShort(uint64_t a, uint64_t b, size_t size) {
  return Mix(kSecret[1] ^ size, Mix(a ^ kSecret[1], b ^ kSecret[0]));
}

uint64_t HashLong(const char* data, size_t size);  // size > 16

}  // namespace hash_internal

// Fast hash of short keys (hash_aggregate). Reads no byte outside the slice.
inline uint64_t HashKey(Slice key) {
  using namespace hash_internal;
  const char* p = key.data;
  const size_t n = key.size;
  if (n > 16) return HashLong(p, n);
  if (n >= 8) return HashShort(Load64(p), LoadBehind8(p, n), n);
  return HashShort(LoadBelow8(p, n), 0, n);
}

}  // namespace runjob
