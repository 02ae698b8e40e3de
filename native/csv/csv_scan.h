// Finds where the fields of every CSV row end, for the fields mapper and the CSV reader.
//
// RFC 4180, and what files in the wild add to it: any one-byte delimiter; LF, CRLF or the end of the input
// (with a CR before it or not) ends a row; a quote inside an unquoted field is content. Text after a closing
// quote is an error, and so is an input that ends inside quotes. Empty lines and comments are not records (they
// are among CsvRows, with one field; see `blank`).
//
// An escape takes away the meaning of the byte after it, or of CR and LF together; as the input's last byte it is
// content. Where blanks are trimmed, a quote after them opens a field, and they may follow the closing one.
//
// Two passes, after simdjson (Langdale, Lemire: Parsing Gigabytes of JSON per Second). The first turns 64
// bytes at a time into bit masks and those into an index of separators; the second (the caller's) walks the
// index row by row and touches only the columns it wants. A window of the input is small enough to be in the
// cache for both.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "csv/dialect.h"
#include "record/bad_record.h"

namespace runjob {

// Offsets inside a record, and into the blocks of CsvReader, stay below 2^31.
constexpr size_t kMaxCsvRecordBytes = size_t{1} << 30;
constexpr size_t kMaxCsvColumns = size_t{1} << 24;

// A field as it is in its row, without its quotes.
struct CsvField {
  Slice text;
  // What WriteUndone must undo.
  bool doubled = false;  // quotes
  bool escaped = false;
  bool as_it_stands() const { return !doubled && !escaped; }
};

// Texts that mean a missing value.
class MissingTexts {
 public:
  explicit MissingTexts(std::vector<std::string> texts);
  bool empty() const { return longest_ == 0; }
  bool Has(Slice text) const {
    return text.size - 1 < longest_ && starts_[static_cast<unsigned char>(text.data[0])] && Find(text);
  }

 private:
  bool Find(Slice text) const;

  std::vector<std::string> texts_;
  size_t longest_ = 0;
  bool starts_[256] = {};
};

// Writes a field's text with quotes and escapes undone. REQUIRES: room for text.size bytes. Returns the end.
char* WriteUndone(const CsvField& field, CsvDialect dialect, char* out);

// Complete rows, one after another in memory. Field i ends at data[field_ends[i]], where its
// delimiter or newline is (or where the input ends), and starts after the end of the field before; row r has
// the fields row_ends[r-1] .. row_ends[r].
struct CsvRows {
  const char* data = nullptr;
  size_t size = 0;      // readable bytes from `data` on
  uint64_t offset = 0;  // of data[0], from the start of the first chunk
  // field_ends[first_field - 1] is there too: what row 0 starts after (2^32 - 1 if that is nothing).
  const uint32_t* field_ends = nullptr;
  uint32_t first_field = 0;
  const uint32_t* row_ends = nullptr;
  size_t count = 0;
  CsvDialect dialect;
  // Null: Field() is the whole field. Otherwise there may be blanks, escapes or markers of missing values.
  const MissingTexts* missing = nullptr;

  uint32_t row_first_field(size_t r) const { return r == 0 ? first_field : row_ends[r - 1]; }
  uint32_t row_width(size_t r) const { return row_ends[r] - row_first_field(r); }
  uint32_t field_start(uint32_t i) const { return *(field_ends + i - 1) + 1; }
  uint32_t row_start(size_t r) const { return field_start(row_first_field(r)); }
  uint64_t row_offset(size_t r) const { return offset + row_start(r); }
  // Its bytes, without the line end.
  Slice row(size_t r) const {
    const uint32_t from = row_start(r);
    uint32_t to = field_ends[row_ends[r] - 1];
    if (to > from && data[to - 1] == '\r') to--;
    return Slice(data + from, to - from);
  }
  bool blank(size_t r) const {
    if (row_width(r) != 1) return false;
    const uint32_t from = row_start(r);
    const uint32_t to = field_ends[row_first_field(r)];
    return to == from || (to - from == 1 && data[from] == '\r') || (!dialect.plain() && BlankByDialect(from, to));
  }
  // Whether the fields of row r beyond the first `columns` are all empty.
  bool EndsEmpty(size_t r, uint32_t columns) const;

