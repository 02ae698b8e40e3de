#include "text/lines.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "base/simd.h"
#include "text/text_mapper.h"

namespace runjob {

namespace {

// Writes the positions of `c` in the text, in order; returns how many. `out` has room for `size` + kMostExtraPositions.
// REQUIRES: 63 bytes can be read past the end.
size_t FindAllPortable(const char* text, size_t size, char c, uint32_t* out) {
  size_t count = 0;
  for (size_t at = 0; at < size; at += 64) {
    const uint64_t found = portable::EqualMask(text + at, c) & LowBits(std::min<size_t>(64, size - at));
    count += BitPositions(found, static_cast<uint32_t>(at), out + count);
  }
  return count;
}

#if defined(__x86_64__)
RUNJOB_AVX2 size_t FindAllAvx2(const char* text, size_t size, char c, uint32_t* out) {
  size_t count = 0;
  for (size_t at = 0; at < size; at += 64) {
    const uint64_t found = avx2::EqualMask(text + at, c) & LowBits(std::min<size_t>(64, size - at));
    count += BitPositions(found, static_cast<uint32_t>(at), out + count);
  }
  return count;
}

RUNJOB_AVX512 size_t FindAllAvx512(const char* text, size_t size, char c, uint32_t* out) {
  size_t count = 0;
  for (size_t at = 0; at < size; at += 64) {
    const uint64_t found = avx512::EqualMask(text + at, c) & LowBits(std::min<size_t>(64, size - at));
    count += avx512::BitPositions(found, static_cast<uint32_t>(at), out + count);
  }
  return count;
}
#endif

size_t FindAll(const char* text, size_t size, char c, uint32_t* out) {
#if defined(__x86_64__)
  if (HasAvx512()) return FindAllAvx512(text, size, c, out);
  if (HasAvx2()) return FindAllAvx2(text, size, c, out);
#endif
  return FindAllPortable(text, size, c, out);
}

size_t CountPortable(const char* text, size_t size, char c) {
  return static_cast<size_t>(std::count(text, text + size, c));
}

#if defined(__x86_64__)
RUNJOB_AVX2 size_t CountAvx2(const char* text, size_t size, char c) {
  size_t count = 0;
  size_t at = 0;
  for (; at + 64 <= size; at += 64) {
    count += static_cast<size_t>(__builtin_popcountll(avx2::EqualMask(text + at, c)));
  }
  return count + CountPortable(text + at, size - at, c);
}
#endif

size_t Count(const char* text, size_t size, char c) {
#if defined(__x86_64__)
  if (HasAvx2()) return CountAvx2(text, size, c);
#endif
  return CountPortable(text, size, c);
}

class LinesMapper final : public TextMapper {
 public:
  LinesMapper(RecordLimit limit, BatchSink* sink) : TextMapper(sink, limit) {}

 protected:
  Status Take(Slice text, bool) override {
    for (size_t at = 0; at < text.size;) {
      const size_t left = text.size - at;
      const char* strip = text.data + at;
      size_t n = kStripBytes;
      if (left < kStripBytes + kPadding) {  // kernels read past the end a little: a chunk's end needs a copy
        n = std::min(left, kStripBytes);
        std::memcpy(end_, strip, n);
        strip = end_;
      }
      const size_t lines = FindAll(strip, n, '\n', newlines_);
      records_in_ += lines;
      bounds_[0] = 0;
      for (size_t i = 0; i < lines; i++) {
        bounds_[2 * i + 1] = newlines_[i];
        bounds_[2 * i + 2] = newlines_[i] + 1;
      }
      bounds_[2 * lines + 1] = static_cast<uint32_t>(n);
      RUNJOB_RETURN_IF_ERROR(keys_.Append(strip, n, bounds_, lines + 1, true));
      RUNJOB_RETURN_IF_ERROR(CheckLength(line_start_));
      if (lines > 0) line_start_ = taken() + at + newlines_[lines - 1] + 1;
      at += n;
    }
    return Status::Ok();
  }

 private:
  static constexpr size_t kStripBytes = 4096;
  static constexpr size_t kPadding = 64;

