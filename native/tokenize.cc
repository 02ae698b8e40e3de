// Words. A strip of text at a time goes through three passes, while it is in the L1 cache:
//
//   raw bytes -> mapped bytes     lower case; Unicode white space -> spaces; invalid UTF-8 -> U+FFFD
//             -> word bounds      a bit mask of white space per 64 bytes, its changes as positions
//             -> batch of words   copied one after another
//
// After the first pass nothing but ASCII white space separates words, so the others know nothing of Unicode.

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <string>

#include "lowercase.h"
#include "mapper.h"
#include "simd.h"
#include "text_mapper.h"
#include "utf8.h"

namespace runjob {

namespace {

constexpr size_t kStripBytes = 4096;
// An invalid byte becomes three bytes; nothing grows more.
constexpr size_t kMappedBytes = 3 * kStripBytes;
constexpr size_t kPadding = 64;

// Copies text, in lower case (ASCII only) if asked; returns whether there are bytes beyond ASCII.
// May write up to 31 bytes past out + n.
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

bool CopyText(const char* in, size_t n, bool lowercase, char* out) {
#if defined(__x86_64__)
  if (HasAvx2()) return CopyAvx2(in, n, lowercase, out);
#endif
  return CopyPortable(in, n, lowercase, out);
}

// Where words start and end, in turn. A word that goes on at the end of the text ends there for now.
struct WordBounds {
  // A mapped byte starts or ends a word at most; the rest is what BitPositions may write too much.
  uint32_t positions[kMappedBytes + kPadding];
  size_t count = 0;
  uint64_t newlines = 0;
  bool in_word = false;  // also says, before, how the text before this one ended
};

// Adds the `n` bytes at `at`, whose masks are given.
__attribute__((always_inline)) inline void AddBlock(uint64_t space, uint64_t newline, size_t at, size_t n,
                                                    WordBounds* bounds) {
  const uint64_t word = ~space;
  const uint64_t changes = (word ^ (word << 1 | (bounds->in_word ? 1 : 0))) & LowBits(n);
  bounds->count += BitPositions(changes, static_cast<uint32_t>(at), bounds->positions + bounds->count);
  bounds->newlines += static_cast<uint64_t>(__builtin_popcountll(newline & LowBits(n)));
  bounds->in_word = (word >> (n - 1) & 1) != 0;
}

void AddBlocksPortable(const char* text, size_t size, WordBounds* bounds) {
  for (size_t at = 0; at < size; at += 64) {
    AddBlock(portable::SpaceMask(text + at), portable::EqualMask(text + at, '\n'), at,
             std::min<size_t>(64, size - at), bounds);
  }
}

#if defined(__x86_64__)
RUNJOB_AVX2 void AddBlocksAvx2(const char* text, size_t size, WordBounds* bounds) {
  for (size_t at = 0; at < size; at += 64) {
    AddBlock(avx2::SpaceMask(text + at), avx2::EqualMask(text + at, '\n'), at,
             std::min<size_t>(64, size - at), bounds);
  }
}
#endif

// REQUIRES: kPadding bytes can be read past the end of the text.
void FindWords(const char* text, size_t size, WordBounds* bounds) {
  bounds->count = 0;
  bounds->newlines = 0;
  if (bounds->in_word) bounds->positions[bounds->count++] = 0;
#if defined(__x86_64__)
  if (HasAvx2()) {
    AddBlocksAvx2(text, size, bounds);
  } else {
    AddBlocksPortable(text, size, bounds);
  }
#else
  AddBlocksPortable(text, size, bounds);
#endif
  if (bounds->in_word) bounds->positions[bounds->count++] = static_cast<uint32_t>(size);
}

bool Continues(char c) { return (c & 0xC0) == 0x80; }

// Where characters start that may have to change, as a bit mask per 64 bytes. More bits than needed do no harm: each
// costs a look at the character.
void FindCandidatesPortable(const char* text, size_t size, uint64_t* candidates) {
  for (size_t at = 0; at < size; at += 64) {
    uint64_t high = 0;
    for (size_t i = 0; i < 64; i += 8) {
      high |= portable::Gather(portable::Load64(text + at + i) & portable::kHighs) << i;
    }
    candidates[at / 64] = high & LowBits(std::min<size_t>(64, size - at));
  }
}

#if defined(__x86_64__)
// Masks of 64 bytes: those beyond ASCII; bytes 10xxxxxx; leads of characters of two, three, four bytes; leads of
// characters that stay as they are.
struct Utf8Masks {
  uint64_t high, continuation, lead2, lead3, lead4, stays;
};

// `stays`: CaseTable::stays_by_lead. The byte after the block is looked at, too.
RUNJOB_AVX2 inline Utf8Masks ReadUtf8Masks(const char* block, const uint8_t* stays) {
  const auto table = [stays](size_t i) RUNJOB_AVX2 {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(stays + i)));
  };
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
    const __m256i of_lead =
        _mm256_or_si256(_mm256_or_si256(_mm256_and_si256(is_c, _mm256_shuffle_epi8(table(0), low)),
                                        _mm256_and_si256(is_d, _mm256_shuffle_epi8(table(16), low))),
                        _mm256_and_si256(is_e, _mm256_shuffle_epi8(table(32), low)));
    const __m256i group = _mm256_shuffle_epi8(groups, _mm256_and_si256(_mm256_srli_epi16(second, 4), nibble));
    const __m256i changes = _mm256_cmpeq_epi8(_mm256_and_si256(of_lead, group), _mm256_setzero_si256());
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

RUNJOB_AVX2 void FindCandidatesAvx2(const char* text, size_t size, const uint8_t* stays, uint64_t* candidates) {
  uint64_t carry = 0;  // continuation bytes that the block before promises
  for (size_t at = 0; at < size; at += 64) {
    const Utf8Masks m = ReadUtf8Masks(text + at, stays);
    const uint64_t all = LowBits(std::min<size_t>(64, size - at));
    const uint64_t leads = m.lead2 | m.lead3 | m.lead4;
    const uint64_t longer = m.lead3 | m.lead4;
    const uint64_t promised = leads << 1 | longer << 2 | m.lead4 << 3 | carry;
    carry = leads >> 63 | longer >> 62 | m.lead4 >> 61;
    if (((m.continuation ^ promised) & all) != 0) {
      candidates[at / 64] = m.high & all;  // something is invalid, maybe right here
    } else {
      // What reaches past the block is for the careful path: nobody has seen all of it yet.
      const uint64_t last = leads & ~(all >> 3);
      candidates[at / 64] = ((m.high & ~m.continuation & ~m.stays) | last) & all;
    }
  }
}
#endif

// REQUIRES: kPadding bytes can be read past the end.
void FindCandidates(const char* text, size_t size, const CaseTable& table, uint64_t* candidates) {
#if defined(__x86_64__)
  if (HasAvx2()) return FindCandidatesAvx2(text, size, table.stays_by_lead(), candidates);
#endif
  FindCandidatesPortable(text, size, candidates);
}

// The first candidate at or after `from`, or `size`.
size_t NextCandidate(const uint64_t* candidates, size_t from, size_t size) {
  if (from >= size) return size;
  uint64_t bits = candidates[from / 64] & ~uint64_t{0} << (from % 64);
  for (size_t at = from / 64 * 64;;) {
    if (bits != 0) return at + static_cast<size_t>(std::countr_zero(bits));
    at += 64;
    if (at >= size) return size;
    bits = candidates[at / 64];
  }
}

class WordsMapper final : public TextMapper {
 public:
  WordsMapper(bool lowercase, Collector* collector) : TextMapper(collector), lowercase_(lowercase) {}

