#include "hash.h"

namespace runjob {

namespace {

constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87;
constexpr uint64_t kPrime2 = 0xC2B2AE3D27D4EB4F;
constexpr uint64_t kPrime3 = 0x165667B19E3779F9;
constexpr uint64_t kPrime4 = 0x85EBCA77C2B2AE63;
constexpr uint64_t kPrime5 = 0x27D4EB2F165667C5;

using hash_internal::Load32;
using hash_internal::Load64;

uint64_t RotateLeft(uint64_t v, int bits) { return (v << bits) | (v >> (64 - bits)); }

uint64_t Round(uint64_t lane, uint64_t input) { return RotateLeft(lane + input * kPrime2, 31) * kPrime1; }

uint64_t MergeLane(uint64_t hash, uint64_t lane) { return (hash ^ Round(0, lane)) * kPrime1 + kPrime4; }

}  // namespace

uint64_t Xxh64(Slice data, uint64_t seed) {
  const char* p = data.data;
  size_t left = data.size;
  uint64_t hash;
  if (left >= 32) {
    uint64_t a = seed + kPrime1 + kPrime2, b = seed + kPrime2, c = seed, d = seed - kPrime1;
    for (; left >= 32; p += 32, left -= 32) {
      a = Round(a, Load64(p));
      b = Round(b, Load64(p + 8));
      c = Round(c, Load64(p + 16));
      d = Round(d, Load64(p + 24));
    }
    hash = RotateLeft(a, 1) + RotateLeft(b, 7) + RotateLeft(c, 12) + RotateLeft(d, 18);
    hash = MergeLane(MergeLane(MergeLane(MergeLane(hash, a), b), c), d);
  } else {
    hash = seed + kPrime5;
  }
  hash += data.size;
  for (; left >= 8; p += 8, left -= 8) hash = RotateLeft(hash ^ Round(0, Load64(p)), 27) * kPrime1 + kPrime4;
  if (left >= 4) {
    hash = RotateLeft(hash ^ (Load32(p) * kPrime1), 23) * kPrime2 + kPrime3;
    p += 4;
    left -= 4;
  }
  for (; left > 0; p++, left--) hash = RotateLeft(hash ^ (static_cast<uint8_t>(*p) * kPrime5), 11) * kPrime1;
  hash = (hash ^ (hash >> 33)) * kPrime2;
  hash = (hash ^ (hash >> 29)) * kPrime3;
  return hash ^ (hash >> 32);
}

uint64_t hash_internal::HashLong(const char* data, size_t size) {
  // Three independent lanes, so that a multiplication need not wait for the one before; source: wyhash.
  uint64_t seed = kSecret[0];
  const char* p = data;
  size_t left = size;
  if (left > 48) {
    uint64_t lane1 = seed, lane2 = seed;
    do {
      seed = Mix(Load64(p) ^ kSecret[1], Load64(p + 8) ^ seed);
      lane1 = Mix(Load64(p + 16) ^ kSecret[2], Load64(p + 24) ^ lane1);
      lane2 = Mix(Load64(p + 32) ^ kSecret[3], Load64(p + 40) ^ lane2);
      p += 48;
      left -= 48;
    } while (left > 48);
    seed ^= lane1 ^ lane2;
  }
  for (; left > 16; p += 16, left -= 16) seed = Mix(Load64(p) ^ kSecret[1], Load64(p + 8) ^ seed);
  // The last 16 bytes, which may overlap what is hashed already.
  const char* tail = data + size - 16;
  return Mix(kSecret[1] ^ size, Mix(Load64(tail) ^ kSecret[1], Load64(tail + 8) ^ seed));
}

}  // namespace runjob
