#include "base/hash.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace runjob {

namespace {

constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87;
constexpr uint64_t kPrime2 = 0xC2B2AE3D27D4EB4F;
constexpr uint64_t kPrime3 = 0x165667B19E3779F9;
constexpr uint64_t kPrime4 = 0x85EBCA77C2B2AE63;
constexpr uint64_t kPrime5 = 0x27D4EB2F165667C5;

uint64_t RotateLeft(uint64_t v, int bits) { return (v << bits) | (v >> (64 - bits)); }

uint64_t Round(uint64_t lane, uint64_t input) { return RotateLeft(lane + input * kPrime2, 31) * kPrime1; }

uint64_t MergeLane(uint64_t hash, uint64_t lane) { return (hash ^ Round(0, lane)) * kPrime1 + kPrime4; }

struct Lanes {
  uint64_t a, b, c, d;
};

Lanes FirstLanes(uint64_t seed) { return {seed + kPrime1 + kPrime2, seed + kPrime2, seed, seed - kPrime1}; }

// Takes all whole stripes of 32 bytes; returns where the rest begins.
const char* AddStripes(Lanes* lanes, const char* p, size_t size) {
  Lanes l = *lanes;
  for (; size >= 32; p += 32, size -= 32) {
    l.a = Round(l.a, Load64(p));
    l.b = Round(l.b, Load64(p + 8));
    l.c = Round(l.c, Load64(p + 16));
    l.d = Round(l.d, Load64(p + 24));
  }
  *lanes = l;
  return p;
}

uint64_t Converge(const Lanes& l) {
  const uint64_t hash = RotateLeft(l.a, 1) + RotateLeft(l.b, 7) + RotateLeft(l.c, 12) + RotateLeft(l.d, 18);
  return MergeLane(MergeLane(MergeLane(MergeLane(hash, l.a), l.b), l.c), l.d);
}

// The last `left` bytes, fewer than a stripe, of `size` in all.
uint64_t Finish(uint64_t hash, const char* p, size_t left, uint64_t size) {
  hash += size;
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

}  // namespace

uint64_t Xxh64(Slice data, uint64_t seed) {
  if (data.size < 32) return Finish(seed + kPrime5, data.data, data.size, data.size);
  Lanes lanes = FirstLanes(seed);
  const char* const rest = AddStripes(&lanes, data.data, data.size);
  return Finish(Converge(lanes), rest, data.size % 32, data.size);
}

void Xxh64Stream::Add(Slice data) {
  size_ += data.size;
  Lanes lanes = begun_ ? Lanes{lanes_[0], lanes_[1], lanes_[2], lanes_[3]} : FirstLanes(0);
  if (rest_size_ > 0) {
    const size_t head = std::min(kStripeBytes - rest_size_, data.size);
    if (head > 0) std::memcpy(rest_ + rest_size_, data.data, head);
    rest_size_ += head;
    data = Slice(data.data + head, data.size - head);
    if (rest_size_ < kStripeBytes) return;
    AddStripes(&lanes, rest_, kStripeBytes);
    rest_size_ = 0;
  }
  const char* const rest = AddStripes(&lanes, data.data, data.size);
  rest_size_ = data.size % kStripeBytes;
  if (rest_size_ > 0) std::memcpy(rest_, rest, rest_size_);
  begun_ = size_ >= kStripeBytes;
  const uint64_t all[] = {lanes.a, lanes.b, lanes.c, lanes.d};
  std::copy(std::begin(all), std::end(all), lanes_);
}

uint64_t Xxh64Stream::Digest() const {
  const uint64_t hash = begun_ ? Converge({lanes_[0], lanes_[1], lanes_[2], lanes_[3]}) : kPrime5;
  return Finish(hash, rest_, rest_size_, size_);
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
