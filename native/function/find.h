// The first place of some bytes in others.
#pragma once

#include <cstddef>
#include <cstring>

#include "base/slice.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace runjob {

// Null if it is nowhere. Nothing is at the start.
// Sixteen places at a time, by the first and the last byte that are wanted: texts are short, so the C library's search spends its time
// on preparing itself. Source: W. Mula, SIMD-friendly algorithms for substring searching.
inline const char* FindBytes(Slice text, Slice wanted) {
  const size_t n = wanted.size;
  if (n == 0) return text.data;
  if (n > text.size) return nullptr;
  const size_t places = text.size - n + 1;
  const char* const start = text.data;
#if defined(__x86_64__)
  constexpr size_t kWide = 16;
  if (places >= kWide) {
    const __m128i first = _mm_set1_epi8(wanted.data[0]);
    const __m128i last = _mm_set1_epi8(wanted.data[n - 1]);
    for (size_t at = 0;;) {
      const auto load = [start](size_t i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(start + i)); };
      const __m128i both = _mm_and_si128(_mm_cmpeq_epi8(load(at), first), _mm_cmpeq_epi8(load(at + n - 1), last));
      for (auto mask = static_cast<unsigned>(_mm_movemask_epi8(both)); mask != 0; mask &= mask - 1) {
        const char* const p = start + at + __builtin_ctz(mask);
        if (n <= 2 || std::memcmp(p + 1, wanted.data + 1, n - 2) == 0) return p;
      }
      if (at == places - kWide) return nullptr;
      // The last sixteen, some of them for the second time.
      at = at + 2 * kWide <= places ? at + kWide : places - kWide;
    }
  }
#endif
  for (const char* p = start; p < start + places; p++) {
    p = static_cast<const char*>(std::memchr(p, wanted.data[0], static_cast<size_t>(start + places - p)));
    if (p == nullptr) return nullptr;
    if (std::memcmp(p + 1, wanted.data + 1, n - 1) == 0) return p;
  }
  return nullptr;
}

}  // namespace runjob