 protected:
  Status Take(Slice text, bool final) override {
    size_t at = 0;
    while (!tail_.empty() && (at < text.size || final)) {
      // The tail with a little more behind it; if that does not decide, with twice as much.
      const size_t before = tail_.size();
      const size_t more = std::min(std::max<size_t>(before, 64), text.size - at);
      if (more > 0) tail_.append(text.data + at, more);
      at += more;
      size_t mapped;
      RUNJOB_RETURN_IF_ERROR(Map(tail_, final && at == text.size, &mapped));
      if (mapped >= before) {
        at -= tail_.size() - mapped;
        tail_.clear();
      } else {
        tail_.erase(0, mapped);
      }
    }
    if (at == text.size) return Status::Ok();
    size_t mapped;
    RUNJOB_RETURN_IF_ERROR(Map(Slice(text.data + at, text.size - at), final, &mapped));
    tail_.assign(text.data + at + mapped, text.size - at - mapped);
    return Status::Ok();
  }

 private:
  // How far a strip came: `raw` bytes became `mapped` bytes. `stuck`: what follows depends on bytes yet to
  // come.
  struct Progress {
    size_t raw;
    size_t mapped;
    bool stuck;
  };

  // Appends the words of `text` as far as it can be mapped: *taken bytes. The rest is part of a character, or
  // a sigma whose context goes on. `final`: a line, and so any such thing, ends with the text.
  Status Map(Slice text, bool final, size_t* taken) {
    const CaseTable& table = lowercase_ ? CaseTable::Lower() : CaseTable::Keep();
    size_t at = 0;
    for (bool stuck = false; at < text.size && !stuck;) {
      const size_t n = std::min(kStripBytes, text.size - at);
      Progress progress{n, n, false};
      if (CopyText(text.data + at, n, lowercase_, mapped_)) progress = MapStrip(table, text, at, n, final);
      at += progress.raw;
      stuck = progress.stuck;
      RUNJOB_RETURN_IF_ERROR(AppendWords(progress.mapped));
    }
    if (table.needs_context()) cased_before_ = table.CasedBefore(text.data, text.data + at, cased_before_);
    *taken = at;
    return Status::Ok();
  }

