// The one hash of the engine. Partitioning uses it on group keys, so it must never change without a new run-file version.
#pragma once

#include <cstdint>
#include <cstring>

#include "slice.h"

namespace runjob {

// Checksums of blocks. Source: xxHash, XXH64 specification.
uint64_t Xxh64(Slice data, uint64_t seed);

// Fast hash of short keys (hash_aggregate). Reads no byte outside the slice.
uint64_t HashKey(Slice key);

// Maps a hash to 0..partitions-1 by its high bits.
inline uint32_t PartitionOf(uint64_t hash, uint32_t partitions) {
  return static_cast<uint32_t>((static_cast<unsigned __int128>(hash) * partitions) >> 64);
}

namespace hash_internal {

// wyhash's (Wang Yi, public domain): odd, half of the bits of every byte set.
constexpr uint64_t kSecret[4] = {0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3, 0x589965cc75374cc3};

inline uint64_t Mix(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// `a` and `b`: the key's 16 bytes, zero padded, as two little-endian words.
inline uint64_t HashShort(uint64_t a, uint64_t b, size_t size) {
  return Mix(kSecret[1] ^ size, Mix(a ^ kSecret[1], b ^ kSecret[0]));
}

uint64_t HashLong(const char* data, size_t size);  // size > 16

inline uint64_t Load64(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}

// The low `n` bytes set, for n = 0..8.
constexpr uint64_t kLowBytes[9] = {0,          0xff,         0xffff,         0xffffff,        0xffffffff,
                                   0xffffffffff, 0xffffffffffff, 0xffffffffffffff, 0xffffffffffffffff};

}  // namespace hash_internal

// HashKey without its branches on the length. REQUIRES: 16 bytes can be read at `data` (kBatchPadding sees to it).
inline uint64_t HashPaddedKey(const char* data, size_t size) {
  using namespace hash_internal;
  if (size > 16) return HashLong(data, size);
  const uint64_t a = Load64(data) & kLowBytes[size < 8 ? size : 8];
  const uint64_t b = Load64(data + 8) & kLowBytes[size > 8 ? size - 8 : 0];
  return HashShort(a, b, size);
}

}  // namespace runjob
