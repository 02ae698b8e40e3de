// Shared by the byte kernels: the CPU's level, detected at run time, and 64 bytes at a time as bit masks (bit i for
// byte i). Every function of a higher level has a portable twin with the same results.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/word.h"

#if defined(__x86_64__)
#include <immintrin.h>
// Functions with these attributes may be called only where HasAvx2(), and HasAvx512().
#define RUNJOB_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define RUNJOB_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,avx2,bmi,bmi2,popcnt")))
#endif

namespace runjob {

enum class SimdLevel { kPortable, kAvx2, kAvx512 };

// The CPU's level, or the lower one that RUNJOB_SIMD names, so that the twins can be tested and measured.
inline SimdLevel FindSimdLevel() {
#if defined(__x86_64__)
  const char* const asked = std::getenv("RUNJOB_SIMD");
  const std::string_view most = asked == nullptr ? "" : asked;
  if (most == "portable" || !__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") ||
      !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("popcnt")) {
    return SimdLevel::kPortable;
  }
  if (most == "avx2" || !__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512vbmi2")) {
    return SimdLevel::kAvx2;
  }
  return SimdLevel::kAvx512;
#else
  return SimdLevel::kPortable;
#endif
}

inline SimdLevel Simd() {
  static const SimdLevel level = FindSimdLevel();
  return level;
}
inline bool HasAvx2() { return Simd() >= SimdLevel::kAvx2; }
inline bool HasAvx512() { return Simd() >= SimdLevel::kAvx512; }

inline const char* SimdName() {
  switch (Simd()) {
    case SimdLevel::kAvx512:
      return "avx512";
    case SimdLevel::kAvx2:
      return "avx2";
    case SimdLevel::kPortable:
      break;
  }
  return "portable";
}

// The low `n` bits set, n = 1..64.
inline uint64_t LowBits(size_t n) { return ~uint64_t{0} >> (64 - n); }

// BitPositions of any level writes at most this many positions after those that there are.
constexpr size_t kMostExtraPositions = 15;

// Writes the positions of the set bits, plus `base`, at `out`; returns how many.
__attribute__((always_inline)) inline size_t BitPositions(uint64_t bits, uint32_t base, uint32_t* out) {
  const size_t count = static_cast<size_t>(__builtin_popcountll(bits));
  // Eight without a check of the count: a mispredicted branch costs more than the writes.
  for (size_t done = 0; done < count; done += 8) {
    for (size_t i = 0; i < 8; i++) {
      out[done + i] = base + static_cast<uint32_t>(std::countr_zero(bits));
      bits &= bits - 1;
    }
  }
  return count;
}

namespace portable {

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

RUNJOB_AVX2 inline __m256i Load(const char* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }

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

namespace avx512 {

RUNJOB_AVX512 inline uint64_t EqualMask(const char* block, char c) {
  return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(block), _mm512_set1_epi8(c));
}

// As avx2::SpaceMask.
RUNJOB_AVX512 inline uint64_t SpaceMask(const char* block) {
  const __m512i spaces = _mm512_maskz_broadcast_i32x4(
      0xFFFF, _mm_setr_epi8(' ', -1, -1, -1, -1, -1, -1, -1, -1, 9, 10, 11, 12, 13, -1, -1));
  const __m512i v = _mm512_loadu_si512(block);
  return _mm512_cmpeq_epi8_mask(v, _mm512_shuffle_epi8(spaces, v));
}

// The first 16 bytes. (gcc 12 warns of what _mm512_castsi512_si128 leaves undefined.)
RUNJOB_AVX512 inline __m128i First16(__m512i v) { return (__m128i)__builtin_shufflevector((__v8di)v, (__v8di)v, 0, 1); }

// As runjob::BitPositions, without a loop over the bits: their numbers are moved together, and 16 written at a time.
RUNJOB_AVX512 inline size_t BitPositions(uint64_t bits, uint32_t base, uint32_t* out) {
  alignas(64) static constexpr uint8_t kNumbers[64] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                                       16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
                                                       32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
                                                       48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
  const size_t count = static_cast<size_t>(__builtin_popcountll(bits));
  const __m512i from = _mm512_set1_epi32(static_cast<int>(base));
  __m512i numbers = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(kNumbers));
  for (size_t done = 0; done < count; done += 16) {
    const __m512i positions = _mm512_add_epi32(from, _mm512_maskz_cvtepu8_epi32(0xFFFF, First16(numbers)));
    _mm512_storeu_si512(out + done, positions);
    numbers = _mm512_maskz_alignr_epi32(0x0FFF, numbers, numbers, 4);  // the next 16
  }
  return count;
}

}  // namespace avx512
#endif

}  // namespace runjob
