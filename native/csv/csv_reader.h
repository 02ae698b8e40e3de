// CSV for callers that may want every field as a string: rows in a block of text, of which the fields are slices.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "csv/csv_scan.h"

namespace runjob {

// Row r's fields are row_ends[r-1] .. row_ends[r]. Field i goes from fields[2 * i] to fields[2 * i + 1] in
// `bytes` if it is ASCII; else from ~fields[2 * i] in `wide`, so that one accent does not make the other fields
// slow. Its quotes and escapes are removed or undone. If the file's columns are known, each row has exactly a field
// for each of them.
struct CsvBlock {
  struct Row {
    uint64_t offset;  // from the start of the first chunk
    uint32_t start;   // of the row in `bytes`, as it is in the input
    uint32_t size;    // without the line end
  };

  std::string bytes;    // the rows as they are in the input, and fields whose doubled quotes were undone
  std::u16string wide;  // the fields that are not ASCII, decoded: what is no UTF-8 becomes U+FFFD
  std::vector<uint32_t> row_ends;
  std::vector<int32_t> fields;
  std::vector<Row> rows;

  void Clear();
};

// A longer row is RECORD_TOO_LARGE. A block's text is one string of JavaScript, which is shorter than 512 MiB,
// and a row with quotes to undo is in it almost twice.
constexpr size_t kMaxCsvTextRowBytes = size_t{254} << 20;
constexpr size_t kMaxCsvTextChunkBytes = size_t{1} << 20;

// Not thread-safe.
class CsvReader {
 public:
  explicit CsvReader(const CsvReadOptions& options) : options_(Limited(options)), scanner_(options_, &bad_) {}

  // Takes the next bytes (at most kMaxCsvTextChunkBytes) as Mapper::Push does; replaces *out by the records
  // completed with them. After an error *out holds the records before the bad one, position() is its start, and
  // nothing may follow. Errors: CSV_BAD_QUOTE, CSV_UNCLOSED_QUOTE, CSV_LONG_ROW, CSV_SHORT_ROW, RECORD_TOO_LARGE,
  // BAD_ARGUMENT.
  Status Push(Slice chunk, uint64_t limit, bool last, CsvBlock* out, bool* done);

  // Bad records skipped since the last call, in order; none unless the options keep them.
  std::vector<BadRecord> TakeBad() { return bad_.Take(); }

  // Where the next record starts, from the start of the first chunk.
  uint64_t position() const { return position_; }
  // Ragged rows that were dropped, as the options say.
  uint64_t records_dropped() const { return records_dropped_; }

 private:
  Status AppendRows(const CsvRows& rows, CsvBlock* out);
  bool Takes(const CsvRows& rows, size_t r, Status* status);

  static CsvReadOptions Limited(CsvReadOptions options) {
    options.max_record_bytes = std::min<uint64_t>(options.max_record_bytes, kMaxCsvTextRowBytes);
    return options;
  }

  const CsvReadOptions options_;
  BadRecords bad_;
  CsvScanner scanner_;
  uint64_t position_ = 0;
  uint64_t records_dropped_ = 0;
};

}  // namespace runjob
