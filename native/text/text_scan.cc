#include "text/text_scan.h"

#include <algorithm>
#include <cstring>

#include "base/simd.h"
#include "base/word.h"

namespace runjob {

namespace {

bool CopyPortable(const char* in, size_t n, bool lowercase, char* out) {
  uint64_t seen = 0;
  for (size_t i = 0; i < n; i += 8) {
    uint64_t v = 0;
    std::memcpy(&v, in + i, std::min<size_t>(8, n - i));
    seen |= v;
    if (lowercase) v |= portable::BytesInRange(v, 'A', 'Z') >> 2;
    std::memcpy(out + i, &v, 8);
  }
  return (seen & portable::kHighs) != 0;
}

#if defined(__x86_64__)
RUNJOB_AVX2 bool CopyAvx2(const char* in, size_t n, bool lowercase, char* out) {
  __m256i seen = _mm256_setzero_si256();
  const __m256i case_bit = _mm256_set1_epi8(lowercase ? -1 : 0);
  const auto copy = [&](const char* from, char* to) RUNJOB_AVX2 {
    const __m256i v = avx2::Load(from);
    seen = _mm256_or_si256(seen, v);
    const __m256i mapped = _mm256_blendv_epi8(v, avx2::ToLower(v), case_bit);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), mapped);
  };
  size_t i = 0;
  for (; i + 32 <= n; i += 32) copy(in + i, out + i);
  if (i < n) {
    char rest[32] = {};
    std::memcpy(rest, in + i, n - i);
    copy(rest, out + i);
  }
  return _mm256_movemask_epi8(seen) != 0;
}
#endif

void FindCandidatesPortable(const char* text, size_t size, uint64_t* candidates) {
  for (size_t at = 0; at < size; at += 64) {
    uint64_t high = 0;
    for (size_t i = 0; i < 64; i += 8) {
      high |= portable::Gather(Load64(text + at + i) & portable::kHighs) << i;
    }
    candidates[at / 64] = high & LowBits(std::min<size_t>(64, size - at));
  }
}

#if defined(__x86_64__)
// Masks of 64 bytes: those beyond ASCII; bytes 10xxxxxx; leads of characters of two, three, four bytes; leads
// of characters that stay as they are.
struct Utf8Masks {
  uint64_t high, continuation, lead2, lead3, lead4, stays;
};

// The byte after the block is read, too.
RUNJOB_AVX2 inline Utf8Masks ReadUtf8Masks(const char* block, const CaseTable::LeadTable& lead_table) {
  const __m256i nibble = _mm256_set1_epi8(15);
  // The group that a second byte belongs to, by its high half: 8, 9, A, B.
  const __m256i groups = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 0, 0, 0, 0,  //
                                          0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 0, 0, 0, 0);
  Utf8Masks masks{};
  for (int i = 0; i < 2; i++) {
    const __m256i v = avx2::Load(block + 32 * i);
    const __m256i second = avx2::Load(block + 32 * i + 1);
    const __m256i low = _mm256_and_si256(v, nibble);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble);
    const auto has_high = [high](char half) RUNJOB_AVX2 { return _mm256_cmpeq_epi8(high, _mm256_set1_epi8(half)); };
    const __m256i is_c = has_high(12), is_d = has_high(13), is_e = has_high(14);
    // What a table of 48 has for leads C0 to EF; 0 for other bytes.
    const auto of_lead = [&](const uint8_t* table) RUNJOB_AVX2 {
      const auto part = [&](size_t at, __m256i is_it) RUNJOB_AVX2 {
        const __m128i sixteen = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table + at));
        return _mm256_and_si256(is_it, _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(sixteen), low));
      };
      return _mm256_or_si256(_mm256_or_si256(part(0, is_c), part(16, is_d)), part(32, is_e));
    };
    const __m256i group = _mm256_shuffle_epi8(groups, _mm256_and_si256(_mm256_srli_epi16(second, 4), nibble));
    const __m256i stays = _mm256_andnot_si256(_mm256_cmpeq_epi8(of_lead(lead_table.exception), second),
                                              _mm256_and_si256(of_lead(lead_table.stays), group));
    const __m256i changes = _mm256_cmpeq_epi8(stays, _mm256_setzero_si256());
    const auto bits = [i](__m256i mask) RUNJOB_AVX2 {
      return static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(mask))) << (32 * i);
    };
    masks.high |= bits(v);
    masks.continuation |= bits(_mm256_cmpgt_epi8(_mm256_set1_epi8(-64), v));
    masks.lead2 |= bits(_mm256_or_si256(is_c, is_d));
    masks.lead3 |= bits(is_e);
    masks.lead4 |= bits(has_high(15));
    masks.stays |= ~bits(changes) & uint64_t{0xFFFFFFFF} << (32 * i);
  }
  return masks;
}

RUNJOB_AVX2 void FindCandidatesAvx2(const char* text, size_t size, const CaseTable::LeadTable& lead_table,
                                    uint64_t* candidates) {
  uint64_t carry = 0;     // continuation bytes that the block before promises
  uint64_t doubtful = 0;  // the same, if the lead that promised them may be invalid
  for (size_t at = 0; at < size; at += 64) {
    const Utf8Masks m = ReadUtf8Masks(text + at, lead_table);
    const uint64_t all = LowBits(std::min<size_t>(64, size - at));
    const uint64_t leads = m.lead2 | m.lead3 | m.lead4;
    const uint64_t longer = m.lead3 | m.lead4;
    const uint64_t promised = leads << 1 | longer << 2 | m.lead4 << 3 | carry;
    carry = leads >> 63 | longer >> 62 | m.lead4 >> 61;
    if (((m.continuation ^ promised) & all) != 0) {
      candidates[at / 64] = m.high & all;  // something is invalid, maybe right here
      doubtful = carry;
    } else {
      // A character that may reach past the block is incomplete.
      const uint64_t last = leads & ~(all >> 3);
      candidates[at / 64] = ((m.high & ~m.continuation & ~m.stays) | last | doubtful) & all;
      doubtful = 0;
    }
  }
}
#endif

}  // namespace

bool CopyText(const char* in, size_t n, bool lowercase, char* out) {
#if defined(__x86_64__)
  if (HasAvx2()) return CopyAvx2(in, n, lowercase, out);
#endif
  return CopyPortable(in, n, lowercase, out);
}

void FindCandidates(const char* text, size_t size, const CaseTable& table, uint64_t* candidates) {
#if defined(__x86_64__)
  if (HasAvx2()) return FindCandidatesAvx2(text, size, table.leads(), candidates);
#endif
  FindCandidatesPortable(text, size, candidates);
}

}  // namespace runjob