  // The field that ends at *end. `last`: of its row.
  CsvField FieldAt(const uint32_t* end, bool last) const {
    return missing == nullptr ? Field(end, last) : OddField(end, last);
  }
  CsvField OddField(const uint32_t* end, bool last) const;
  // REQUIRES: missing == nullptr.
  [[gnu::always_inline]] CsvField Field(const uint32_t* end, bool last) const {
    const uint32_t from = end[-1] + 1;
    uint32_t to = *end;
    if (last && to > from && data[to - 1] == '\r') to--;
    CsvField field;
    field.text = Slice(data + from, to - from);
    if (to > from && static_cast<unsigned char>(data[from]) == dialect.quote) [[unlikely]] {
      return Quoted(field.text);
    }
    return field;
  }

 private:
  // By itself, so that what most fields need is inlined.
  CsvField Quoted(Slice text) const;
  bool BlankByDialect(uint32_t from, uint32_t to) const;
};

// Why row r does not fit its file's columns: CSV_LONG_ROW or CSV_SHORT_ROW with the row's offset. Ok if only empty fields are too
// many.
Status MisfitOf(const CsvRows& rows, size_t r, const CsvReadOptions& options);
// Whether row r has the fields that its file's columns require, or is made to fit: ok, or why not.
inline Status CheckWidth(const CsvRows& rows, size_t r, const CsvReadOptions& options) {
  const uint32_t width = rows.row_width(r);
  const bool fits = width <= options.columns && width >= options.least_columns;
  if (fits || options.columns == 0 || options.ragged == RaggedRows::kFill) return Status::Ok();
  return MisfitOf(rows, r, options);
}

// The scanner's state between two bytes.
enum class CsvState : uint8_t {
  kFieldStart = 0,
  kUnquoted = 1,
  kQuoted = 2,
  kQuoteSeen = 3,  // a quote inside quotes: the closing one, or the first of two
  kCloseCr = 4,    // a CR after the closing quote: only LF may follow
  kBad = 5,        // text after the closing quote
  // In some dialects only.
  kRowStart = 6,  // with comments, instead of kFieldStart
  kComment = 7,
  kEscaped = 8,    // an escape outside quotes
  kEscapedCr = 9,  // and a CR after it, which LF may follow
  kQuotedEscape = 10,
  kAfterQuote = 11,  // blanks after the closing quote
};

inline CsvState RowStart(CsvDialect dialect) {
  return dialect.comment < 0 ? CsvState::kFieldStart : CsvState::kRowStart;
}

// What the first pass writes. The caller leaves room for one entry per byte scanned and kCsvIndexSlack more.
struct CsvIndex {
  uint32_t* field_ends;
  size_t fields;
  uint32_t* row_ends;
  size_t rows;
};
constexpr size_t kCsvIndexSlack = 64;

// The first pass: scans data[0..size); field ends are `base` + offset. Returns how far it came: `size`, or
// the offset of the byte that made *state kBad. All three give the same; ScanCsv picks the quickest for the
// machine, Portable works on masks without SIMD, Scalar is the state machine itself.
size_t ScanCsv(CsvDialect dialect, const char* data, size_t size, uint32_t base, CsvState* state, CsvIndex* index);
size_t ScanCsvPortable(CsvDialect dialect, const char* data, size_t size, uint32_t base, CsvState* state,
                       CsvIndex* index);
size_t ScanCsvScalar(CsvDialect dialect, const char* data, size_t size, uint32_t base, CsvState* state,
                     CsvIndex* index);

// Rows from chunks. A row that crosses chunks is assembled in a separate buffer; no byte is scanned twice, except
// after the first line of a skipped bad record.
//
//   scanner.Feed(chunk, limit, last);
//   while (scanner.Next(&rows)) ...   // rows are valid until the next call
//   return scanner.status();
//
// Not thread-safe.
class CsvScanner {
 public:
  // `bad` takes the bad records that are skipped, if the options say so.
  CsvScanner(const CsvReadOptions& options, BadRecords* bad)
      : dialect_(options.dialect),
        missing_(options.missing),
        odd_fields_(!missing_.empty() || dialect_.escape >= 0 || dialect_.trim),
        max_record_bytes_(std::min<uint64_t>(options.max_record_bytes, kMaxCsvRecordBytes)),
        bad_(options.keep_bad ? bad : nullptr),
        state_(RowStart(options.dialect)),
        bom_pending_(options.skip_bom) {}