  // Maps what is beyond ASCII in the strip at `start`, whose ASCII has been mapped in place. That stays where
  // it is until a character changes its length; few do.
  Progress MapStrip(const CaseTable& table, Slice text, size_t start, size_t n, bool final) {
    const char* const strip = text.data + start;
    const char* const end = text.data + text.size;
    const bool cut = start + n < text.size;  // the text goes on, so a last character may, too
    size_t raw = 0;
    size_t mapped = 0;
    bool moved = false;
    FindCandidates(mapped_, n, table, candidates_);
    while (true) {
      const size_t next = NextCandidate(candidates_, raw, n);
      if (moved) CopyText(strip + raw, next - raw, lowercase_, mapped_ + mapped);
      mapped += next - raw;
      raw = next;
      if (raw == n) return {raw, mapped, false};
      // An invalid character may leave bytes behind that are no candidates: the next one starts right there.
      do {
        const char* const p = strip + raw;
        if (raw + 2 <= n && (*p & 0xE0) == 0xC0 && Continues(p[1])) {
          const uint16_t two = table.TwoBytes((p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu));
          if (two != 0) {
            std::memcpy(mapped_ + mapped, &two, 2);
            raw += 2;
            mapped += 2;
            continue;
          }
        }
        const Utf8Char c = DecodeUtf8(p, end);
        if (cut && raw + c.length > n) return {raw, mapped, false};
        if (c.truncated && !final) return {raw, mapped, true};
        uint32_t length;
        if (c.code_point == kCapitalSigma && table.needs_context()) {
          const CaseTable::After after = CasedAfter(table, text.data, p + c.length, end, final);
          if (after == CaseTable::After::kUndecided) return {raw, mapped, true};
          const bool is_final = after == CaseTable::After::kNotCased &&  //
                                table.CasedBefore(text.data, p, cased_before_);
          length = EncodeUtf8(is_final ? kFinalSigma : kSmallSigma, mapped_ + mapped);
        } else {
          char bytes[4];
          length = table.Map(c, bytes);
          if (length != c.length) moved = true;
          std::memcpy(mapped_ + mapped, bytes, length);
        }
        raw += c.length;
        mapped += length;
      } while (raw < n && Continues(strip[raw]));
    }
  }

  // The context of a sigma that ends at `p`. A sigma that was undecided is the first thing in the tail, and
  // what was seen of its context then is not looked at again.
  CaseTable::After CasedAfter(const CaseTable& table, const char* start, const char* p, const char* end,
                              bool final) {
    const bool resumed = p == start + 2 && sigma_context_ > 0;
    const char* from = resumed ? start + sigma_context_ : p;
    const CaseTable::After after = table.CasedAfter(&from, end, final);
    sigma_context_ = after == CaseTable::After::kUndecided ? static_cast<size_t>(from - (p - 2)) : 0;
    return after;
  }

  Status AppendWords(size_t size) {
    FindWords(mapped_, size, &bounds_);
    records_in_ += bounds_.newlines;
    return keys_.Append(mapped_, size, bounds_.positions, bounds_.count / 2, bounds_.in_word);
  }

  const bool lowercase_;
  std::string tail_;          // raw bytes that Map could not take
  size_t sigma_context_ = 0;  // > 0: the tail is a sigma whose context is undecided up to there
  bool cased_before_ = false;
  WordBounds bounds_;
  uint64_t candidates_[kStripBytes / 64];
  char mapped_[kMappedBytes + kPadding] = {};
};

}  // namespace

std::unique_ptr<Mapper> NewWordsMapper(bool lowercase, Collector* collector) {
  return std::make_unique<WordsMapper>(lowercase, collector);
}

}  // namespace runjob
