// The one hash of the engine. Partitioning uses it on group keys, so it must never change without a new
// run-file version.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/slice.h"
#include "base/word.h"

namespace runjob {

// Checksums of blocks. Source: xxHash, XXH64 specification.
uint64_t Xxh64(Slice data, uint64_t seed);

// The same for bytes given in pieces, with a seed of 0.
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

namespace hash_internal {

// Source: wyhash (Wang Yi, public domain), as are the steps below.
constexpr uint64_t kSecret[4] = {0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3, 0x589965cc75374cc3};

inline uint64_t Mix(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// `a` and `b`: the key's bytes, zero padded to 16, as two little-endian words.
inline uint64_t HashShort(uint64_t a, uint64_t b, size_t size) {
  return Mix(kSecret[1] ^ size, Mix(a ^ kSecret[1], b ^ kSecret[0]));
}

uint64_t HashLong(const char* data, size_t size);  // size > 16

}  // namespace hash_internal

// Fast for short keys. Reads no byte outside the slice.
inline uint64_t HashKey(Slice key) {
  using namespace hash_internal;
  const char* p = key.data;
  const size_t n = key.size;
  if (n > 16) return HashLong(p, n);
  if (n >= 8) return HashShort(Load64(p), LoadFrom8(p, n), n);
  return HashShort(LoadBelow8(p, n), 0, n);
}

}  // namespace runjob
