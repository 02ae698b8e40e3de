// Words. A strip of text at a time goes through three passes, while it is in the L1 cache:
//
//   raw bytes -> mapped bytes     lower case; Unicode white space -> spaces; invalid UTF-8 -> U+FFFD
//             -> word bounds      a bit mask of white space per 64 bytes, its changes as positions
//             -> batch of words   copied one after another
//
// After the first pass only ASCII white space separates words, so the other passes ignore Unicode.

#include "text/tokenize.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "base/simd.h"
#include "base/utf8.h"
#include "text/lowercase.h"
#include "text/text_mapper.h"
#include "text/text_scan.h"

namespace runjob {

namespace {

constexpr size_t kStripBytes = 4096;
// An invalid byte becomes three bytes; nothing grows more.
constexpr size_t kMappedBytes = 3 * kStripBytes;
constexpr size_t kPadding = 64;
static_assert(kPadding >= kMostExtraPositions);

// Where words start and end, in turn. A word that continues past the end of the text ends there for now.
struct WordBounds {
  // A mapped byte starts or ends a word at most; the rest is what BitPositions may write too much.
  uint32_t positions[kMappedBytes + kPadding];
  size_t count = 0;
  uint64_t newlines = 0;
  bool in_word = false;  // also says, before, how the text before this one ended
};

// Adds the `n` bytes at `at`, whose masks are given.
template <class Positions>
__attribute__((always_inline)) inline void AddBlock(uint64_t space, uint64_t newline, size_t at, size_t n,
                                                    const Positions& bit_positions, WordBounds* bounds) {
  const uint64_t word = ~space;
  const uint64_t changes = (word ^ (word << 1 | (bounds->in_word ? 1 : 0))) & LowBits(n);
  bounds->count += bit_positions(changes, static_cast<uint32_t>(at), bounds->positions + bounds->count);
  bounds->newlines += static_cast<uint64_t>(__builtin_popcountll(newline & LowBits(n)));
  bounds->in_word = (word >> (n - 1) & 1) != 0;
}

void AddBlocksPortable(const char* text, size_t size, WordBounds* bounds) {
  for (size_t at = 0; at < size; at += 64) {
    AddBlock(portable::SpaceMask(text + at), portable::EqualMask(text + at, '\n'), at, std::min<size_t>(64, size - at),
             BitPositions, bounds);
  }
}

#if defined(__x86_64__)
RUNJOB_AVX2 void AddBlocksAvx2(const char* text, size_t size, WordBounds* bounds) {
  for (size_t at = 0; at < size; at += 64) {
    AddBlock(avx2::SpaceMask(text + at), avx2::EqualMask(text + at, '\n'), at, std::min<size_t>(64, size - at),
             BitPositions, bounds);
  }
}

RUNJOB_AVX512 void AddBlocksAvx512(const char* text, size_t size, WordBounds* bounds) {
  for (size_t at = 0; at < size; at += 64) {
    AddBlock(avx512::SpaceMask(text + at), avx512::EqualMask(text + at, '\n'), at, std::min<size_t>(64, size - at),
             avx512::BitPositions, bounds);
  }
}
#endif

void AddBlocks(const char* text, size_t size, WordBounds* bounds) {
#if defined(__x86_64__)
  if (HasAvx512()) return AddBlocksAvx512(text, size, bounds);
  if (HasAvx2()) return AddBlocksAvx2(text, size, bounds);
#endif
  AddBlocksPortable(text, size, bounds);
}

// REQUIRES: kPadding bytes can be read past the end of the text.
void FindWords(const char* text, size_t size, WordBounds* bounds) {
  bounds->count = 0;
  bounds->newlines = 0;
  if (bounds->in_word) bounds->positions[bounds->count++] = 0;
  AddBlocks(text, size, bounds);
  if (bounds->in_word) bounds->positions[bounds->count++] = static_cast<uint32_t>(size);
}

bool Continues(char c) { return (c & 0xC0) == 0x80; }

class WordsMapper final : public TextMapper {
 public:
  WordsMapper(bool lowercase, RecordLimit limit, BatchSink* sink) : TextMapper(sink, limit), lowercase_(lowercase) {}

 protected:
  Status Take(Slice text, bool final) override {
    size_t at = 0;
    while (!tail_.empty() && (at < text.size || final)) {
      // The tail with a little more after it; if that does not decide, with twice as much.
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
  // Progress in a strip: `raw` bytes became `mapped` bytes. `stuck`: the rest depends on later bytes.
  struct Progress {
    size_t raw;
    size_t mapped;
    bool stuck;
  };

  // Appends the words of `text` as far as it can be mapped: *taken bytes. The rest is part of a character, or
  // a sigma whose context continues. `final`: a line, and so any such thing, ends with the text.
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
    const bool cut = start + n < text.size;  // the text continues, so a last character may, too
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
      // An invalid character may leave bytes that are no candidates: the next one starts right there.
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
  // what was seen of its context then is not examined again.
  CaseTable::After CasedAfter(const CaseTable& table, const char* start, const char* p, const char* end, bool final) {
    const bool resumed = p == start + 2 && sigma_context_ > 0;
    const char* from = resumed ? start + sigma_context_ : p;
    const CaseTable::After after = table.CasedAfter(&from, end, final);
    sigma_context_ = after == CaseTable::After::kUndecided ? static_cast<size_t>(from - (p - 2)) : 0;
    return after;
  }

  Status AppendWords(size_t size) {
    FindWords(mapped_, size, &bounds_);
    records_in_ += bounds_.newlines;
    RUNJOB_RETURN_IF_ERROR(keys_.Append(mapped_, size, bounds_.positions, bounds_.count / 2, bounds_.in_word));
    // A word this long began in an earlier chunk, and so did its line.
    return CheckLength(position());
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

std::unique_ptr<Mapper> NewWordsMapper(bool lowercase, RecordLimit limit, BatchSink* sink) {
  return std::make_unique<WordsMapper>(lowercase, limit, sink);
}

}  // namespace runjob