  // As Mapper::Push; a chunk is smaller than 1 GiB (else BAD_ARGUMENT) and stays in place until Next returns
  // false. REQUIRES: Next returned false since the last Feed, and done() is false, status() ok.
  void Feed(Slice chunk, uint64_t limit, bool last);
  // False when the chunk has no more complete rows that start before the limit, and after an error.
  bool Next(CsvRows* rows);

  bool done() const { return done_; }
  const Status& status() const { return status_; }
  // Start of the first record not handed out yet, from the start of the first chunk. After an error: of the
  // bad one.
  uint64_t position() const { return position_; }

 private:
  void SkipBom();
  uint32_t* field_ends() { return field_ends_.data() + 1; }
  void ScanBytes(Slice bytes, size_t base);
  void HandOut(CsvRows* rows);
  void DropHandedOut();
  void KeepUnfinished();
  bool NextRows(CsvRows* rows);
  void FailTooLarge();
  void Fail(const char* code, std::string detail);
  void BeginPassOver();
  bool EndPassOver();

  const CsvDialect dialect_;
  const MissingTexts missing_;
  const bool odd_fields_;
  const size_t max_record_bytes_;
  BadRecords* const bad_;
  CsvState state_;
  Status status_;
  bool done_ = false;
  uint64_t position_ = 0;

  Slice chunk_;
  uint64_t chunk_offset_ = 0;  // of chunk_.data[0]
  uint64_t limit_ = 0;
  bool last_ = false;
  size_t scanned_ = 0;  // of chunk_

  // The first part of a record that began in an earlier chunk. Until the record is handed out the index
  // counts from its first byte, which is `bias_` ahead of chunk_.
  std::string carry_;
  size_t bias_ = 0;
  bool joined_ = false;  // the rest of the record was added to carry_

  // The index: `rows_` complete rows, of which the first `handed_out_` are with the caller, then the
  // unfinished row. field_ends_ has one entry more, in front (CsvRows).
  std::vector<uint32_t> field_ends_;
  std::vector<uint32_t> row_ends_;
  size_t fields_ = 0;  // without the entry in front
  size_t rows_ = 0;
  size_t handed_out_ = 0;

  // A bad record whose first line is being skipped. chunk_ starts inside that line then; it may lie in
  // rewound_.
  bool passing_over_ = false;
  BadRecord passed_;
  std::string rewound_;

  bool bom_pending_;
  size_t bom_matched_ = 0;
};

// Best guess of the first record start at or after `from` in a chunk from the middle of a file;
// chunk.size if no record starts in it. REQUIRES: 1 <= from <= chunk.size. Without quotes and escapes the answer is
// certain. With quotes, `from` may be inside a quoted field: both possibilities are read on for up to 64
// KiB, and the one wins whose rows have `columns` fields (0: unknown) and whose quotes are where quotes
// belong. A caller that needs certainty compares the answer with where the reader of the bytes before it
// ended.
size_t GuessCsvRecordStart(Slice chunk, size_t from, CsvDialect dialect, uint32_t columns);

}  // namespace runjob
