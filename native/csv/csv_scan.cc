#include "csv/csv_scan.h"

#include <algorithm>
#include <utility>

#include "base/simd.h"

namespace runjob {

namespace {

// Bytes per first pass. With the index they make, about twice as much, they fit the second-level cache.
constexpr size_t kWindowBytes = 64 << 10;
constexpr size_t kGuessBytes = 64 << 10;
constexpr size_t kBomBytes = 3;
constexpr char kBom[] = "\xEF\xBB\xBF";
// After an enormous record, a buffer above this size is given back.
constexpr size_t kKeepCarryBytes = 4 << 20;

enum class CsvEvent : uint8_t { kNone, kField, kRow };

// What a byte outside quotes does, unless it opens or escapes something.
inline CsvEvent Outside(CsvDialect dialect, char byte, CsvState* state) {
  if (byte == '\n') {
    *state = RowStart(dialect);
    return CsvEvent::kRow;
  }
  if (byte == dialect.delimiter) {
    *state = CsvState::kFieldStart;
    return CsvEvent::kField;
  }
  *state = CsvState::kUnquoted;
  return CsvEvent::kNone;
}

// The grammar, one byte at a time.
inline CsvEvent Step(CsvDialect dialect, char byte, CsvState* state) {
  const int value = static_cast<unsigned char>(byte);
  const auto go = [state](CsvState next) {
    *state = next;
    return CsvEvent::kNone;
  };
  switch (*state) {
    case CsvState::kRowStart:
      if (value == dialect.comment) return go(CsvState::kComment);
      [[fallthrough]];
    case CsvState::kFieldStart:
      if (value == dialect.quote) return go(CsvState::kQuoted);
      if (dialect.trim && dialect.is_blank(byte)) return go(CsvState::kFieldStart);
      [[fallthrough]];
    case CsvState::kUnquoted:
      return value == dialect.escape ? go(CsvState::kEscaped) : Outside(dialect, byte, state);
    case CsvState::kQuoted:
      if (value == dialect.quote) return go(CsvState::kQuoteSeen);
      return value == dialect.escape ? go(CsvState::kQuotedEscape) : CsvEvent::kNone;
    case CsvState::kQuotedEscape:
      return go(CsvState::kQuoted);
    case CsvState::kQuoteSeen:
      if (value == dialect.quote) return go(CsvState::kQuoted);
      [[fallthrough]];
    case CsvState::kAfterQuote:
      if (byte == '\r') return go(CsvState::kCloseCr);
      if (dialect.trim && dialect.is_blank(byte)) return go(CsvState::kAfterQuote);
      if (byte != '\n' && byte != dialect.delimiter) return go(CsvState::kBad);
      return Outside(dialect, byte, state);
    case CsvState::kCloseCr:
      return byte == '\n' ? Outside(dialect, byte, state) : go(CsvState::kBad);
    case CsvState::kBad:
      return CsvEvent::kNone;
    case CsvState::kComment:
      return byte == '\n' ? Outside(dialect, byte, state) : CsvEvent::kNone;
    case CsvState::kEscaped:
      return go(byte == '\r' ? CsvState::kEscapedCr : CsvState::kUnquoted);
    case CsvState::kEscapedCr:
      if (byte == '\n') return go(CsvState::kUnquoted);
      return value == dialect.escape ? go(CsvState::kEscaped) : Outside(dialect, byte, state);
  }
  return CsvEvent::kNone;
}

// Bit i of the result: the parity of bits 0..i.
inline uint64_t PrefixXor(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

static_assert(kCsvIndexSlack >= kMostExtraPositions);

// `newlines` are among the `separators`.
using EmitFunction = void (*)(uint64_t separators, uint64_t newlines, uint32_t position, CsvIndex* index);

inline void Emit(uint64_t separators, uint64_t newlines, uint32_t position, CsvIndex* index) {
  const size_t count = BitPositions(separators, position, index->field_ends + index->fields);
  for (; newlines != 0; newlines &= newlines - 1) {
    const uint64_t up_to = separators & (newlines ^ (newlines - 1));
    index->row_ends[index->rows++] =
        static_cast<uint32_t>(index->fields) + static_cast<uint32_t>(__builtin_popcountll(up_to));
  }
  index->fields += count;
}

#if defined(__x86_64__)
RUNJOB_AVX512 inline void EmitAvx512(uint64_t separators, uint64_t newlines, uint32_t position, CsvIndex* index) {
  const size_t count = avx512::BitPositions(separators, position, index->field_ends + index->fields);
  // Which separators are newlines, counted by separators. (Where there is AVX-512, this instruction is fast.)
  const uint64_t ends = _pext_u64(newlines, separators);
  index->rows += avx512::BitPositions(ends, static_cast<uint32_t>(index->fields) + 1, index->row_ends + index->rows);
  index->fields += count;
}
#endif

using EqualMask = uint64_t (*)(const char* block, char byte);

// Which bytes of the block are a dialect's character; none if it has no such.
template <EqualMask kEqual>
[[gnu::always_inline]] inline uint64_t CharacterMask(const char* block, int16_t character) {
  return character < 0 ? 0 : kEqual(block, static_cast<char>(character));
}

// Whether the block needs the state machine: it, or the text before it, has more than delimiters, line ends and
// quotes.
template <EqualMask kEqual>
[[gnu::always_inline]] inline bool NeedsSteps(CsvDialect dialect, const char* block, CsvState state, uint64_t newlines,
                                              uint64_t quotes) {
  const uint64_t row_starts = (newlines << 1) | static_cast<uint64_t>(state == CsvState::kRowStart);
  return (state > CsvState::kCloseCr && state != CsvState::kRowStart) || (dialect.trim && quotes != 0) ||
         CharacterMask<kEqual>(block, dialect.escape) != 0 ||
         (CharacterMask<kEqual>(block, dialect.comment) & row_starts) != 0;
}

// The state after a block outside quotes, where a plain dialect would be in `state`.
inline CsvState EndOfBlock(CsvDialect dialect, const char* block, CsvState state, bool from_field_start,
                           uint64_t separators, uint64_t newlines) {
  if (state == CsvState::kFieldStart) return (newlines >> 63) != 0 ? RowStart(dialect) : state;
  if (state != CsvState::kUnquoted || !dialect.trim) return state;
  const int last = separators == 0 ? -1 : 63 - __builtin_clzll(separators);
  if (last < 0 && !from_field_start) return state;
  for (int i = last + 1; i < 64; i++) {
    if (!dialect.is_blank(block[i])) return state;
  }
  return CsvState::kFieldStart;
}

template <bool kQuotes, bool kPlain, EqualMask kEqual, EmitFunction kEmit>
[[gnu::always_inline]] inline size_t ScanBlocks(CsvDialect dialect, const char* data, size_t size, uint32_t base,
                                                CsvState* state_out, CsvIndex* index_out) {
  CsvState state = *state_out;
  CsvIndex index = *index_out;
  size_t i = 0;
  for (; i + 64 <= size; i += 64) {
    const char* const block = data + i;
    const uint32_t position = base + static_cast<uint32_t>(i);
    const uint64_t newlines = kEqual(block, '\n');
    uint64_t separators = kEqual(block, dialect.delimiter) | newlines;
    const uint64_t quotes = !kQuotes ? 0
                            : kPlain ? kEqual(block, static_cast<char>(dialect.quote))
                                     : CharacterMask<kEqual>(block, dialect.quote);

    bool from_field_start = false;
    if constexpr (!kPlain) {
      if (state == CsvState::kComment && newlines == 0) continue;
      if (NeedsSteps<kEqual>(dialect, block, state, newlines, quotes)) {
        const size_t came = ScanCsvScalar(dialect, block, 64, position, &state, &index);
        if (came < 64) {
          *state_out = state;
          *index_out = index;
          return i + came;
        }
        continue;
      }
      if (state == CsvState::kRowStart) state = CsvState::kFieldStart;
      from_field_start = state == CsvState::kFieldStart;
    }

    if (!kQuotes || (quotes == 0 && state <= CsvState::kQuoted)) {
      if (kQuotes && state == CsvState::kQuoted) continue;
      kEmit(separators, newlines, position, &index);
      state = (separators >> 63) != 0 ? CsvState::kFieldStart : CsvState::kUnquoted;
      if constexpr (!kPlain) state = EndOfBlock(dialect, block, state, from_field_start, separators, newlines);
      continue;
    }

    // Bit i of `inside`: byte i is an opening quote or quoted content. That holds as long as every quote is
    // where the grammar has one; the first that is not sends the whole block through the state machine.
    //
    //   a,"b ""c""",d        quotes     ..1..11.111..
    //                        inside     ..1111.111.1.     (a doubled quote closes and opens again)
    const uint64_t inside = PrefixXor(quotes) ^ (state == CsvState::kQuoted ? ~uint64_t{0} : 0);
    const uint64_t opening = quotes & inside;
    const uint64_t closing = quotes & ~inside;
    separators &= ~inside;
    const bool seen = state == CsvState::kQuoteSeen;
    const uint64_t may_open =
        ((separators | closing) << 1) | static_cast<uint64_t>(seen || state == CsvState::kFieldStart);
    const uint64_t after_close = (closing << 1) | static_cast<uint64_t>(seen);
    const uint64_t close_cr = after_close & kEqual(block, '\r');
    const uint64_t after_cr = (close_cr << 1) | static_cast<uint64_t>(state == CsvState::kCloseCr);
    const uint64_t misplaced =
        (opening & ~may_open) | (after_close & ~(separators | opening | close_cr)) | (after_cr & ~newlines);
    if (misplaced != 0) [[unlikely]] {
      const size_t came = ScanCsvScalar(dialect, block, 64, position, &state, &index);
      if (came < 64) {
        *state_out = state;
        *index_out = index;
        return i + came;
      }
      continue;
    }
    kEmit(separators, newlines & ~inside, position, &index);
    constexpr uint64_t kLast = uint64_t{1} << 63;
    if ((inside & kLast) != 0) {
      state = CsvState::kQuoted;
    } else if ((closing & kLast) != 0) {
      state = CsvState::kQuoteSeen;
    } else if ((separators & kLast) != 0) {
      state = CsvState::kFieldStart;
    } else {
      state = (close_cr & kLast) != 0 ? CsvState::kCloseCr : CsvState::kUnquoted;
    }
    if constexpr (!kPlain) state = EndOfBlock(dialect, block, state, from_field_start, separators, newlines);
  }
  i += ScanCsvScalar(dialect, data + i, size - i, base + static_cast<uint32_t>(i), &state, &index);
  *state_out = state;
  *index_out = index;
  return i;
}

#if defined(__x86_64__)
template <bool kQuotes, bool kPlain>
RUNJOB_AVX2 size_t ScanCsvAvx2(CsvDialect dialect, const char* data, size_t size, uint32_t base, CsvState* state,
                               CsvIndex* index) {
  return ScanBlocks<kQuotes, kPlain, avx2::EqualMask, Emit>(dialect, data, size, base, state, index);
}

template <bool kQuotes, bool kPlain>
RUNJOB_AVX512 size_t ScanCsvAvx512(CsvDialect dialect, const char* data, size_t size, uint32_t base, CsvState* state,
                                   CsvIndex* index) {
  return ScanBlocks<kQuotes, kPlain, avx512::EqualMask, EmitAvx512>(dialect, data, size, base, state, index);
}
#endif

template <bool kQuotes, bool kPlain>
size_t ScanCsvMasks(CsvDialect dialect, const char* data, size_t size, uint32_t base, CsvState* state,
                    CsvIndex* index) {
  return ScanBlocks<kQuotes, kPlain, portable::EqualMask, Emit>(dialect, data, size, base, state, index);
}

using ScanFunction = size_t (*)(CsvDialect dialect, const char* data, size_t size, uint32_t base, CsvState* state,
                                CsvIndex* index);

// The variant of the three for the dialect.
ScanFunction ScanOf(CsvDialect dialect, ScanFunction unquoted, ScanFunction quoted, ScanFunction any) {
  if (!dialect.plain()) return any;
  return dialect.quote < 0 ? unquoted : quoted;
}

}  // namespace

size_t ScanCsvScalar(CsvDialect dialect, const char* data, size_t size, uint32_t base, CsvState* state,
                     CsvIndex* index) {
  CsvState s = *state;
  size_t i = 0;
  for (; i < size; i++) {
    const CsvEvent event = Step(dialect, data[i], &s);
    if (event != CsvEvent::kNone) {
      index->field_ends[index->fields++] = base + static_cast<uint32_t>(i);
      if (event == CsvEvent::kRow) index->row_ends[index->rows++] = static_cast<uint32_t>(index->fields);
    } else if (s == CsvState::kBad) {
      break;
    }
  }
  *state = s;
  return i;
}

size_t ScanCsvPortable(CsvDialect dialect, const char* data, size_t size, uint32_t base, CsvState* state,
                       CsvIndex* index) {
  return ScanOf(dialect, ScanCsvMasks<false, true>, ScanCsvMasks<true, true>, ScanCsvMasks<true, false>)(
      dialect, data, size, base, state, index);
}

size_t ScanCsv(CsvDialect dialect, const char* data, size_t size, uint32_t base, CsvState* state, CsvIndex* index) {
#if defined(__x86_64__)
  if (HasAvx512()) {
    return ScanOf(dialect, ScanCsvAvx512<false, true>, ScanCsvAvx512<true, true>, ScanCsvAvx512<true, false>)(
        dialect, data, size, base, state, index);
  }
  if (HasAvx2()) {
    return ScanOf(dialect, ScanCsvAvx2<false, true>, ScanCsvAvx2<true, true>, ScanCsvAvx2<true, false>)(
        dialect, data, size, base, state, index);
  }
#endif
  return ScanCsvPortable(dialect, data, size, base, state, index);
}

namespace {

// With doubled quotes made single.
char* WriteUndoubled(Slice text, char quote, char* out) {
  const char* p = text.data;
  const char* const end = p + text.size;
  while (p < end) {
    const void* found = std::memchr(p, quote, static_cast<size_t>(end - p));
    // The first quote of the pair is copied with what is before it, the second skipped.
    const char* stop = found == nullptr ? end : static_cast<const char*>(found) + 1;
    std::memcpy(out, p, static_cast<size_t>(stop - p));
    out += stop - p;
    p = found == nullptr ? end : stop + 1;
  }
  return out;
}

// With escapes left out; `doubled`: and doubled quotes made single.
char* WriteUnescaped(Slice text, CsvDialect dialect, bool doubled, char* out) {
  for (size_t i = 0; i < text.size; i++) {
    const int byte = static_cast<unsigned char>(text.data[i]);
    const bool skips = byte == dialect.escape || (doubled && byte == dialect.quote);
    if (skips && i + 1 < text.size) i++;
    *out++ = text.data[i];
  }
  return out;
}

bool Contains(Slice text, int16_t character) {
  return character >= 0 && !text.empty() && std::memchr(text.data, character, text.size) != nullptr;
}

// Where the blanks at the end of unquoted text begin; one that is escaped is content.
uint32_t TrimmedEnd(CsvDialect dialect, const char* data, uint32_t from, uint32_t to) {
  if (dialect.escape < 0) {
    while (to > from && dialect.is_blank(data[to - 1])) to--;
    return to;
  }
  uint32_t end = from;
  for (uint32_t i = from; i < to; i++) {
    const bool escape = static_cast<unsigned char>(data[i]) == dialect.escape;
    if (escape && i + 1 < to) i++;
    if (escape || !dialect.is_blank(data[i])) end = i + 1;
  }
  return end;
}

}  // namespace

char* WriteUndone(const CsvField& field, CsvDialect dialect, char* out) {
  return field.escaped ? WriteUnescaped(field.text, dialect, field.doubled, out)
                       : WriteUndoubled(field.text, static_cast<char>(dialect.quote), out);
}

MissingTexts::MissingTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {
  for (const std::string& text : texts_) {
    if (text.empty()) continue;
    longest_ = std::max(longest_, text.size());
    starts_[static_cast<unsigned char>(text[0])] = true;
  }
}

bool MissingTexts::Find(Slice text) const {
  return std::any_of(texts_.begin(), texts_.end(), [text](const std::string& known) { return Slice(known) == text; });
}

CsvField CsvRows::OddField(const uint32_t* end, bool last) const {
  uint32_t from = end[-1] + 1;
  uint32_t to = *end;
  if (last && to > from && data[to - 1] == '\r') to--;
  if (dialect.trim) {
    while (from < to && dialect.is_blank(data[from])) from++;
  }
  CsvField field;
  if (from < to && static_cast<unsigned char>(data[from]) == dialect.quote) {
    while (dialect.trim && dialect.is_blank(data[to - 1])) to--;
    field.text = Slice(data + from + 1, to - from - 2);
    field.doubled = Contains(field.text, dialect.quote);
  } else {
    if (dialect.trim) to = TrimmedEnd(dialect, data, from, to);
    field.text = Slice(data + from, to - from);
  }
  field.escaped = Contains(field.text, dialect.escape);
  bool is_missing = missing->Has(field.text);
  if (!is_missing && !missing->empty() && !field.as_it_stands()) {
    std::string undone(field.text.size, '\0');
    undone.resize(static_cast<size_t>(WriteUndone(field, dialect, undone.data()) - undone.data()));
    is_missing = missing->Has(Slice(undone));
  }
  return is_missing ? CsvField{Slice(field.text.data, 0)} : field;
}

CsvField CsvRows::Quoted(Slice text) const {
  CsvField field;
  field.text = Slice(text.data + 1, text.size - 2);
  field.doubled = !field.text.empty() && std::memchr(field.text.data, dialect.quote, field.text.size) != nullptr;
  return field;
}

bool CsvRows::BlankByDialect(uint32_t from, uint32_t to) const {
  if (static_cast<unsigned char>(data[from]) == dialect.comment) return true;
  if (!dialect.trim) return false;
  if (data[to - 1] == '\r') to--;
  while (from < to && dialect.is_blank(data[from])) from++;
  return from == to;
}

bool CsvRows::EndsEmpty(size_t r, uint32_t columns) const {
  const uint32_t last = row_ends[r] - 1;
  for (uint32_t i = row_first_field(r) + columns; i <= last; i++) {
    if (!FieldAt(field_ends + i, i == last).text.empty()) return false;
  }
  return true;
}

Status MisfitOf(const CsvRows& rows, size_t r, const CsvReadOptions& options) {
  const uint32_t width = rows.row_width(r);
  const int64_t offset = static_cast<int64_t>(rows.row_offset(r));
  const auto fields = [](uint32_t count) { return std::to_string(count) + (count == 1 ? " field" : " fields"); };
  if (width < options.least_columns) {
    return Status::BadRecord(
        "CSV_SHORT_ROW", "the row has " + fields(width) + ", " + std::to_string(options.least_columns) + " are needed",
        offset);
  }
  if (rows.EndsEmpty(r, options.columns)) return Status::Ok();
  return Status::BadRecord("CSV_LONG_ROW",
                           "the row has " + fields(width) + ", and its file " + std::to_string(options.columns) +
                               (options.columns == 1 ? " column" : " columns"),
                           offset);
}

void CsvScanner::Feed(Slice chunk, uint64_t limit, bool last) {
  if (rewound_.capacity() > kKeepCarryBytes) std::string().swap(rewound_);
  chunk_ = chunk;
  scanned_ = 0;
  limit_ = limit;
  last_ = last;
  if (chunk.size >= kMaxCsvRecordBytes) {
    status_ = Status::Error("BAD_ARGUMENT", "a chunk of CSV must be smaller than 1 GiB");
    return;
  }
  if (bom_pending_ && limit > 0) SkipBom();
  bias_ = carry_.size();
  // The mark counts as part of the first record: a limit inside it does not leave that record to the next reader.
  if (bom_matched_ == kBomBytes && limit > 0) limit_ = std::max<uint64_t>(limit, kBomBytes + 1);
}

// The three bytes may come in three chunks. If they turn out not to be a mark, the held bytes are content.
void CsvScanner::SkipBom() {
  while (bom_matched_ < kBomBytes && chunk_.size > 0 && chunk_.data[0] == kBom[bom_matched_]) {
    bom_matched_++;
    chunk_offset_++;
    chunk_ = Slice(chunk_.data + 1, chunk_.size - 1);
  }
  if (bom_matched_ == kBomBytes) {
    position_ = kBomBytes;
    bom_pending_ = false;
  } else if (chunk_.size > 0 || last_) {
    carry_.assign(kBom, bom_matched_);
    ScanBytes(Slice(carry_), 0);
    bom_matched_ = 0;
    bom_pending_ = false;
  }
}

bool CsvScanner::Next(CsvRows* rows) {
  DropHandedOut();
  for (;;) {
    if (!status_.ok() || done_) return false;
    if (passing_over_ && !EndPassOver()) return false;
    if (NextRows(rows)) return true;
    if (status_.ok() || status_.offset() < 0 || bad_ == nullptr) return false;
    BeginPassOver();
  }
}

bool CsvScanner::NextRows(CsvRows* rows) {
  while (position_ < limit_) {
    if (handed_out_ < rows_) {
      if (bias_ > 0 && field_ends()[row_ends_[0] - 1] > max_record_bytes_) {
        FailTooLarge();
        return false;
      }
      HandOut(rows);
      return true;
    }
    if (state_ == CsvState::kBad) {
      Fail("CSV_BAD_QUOTE", "text after the closing quote of column " + std::to_string(fields_ + 1));
      return false;
    }
    if (fields_ > kMaxCsvColumns) {
      Fail("RECORD_TOO_LARGE", "a row has more than " + std::to_string(kMaxCsvColumns) + " columns");
      return false;
    }
    if (scanned_ < chunk_.size) {
      const size_t size = std::min(kWindowBytes, chunk_.size - scanned_);
      ScanBytes(Slice(chunk_.data + scanned_, size), bias_ + scanned_);
      scanned_ += size;
      continue;
    }
    if (!last_) {
      KeepUnfinished();
      return false;
    }
    if (position_ == chunk_offset_ + chunk_.size) break;
    if (state_ == CsvState::kQuoted || state_ == CsvState::kQuotedEscape) {
      Fail("CSV_UNCLOSED_QUOTE", "the quote that opens column " + std::to_string(fields_ + 1) + " is never closed");
      return false;
    }
    // The end of the input ends the row.
    field_ends()[fields_++] = static_cast<uint32_t>(bias_ + chunk_.size);
    row_ends_[rows_++] = static_cast<uint32_t>(fields_);
    state_ = RowStart(dialect_);
  }
  done_ = true;
  return false;
}

void CsvScanner::ScanBytes(Slice bytes, size_t base) {
  const size_t room = bytes.size + kCsvIndexSlack;
  if (field_ends_.size() < 1 + fields_ + room) field_ends_.resize(1 + fields_ + room);
  if (row_ends_.size() < rows_ + room) row_ends_.resize(rows_ + room);
  CsvIndex index{field_ends(), fields_, row_ends_.data(), rows_};
  ScanCsv(dialect_, bytes.data, bytes.size, static_cast<uint32_t>(base), &state_, &index);
  fields_ = index.fields;
  rows_ = index.rows;
}

// Either the one row that began in an earlier chunk, or all complete rows of the window that start before the
// limit.
void CsvScanner::HandOut(CsvRows* rows) {
  const bool join = bias_ > 0;
  rows->dialect = dialect_;
  rows->missing = odd_fields_ ? &missing_ : nullptr;
  rows->field_ends = field_ends();
  rows->first_field = handed_out_ == 0 ? 0 : row_ends_[handed_out_ - 1];
  rows->row_ends = row_ends_.data() + handed_out_;
  rows->count = join ? 1 : rows_ - handed_out_;

  const size_t start = join ? 0 : static_cast<size_t>(position_ - chunk_offset_);
  *(field_ends() + rows->first_field - 1) = static_cast<uint32_t>(start) - 1;
  if (join) {
    const size_t next = std::min(size_t{field_ends()[row_ends_[0] - 1]} + 1, bias_ + chunk_.size);
    carry_.append(chunk_.data, next - bias_);
    joined_ = true;
    rows->data = carry_.data();
    rows->size = carry_.size();
    rows->offset = position_;
    position_ += next;
  } else {
    rows->data = chunk_.data;
    rows->size = chunk_.size;
    rows->offset = chunk_offset_;
    if (rows->row_offset(rows->count - 1) >= limit_) {
      // Row 0 starts before the limit: position_ does.
      size_t before = 1;
      while (rows->row_offset(before) < limit_) before++;
      rows->count = before;
    }
    const size_t next = std::min(size_t{field_ends()[rows->row_ends[rows->count - 1] - 1]} + 1, chunk_.size);
    position_ = chunk_offset_ + next;
  }
  handed_out_ += rows->count;
}

void CsvScanner::DropHandedOut() {
  if (joined_) {
    for (size_t i = row_ends_[0]; i < fields_; i++) field_ends()[i] -= static_cast<uint32_t>(bias_);
    bias_ = 0;
    joined_ = false;
    carry_.clear();
    if (carry_.capacity() > kKeepCarryBytes) carry_.shrink_to_fit();
  }
  if (rows_ > 0 && handed_out_ == rows_) {
    const size_t dropped = row_ends_[rows_ - 1];
    std::copy(field_ends() + dropped, field_ends() + fields_, field_ends());
    fields_ -= dropped;
    rows_ = 0;
    handed_out_ = 0;
  }
}

// The chunk is used up: copies its part of the next record, and makes that record's index relative to its start.
void CsvScanner::KeepUnfinished() {
  if (chunk_.size == 0) return;
  const size_t start = bias_ > 0 ? 0 : static_cast<size_t>(position_ - chunk_offset_);
  if (carry_.size() + (chunk_.size - start) > max_record_bytes_) {
    FailTooLarge();
    return;
  }
  carry_.append(chunk_.data + start, chunk_.size - start);
  for (size_t i = 0; i < fields_ && start > 0; i++) field_ends()[i] -= static_cast<uint32_t>(start);
  chunk_offset_ += chunk_.size;
  chunk_ = Slice();
  scanned_ = 0;
}

// Notes the failed record, drops the index of it and of what follows, and moves chunk_ back to its first byte.
void CsvScanner::BeginPassOver() {
  passed_ = BadRecord{std::move(status_), {}};
  status_ = Status::Ok();
  passing_over_ = true;
  if (bias_ > 0) {
    std::string record = std::move(carry_);
    record.append(chunk_.data, chunk_.size);
    rewound_ = std::move(record);
    chunk_ = Slice(rewound_);
  } else {
    const size_t start = static_cast<size_t>(position_ - chunk_offset_);
    chunk_ = Slice(chunk_.data + start, chunk_.size - start);
  }
  chunk_offset_ = position_;
  carry_.clear();
  bias_ = 0;
  joined_ = false;
  scanned_ = 0;
  fields_ = 0;
  rows_ = 0;
  handed_out_ = 0;
  state_ = RowStart(dialect_);
}

// False if the chunk ended before the line did, or the input with it.
bool CsvScanner::EndPassOver() {
  const void* const found = chunk_.size == 0 ? nullptr : std::memchr(chunk_.data, '\n', chunk_.size);
  const size_t line =
      found == nullptr ? chunk_.size : static_cast<size_t>(static_cast<const char*>(found) - chunk_.data);
  std::string& excerpt = passed_.excerpt;
  excerpt.append(chunk_.data, std::min(line, kExcerptBytes - excerpt.size()));
  const size_t next = found == nullptr ? line : line + 1;
  chunk_ = Slice(chunk_.data + next, chunk_.size - next);
  chunk_offset_ += next;
  if (found == nullptr && !last_) return false;
  passing_over_ = false;
  position_ = chunk_offset_;
  bad_->Add(std::move(passed_));
  return true;
}

void CsvScanner::FailTooLarge() {
  Fail("RECORD_TOO_LARGE",
       "a row is longer than " + std::to_string(max_record_bytes_) + " bytes; a quote may be missing");
}

void CsvScanner::Fail(const char* code, std::string detail) {
  status_ = Status::BadRecord(code, std::move(detail), static_cast<int64_t>(position_));
}

namespace {

// What further reading shows about a state.
struct Hypothesis {
  CsvState state;
  bool refuted = false;  // text after a closing quote
  bool saw_quote = false;
  size_t good_rows = 0;
  size_t ragged_rows = 0;  // complete, but not `columns` wide
  size_t literal_quotes = 0;

