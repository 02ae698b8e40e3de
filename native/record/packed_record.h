// Packed records, the form they have in the append collector:
//
//   varint key size | varint value size | key | value          varint: LEB128, 7 bits a byte, low bits first
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/slice.h"

namespace runjob {

constexpr size_t kMaxVarintBytes = 10;

inline size_t VarintSize(uint64_t v) {
  size_t n = 1;
  for (; v >= 128; v >>= 7) n++;
  return n;
}

inline char* PutVarint(char* p, uint64_t v) {
  for (; v >= 128; v >>= 7) *p++ = static_cast<char>(v | 128);
  *p++ = static_cast<char>(v);
  return p;
}

// Null if the varint does not end before `end` or has more than 64 bits.
inline const char* GetVarint(const char* p, const char* end, uint64_t* v) {
  uint64_t value = 0;
  for (int shift = 0; p < end && shift < 64; shift += 7) {
    const uint64_t byte = static_cast<uint8_t>(*p++);
    value |= (byte & 127) << shift;
    if (byte < 128) {
      *v = value;
      return shift == 63 && byte > 1 ? nullptr : p;
    }
  }
  return nullptr;
}

inline size_t PackedSize(size_t key_size, size_t value_size) {
  return VarintSize(key_size) + VarintSize(value_size) + key_size + value_size;
}

// REQUIRES: the record is whole.
inline void UnpackRecord(const char* p, Slice* key, Slice* value) {
  const auto varint = [&p] {
    uint64_t v = static_cast<uint8_t>(*p++);
    if (v < 128) return v;
    v &= 127;
    for (int shift = 7;; shift += 7) {
      const uint64_t byte = static_cast<uint8_t>(*p++);
      v |= (byte & 127) << shift;
      if (byte < 128) return v;
    }
  };
  const uint64_t key_size = varint();
  const uint64_t value_size = varint();
  *key = Slice(p, key_size);
  *value = Slice(p + key_size, value_size);
}

// memcpy without a call for common sizes of records. The areas must not overlap.
inline char* CopyBytes(char* to, const char* from, size_t n) {
  if (n <= 32) {
    if (n >= 16) {
      std::memcpy(to, from, 16);
      std::memcpy(to + n - 16, from + n - 16, 16);
    } else if (n >= 8) {
      std::memcpy(to, from, 8);
      std::memcpy(to + n - 8, from + n - 8, 8);
    } else if (n >= 4) {
      std::memcpy(to, from, 4);
      std::memcpy(to + n - 4, from + n - 4, 4);
    } else {
      for (size_t i = 0; i < n; i++) to[i] = from[i];
    }
  } else {
    std::memcpy(to, from, n);
  }
  return to + n;
}

}  // namespace runjob
