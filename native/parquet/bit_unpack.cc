#include "parquet/bit_unpack.h"

#include <algorithm>
#include <array>

#include "base/simd.h"

namespace runjob::parquet {

namespace {

void UnpackPortable(const char* in, size_t bit, int width, size_t count, uint32_t* out) {
  const uint64_t mask = (uint64_t{1} << width) - 1;
  for (size_t i = 0; i < count; i++, bit += static_cast<size_t>(width)) {
    uint64_t word;
    std::memcpy(&word, in + bit / 8, 8);
    out[i] = static_cast<uint32_t>(word >> (bit & 7) & mask);
  }
}

#if defined(__x86_64__)

// Wider numbers may touch five bytes.
constexpr int kMostShuffled = 25;

// How eight numbers that begin at a byte become words: the four bytes that each begins in, and how far it is from their lowest bit. The last
// four are loaded from byte `upper` on.
struct Shuffle {
  alignas(32) uint8_t bytes[32];
  alignas(32) uint32_t shifts[8];
  size_t upper;
};

constexpr std::array<Shuffle, kMostShuffled + 1> MakeShuffles() {
  std::array<Shuffle, kMostShuffled + 1> shuffles{};
  for (size_t width = 1; width <= kMostShuffled; width++) {
    Shuffle& shuffle = shuffles[width];
    shuffle.upper = 4 * width / 8;
    for (size_t i = 0; i < 8; i++) {
      const size_t bit = i * width - (i < 4 ? 0 : shuffle.upper * 8);
      shuffle.shifts[i] = static_cast<uint32_t>(bit % 8);
      for (size_t byte = 0; byte < 4; byte++) shuffle.bytes[i * 4 + byte] = static_cast<uint8_t>(bit / 8 + byte);
    }
  }
  return shuffles;
}
constexpr std::array<Shuffle, kMostShuffled + 1> kShuffles = MakeShuffles();

// REQUIRES: 0 < width <= kMostShuffled, and `count` is a multiple of 8.
RUNJOB_AVX2 void UnpackAvx2(const char* in, int width, size_t count, uint32_t* out) {
  const Shuffle& shuffle = kShuffles[static_cast<size_t>(width)];
  const __m256i bytes = _mm256_load_si256(reinterpret_cast<const __m256i*>(shuffle.bytes));
  const __m256i shifts = _mm256_load_si256(reinterpret_cast<const __m256i*>(shuffle.shifts));
  const __m256i mask = _mm256_set1_epi32(static_cast<int>((uint32_t{1} << width) - 1));
  for (size_t i = 0; i < count; i += 8, in += width) {
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + shuffle.upper));
    const __m256i words = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), bytes);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), _mm256_and_si256(_mm256_srlv_epi32(words, shifts), mask));
  }
}

RUNJOB_AVX2 uint32_t HighestAvx2(const uint32_t* numbers, size_t count) {
  __m256i most = _mm256_setzero_si256();
  for (size_t i = 0; i < count; i += 8) {
    most = _mm256_max_epu32(most, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(numbers + i)));
  }
  alignas(32) uint32_t eight[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(eight), most);
  return *std::max_element(eight, eight + 8);
}

#endif

}  // namespace

void UnpackBits(const char* in, size_t bit, int width, size_t count, uint32_t* out) {
  if (width == 0) {
    std::memset(out, 0, count * sizeof(uint32_t));
    return;
  }
#if defined(__x86_64__)
  if (width <= kMostShuffled && HasAvx2()) {
    // Up to one that begins at a byte.
    size_t first = 0;
    while ((bit + first * static_cast<size_t>(width)) % 8 != 0 && first < count) first++;
    UnpackPortable(in, bit, width, first, out);
    bit += first * static_cast<size_t>(width);
    const size_t eights = (count - first) / 8 * 8;
    UnpackAvx2(in + bit / 8, width, eights, out + first);
    bit += eights * static_cast<size_t>(width);
    out += first + eights;
    count -= first + eights;
  }
#endif
  UnpackPortable(in, bit, width, count, out);
}

uint32_t Highest(const uint32_t* numbers, size_t count) {
  uint32_t most = 0;
  size_t i = 0;
#if defined(__x86_64__)
  if (HasAvx2()) {
    i = count / 8 * 8;
    most = HighestAvx2(numbers, i);
  }
#endif
  for (; i < count; i++) most = std::max(most, numbers[i]);
  return most;
}

}  // namespace runjob::parquet
