// What the byte kernels share: the CPU's level, found at run time, and 64 bytes at a time as bit masks (bit i
// for byte i). Every AVX2 function has a portable twin that gives the same answer.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
// Functions with this attribute may be called only where HasAvx2().
#define RUNJOB_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#endif

namespace runjob {

#if defined(__x86_64__)
inline bool HasAvx2() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                          __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
  return has;
}
#else
inline bool HasAvx2() { return false; }
#endif

inline const char* SimdLevel() { return HasAvx2() ? "avx2" : "portable"; }

// The low `n` bits set, n = 1..64.
inline uint64_t LowBits(size_t n) { return ~uint64_t{0} >> (64 - n); }

// Writes the positions of the set bits, plus `base`, at `out`; returns how many. May write up to 7 more.
__attribute__((always_inline)) inline size_t BitPositions(uint64_t bits, uint32_t base, uint32_t* out) {
  const size_t count = static_cast<size_t>(__builtin_popcountll(bits));
  // Eight without a look at the count: a mispredicted branch costs more than the writes.
  for (size_t done = 0; done < count; done += 8) {
    for (size_t i = 0; i < 8; i++) {
      out[done + i] = base + static_cast<uint32_t>(std::countr_zero(bits));
      bits &= bits - 1;
    }
  }
  return count;
}

namespace portable {

inline uint64_t Load64(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}

constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kHighs = 0x8080808080808080;

// High bit of each byte that is zero. Exact for every byte: nothing carries from one into the next.
inline uint64_t ZeroBytes(uint64_t v) { return ~(((v & ~kHighs) + ~kHighs) | v | ~kHighs); }

// High bit of each byte that is >= low and <= high. REQUIRES: 0 < low <= high < 128.
inline uint64_t BytesInRange(uint64_t v, uint64_t low, uint64_t high) {
  const uint64_t seven = v & ~kHighs;
  return (seven + kOnes * (128 - low)) & ~(seven + kOnes * (127 - high)) & ~v & kHighs;
}

// High bits of 8 bytes -> the low 8 bits.
inline uint64_t Gather(uint64_t highs) { return ((highs >> 7) * 0x0102040810204080) >> 56; }

inline uint64_t EqualMask(const char* block, char c) {
  uint64_t mask = 0;
  for (int i = 0; i < 8; i++) {
    const uint64_t zero = ZeroBytes(Load64(block + 8 * i) ^ kOnes * static_cast<uint8_t>(c));
    mask |= Gather(zero) << (8 * i);
  }
  return mask;
}

// Space and 9 to 13.
inline uint64_t SpaceMask(const char* block) {
  uint64_t mask = 0;
  for (int i = 0; i < 8; i++) {
    const uint64_t v = Load64(block + 8 * i);
    mask |= Gather(ZeroBytes(v ^ kOnes * ' ') | BytesInRange(v, 9, 13)) << (8 * i);
  }
  return mask;
}

}  // namespace portable

#if defined(__x86_64__)
namespace avx2 {

RUNJOB_AVX2 inline __m256i Load(const char* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}

RUNJOB_AVX2 inline uint64_t Mask(__m256i low, __m256i high) {
  return static_cast<uint32_t>(_mm256_movemask_epi8(low)) |
         static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(high))) << 32;
}

RUNJOB_AVX2 inline uint64_t EqualMask(const char* block, char c) {
  const __m256i wanted = _mm256_set1_epi8(c);
  return Mask(_mm256_cmpeq_epi8(Load(block), wanted), _mm256_cmpeq_epi8(Load(block + 32), wanted));
}

// Space and 9 to 13. The shuffle looks up, by a byte's low four bits, the one white-space byte that it could
// be.
RUNJOB_AVX2 inline uint64_t SpaceMask(const char* block) {
  const __m256i spaces = _mm256_setr_epi8(' ', -1, -1, -1, -1, -1, -1, -1, -1, 9, 10, 11, 12, 13, -1, -1,  //
                                          ' ', -1, -1, -1, -1, -1, -1, -1, -1, 9, 10, 11, 12, 13, -1, -1);
  const __m256i low = Load(block), high = Load(block + 32);
  return Mask(_mm256_cmpeq_epi8(low, _mm256_shuffle_epi8(spaces, low)),
              _mm256_cmpeq_epi8(high, _mm256_shuffle_epi8(spaces, high)));
}

// A-Z -> a-z; other bytes stay. Adding 37 takes 'A'..'Z', and nothing else, to 102..127 of the signed bytes.
RUNJOB_AVX2 inline __m256i ToLower(__m256i v) {
  const __m256i upper = _mm256_cmpgt_epi8(_mm256_add_epi8(v, _mm256_set1_epi8(37)), _mm256_set1_epi8(101));
  return _mm256_or_si256(v, _mm256_and_si256(upper, _mm256_set1_epi8(0x20)));
}

}  // namespace avx2
#endif

}  // namespace runjob