  bool spotless() const { return ragged_rows == 0 && literal_quotes == 0; }
  // Stray quotes are rare, rows of another width even rarer.
  int64_t score() const {
    return 3 * static_cast<int64_t>(good_rows) - static_cast<int64_t>(literal_quotes) -
           8 * static_cast<int64_t>(ragged_rows);
  }
};

// One step that reads on after an error, as if the quote before had been content.
CsvEvent StepOver(CsvDialect dialect, char byte, CsvState* state) {
  const CsvEvent event = Step(dialect, byte, state);
  if (*state == CsvState::kBad) *state = CsvState::kUnquoted;
  return event;
}

void ReadOn(Slice chunk, size_t from, CsvDialect dialect, uint32_t columns, Hypothesis* h) {
  const size_t end = std::min(chunk.size, from + kGuessBytes);
  CsvState state = h->state;
  bool whole_row = chunk.data[from - 1] == '\n' && state == RowStart(dialect);
  size_t row_start = from;
  uint32_t width = 1;
  for (size_t i = from; i < end; i++) {
    const CsvState before = state;
    const CsvEvent event = Step(dialect, chunk.data[i], &state);
    if (static_cast<unsigned char>(chunk.data[i]) == dialect.quote) {
      h->saw_quote = true;
      if (before == CsvState::kUnquoted) h->literal_quotes++;
    }
    if (state == CsvState::kBad) {
      // The byte before `from` looked like a closing quote but was not.
      if (i > from) h->refuted = true;
      h->literal_quotes++;
      state = CsvState::kUnquoted;
    }
    if (event == CsvEvent::kField) width++;
    if (event != CsvEvent::kRow) continue;
    const bool blank = i == row_start || (i == row_start + 1 && chunk.data[row_start] == '\r') ||
                       static_cast<unsigned char>(chunk.data[row_start]) == dialect.comment;
    if (whole_row && !blank) {
      if (columns == 0 || width == columns) {
        h->good_rows++;
      } else {
        h->ragged_rows++;
      }
    }
    whole_row = true;
    row_start = i + 1;
    width = 1;
  }
}

// Whether `quoted` explains the bytes better than `plain`.
bool ExplainsBetter(const Hypothesis& quoted, const Hypothesis& plain) {
  if (quoted.refuted != plain.refuted) return plain.refuted;
  if (!quoted.saw_quote || quoted.good_rows + quoted.ragged_rows == 0) {
    // All of it would be the inside of one long field. Plain rows make that unlikely, unless most are misshapen.
    return plain.ragged_rows > plain.good_rows;
  }
  if (quoted.spotless() != plain.spotless()) return quoted.spotless();
  return quoted.score() > plain.score();
}

}  // namespace

size_t GuessCsvRecordStart(Slice chunk, size_t from, CsvDialect dialect, uint32_t columns) {
  if (dialect.quote < 0 && dialect.escape < 0) {
    const void* newline = std::memchr(chunk.data + from - 1, '\n', chunk.size - from + 1);
    if (newline == nullptr) return chunk.size;
    return static_cast<size_t>(static_cast<const char*>(newline) - chunk.data) + 1;
  }

  const char before = chunk.data[from - 1];
  Hypothesis plain{CsvState::kUnquoted};
  if (before == '\n') plain.state = RowStart(dialect);
  if (before == dialect.delimiter) plain.state = CsvState::kFieldStart;
  if (static_cast<unsigned char>(before) == dialect.quote) plain.state = CsvState::kQuoteSeen;
  if (static_cast<unsigned char>(before) == dialect.escape) plain.state = CsvState::kEscaped;
  Hypothesis quoted{CsvState::kQuoted};
  ReadOn(chunk, from, dialect, columns, &plain);
  ReadOn(chunk, from, dialect, columns, &quoted);

  const bool inside = dialect.quote >= 0 && ExplainsBetter(quoted, plain);
  if (!inside && before == '\n') return from;
  CsvState state = inside ? quoted.state : plain.state;
  for (size_t i = from; i < chunk.size; i++) {
    if (StepOver(dialect, chunk.data[i], &state) == CsvEvent::kRow) return i + 1;
  }
  return chunk.size;
}

}  // namespace runjob
