// CSV for code that wants every field: rows located in one block of bytes, nothing decoded.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "csv_scan.h"
#include "slice.h"
#include "status.h"

namespace runjob {

// Row r's fields are row_ends[r-1] .. row_ends[r]; field i is bytes[starts[i] .. ends[i] without bit 31], its
// quotes left out.
struct CsvBlock {
  static constexpr uint32_t kDoubled = uint32_t{1} << 31;  // in `ends`: the field has doubled quotes to undo

  std::string bytes;  // a copy of the rows as they stand in the input
  bool ascii = true;  // all of `bytes`
  std::vector<uint32_t> row_ends;
  std::vector<uint32_t> starts;
  std::vector<uint32_t> ends;
  std::vector<double> row_offsets;  // where row r starts, from the start of the first chunk

  size_t rows() const { return row_ends.size(); }
};

// Not thread-safe.
class CsvReader {
 public:
  explicit CsvReader(const CsvReadOptions& options) : scanner_(options, &bad_) {}

  // Takes the next bytes (less than 1 GiB) as Mapper::Push does; replaces *out by the records completed with
  // them. After an error *out holds the records before the bad one, position() is its start, and nothing may
  // follow. Errors: CSV_BAD_QUOTE, CSV_UNCLOSED_QUOTE, RECORD_TOO_LARGE, BAD_ARGUMENT.
  Status Push(Slice chunk, uint64_t limit, bool last, CsvBlock* out, bool* done);

  // Bad records passed over since the last call, in order; none unless the options keep them.
  BadRecords TakeBad() { return std::move(bad_); }

  // Where the next record starts, from the start of the first chunk.
  uint64_t position() const { return scanner_.position(); }

 private:
  BadRecords bad_;
  CsvScanner scanner_;
};

}  // namespace runjob