  uint64_t line_start_ = 0;  // of the open key
  uint32_t newlines_[kStripBytes + kMostExtraPositions];
  uint32_t bounds_[2 * kStripBytes + 2];
  char end_[kStripBytes + kPadding] = {};
};

char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool EqualsAt(const char* p, Slice literal, bool ignore_case) {
  if (!ignore_case) return std::memcmp(p, literal.data, literal.size) == 0;
  for (size_t i = 0; i < literal.size; i++) {
    if (LowerAscii(p[i]) != literal.data[i]) return false;
  }
  return true;
}

const char* FindPortable(const char* p, const char* end, Slice literal, bool ignore_case) {
  if (static_cast<size_t>(end - p) < literal.size) return nullptr;
  if (!ignore_case) {
    const size_t found = std::string_view(p, static_cast<size_t>(end - p)).find({literal.data, literal.size});
    return found == std::string_view::npos ? nullptr : p + found;
  }
  for (const char* stop = end - literal.size; p <= stop; p++) {
    if (LowerAscii(*p) == literal.data[0] && EqualsAt(p, literal, true)) return p;
  }
  return nullptr;
}

#if defined(__x86_64__)
// Looks for the first and the last byte of the literal at their distance, 32 places at once; source: W. Mula,
// "SIMD- friendly algorithms for substring searching". Gives up, with *p moved on, when fewer places are
// left.
RUNJOB_AVX2 const char* FindAvx2(const char** p, const char* end, Slice literal, bool ignore_case) {
  const size_t last = literal.size - 1;
  const __m256i first_byte = _mm256_set1_epi8(literal.data[0]);
  const __m256i last_byte = _mm256_set1_epi8(literal.data[last]);
  const char* at = *p;
  for (; static_cast<size_t>(end - at) >= last + 32; at += 32) {
    __m256i firsts = avx2::Load(at);
    __m256i lasts = avx2::Load(at + last);
    if (ignore_case) {
      firsts = avx2::ToLower(firsts);
      lasts = avx2::ToLower(lasts);
    }
    const __m256i both = _mm256_and_si256(_mm256_cmpeq_epi8(firsts, first_byte), _mm256_cmpeq_epi8(lasts, last_byte));
    for (uint32_t found = static_cast<uint32_t>(_mm256_movemask_epi8(both)); found != 0; found &= found - 1) {
      const char* candidate = at + __builtin_ctz(found);
      if (EqualsAt(candidate, literal, ignore_case)) return candidate;
    }
  }
  *p = at;
  return nullptr;
}
#endif

const char* FindLiteral(const char* p, const char* end, Slice literal, bool ignore_case) {
#if defined(__x86_64__)
  if (HasAvx2()) {
    const char* const found = FindAvx2(&p, end, literal, ignore_case);
    if (found != nullptr) return found;
  }
#endif
  return FindPortable(p, end, literal, ignore_case);
}

// The letters beyond ASCII whose simple case folding (Unicode, CaseFolding.txt, C and S) is an ASCII letter:
// there are two.
struct Folding {
  const char* letter;
  size_t size;
  char folded;
};
constexpr Folding kFoldings[] = {{"\xC5\xBF", 2, 's'}, {"\xE2\x84\xAA", 3, 'k'}};  // long s, Kelvin sign

// `line` with those letters folded.
void FoldLetters(Slice line, std::string* out) {
  out->assign(line.data, line.size);
  for (const Folding& folding : kFoldings) {
    for (size_t at = 0; (at = out->find(folding.letter, at, folding.size)) != std::string::npos; at++) {
      out->replace(at, folding.size, 1, folding.folded);
    }
  }
}

// REQUIRES: there is one.
const char* FindNewline(const char* p, const char* end) {
  return static_cast<const char*>(std::memchr(p, '\n', static_cast<size_t>(end - p)));
}

}  // namespace

std::unique_ptr<Mapper> NewLinesMapper(RecordLimit limit, BatchSink* sink) {
  return std::make_unique<LinesMapper>(limit, sink);
}

LineFilter::LineFilter(Slice literal, bool invert, bool ignore_case, RecordLimit limit)
    : literal_(literal.ToString()),
      findable_(literal_.find('\n') == std::string::npos),
      invert_(invert),
      ignore_case_(ignore_case),
      folds_(ignore_case && literal_.find_first_of("sSkK") != std::string::npos),
      limit_(limit) {
  if (ignore_case) std::transform(literal_.begin(), literal_.end(), literal_.begin(), LowerAscii);
}

Status LineFilter::Push(Slice chunk, uint64_t limit, bool last, std::string* out, bool* done) {
  bool cut;
  Slice text(chunk.data, BytesBeforeLimit(chunk, taken_, limit, &cut));
  taken_ += text.size;
  if (position_ < taken_ - text.size) {  // in the middle of a line
    const size_t newline = std::string_view(text.data, text.size).find('\n');
    const bool ends = newline != std::string_view::npos;
    RUNJOB_RETURN_IF_ERROR(Extend(Slice(text.data, ends ? newline : text.size)));
    const size_t head = ends ? newline + 1 : text.size;
    text = Slice(text.data + head, text.size - head);
    if (ends) FinishLine(taken_ - text.size, out);
  }
  const size_t whole = AfterLastNewline(text);
  if (whole > 0) {
    FilterLines(Slice(text.data, whole), out);
    position_ = taken_ - text.size + whole;
  }
  if (whole < text.size) RUNJOB_RETURN_IF_ERROR(Extend(Slice(text.data + whole, text.size - whole)));

  *done = cut || last;
  if (last && position_ < taken_) FinishLine(taken_, out);
  return Status::Ok();
}

Status LineFilter::Extend(Slice part) {
  if (skips_) return Status::Ok();
  unfinished_.append(part.data, part.size);
  if (unfinished_.size() <= limit_.max_bytes) return Status::Ok();
  Status bad = limit_.TooLong("a line", position_);
  if (!limit_.keep_bad) return bad;
  bad_.Add({std::move(bad), Excerpt(unfinished_)});
  std::string().swap(unfinished_);
  skips_ = true;
  return Status::Ok();
}

void LineFilter::FinishLine(uint64_t end, std::string* out) {
  if (skips_) {
    records_in_++;
    skips_ = false;
  } else {
    unfinished_.push_back('\n');
    FilterLines(unfinished_, out);
    std::string().swap(unfinished_);  // lines can be huge: give the memory back
  }
  position_ = end;
}

void LineFilter::FilterLines(Slice lines, std::string* out) {
  if (folds_ && HoldsFolding(lines)) {
    FilterFolded(lines, out);
    return;
  }
  const char* const end = lines.data + lines.size;
  const uint64_t count = Count(lines.data, lines.size, '\n');
  uint64_t matches = 0;
  const char* line = lines.data;  // the first line that is not dealt with
  while (line < end) {
    const char* const hit = Find(line, end);
    if (hit == nullptr) break;
    const char* const start = line + AfterLastNewline(Slice(line, static_cast<size_t>(hit - line)));
    const char* const next = FindNewline(hit, end) + 1;
    if (invert_) {
      out->append(line, start);
    } else {
      out->append(start, next);
    }
    matches++;
    line = next;
  }
  if (invert_) out->append(line, end);
  records_in_ += count;
  records_out_ += invert_ ? count - matches : matches;
}

bool LineFilter::HoldsFolding(Slice lines) const {
  const char* const end = lines.data + lines.size;
  return std::any_of(std::begin(kFoldings), std::end(kFoldings), [&](const Folding& folding) {
    return literal_.find(folding.folded) != std::string::npos &&
           FindLiteral(lines.data, end, Slice(folding.letter, folding.size), false) != nullptr;
  });
}

void LineFilter::FilterFolded(Slice lines, std::string* out) {
  const char* const end = lines.data + lines.size;
  std::string folded;
  for (const char* line = lines.data; line < end;) {
    const char* const next = FindNewline(line, end) + 1;
    FoldLetters(Slice(line, static_cast<size_t>(next - line)), &folded);
    const bool matches = Find(folded.data(), folded.data() + folded.size()) != nullptr;
    if (matches != invert_) {
      out->append(line, next);
      records_out_++;
    }
    records_in_++;
    line = next;
  }
}

const char* LineFilter::Find(const char* p, const char* end) const {
  if (literal_.empty()) return p;
  if (!findable_) return nullptr;
  return FindLiteral(p, end, literal_, ignore_case_);
}

}  // namespace runjob
