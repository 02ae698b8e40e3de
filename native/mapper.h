// Native operators that turn the bytes of a file into records for a collector.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bad_record.h"
#include "batch.h"
#include "collector.h"
#include "status.h"

namespace runjob {

constexpr uint64_t kNoLimit = UINT64_MAX;

class Mapper {
 public:
  virtual ~Mapper() = default;

  // Takes the next bytes of the input. Records may cross chunks: the mapper keeps what it could not finish.
  // Processes every complete record that starts before `limit` (an offset from the start of the first chunk;
  // kNoLimit for none); `last` says that the input ends with this chunk, so an unfinished record is complete.
  // Sets *done when a record start at or after `limit` was reached or `last` was handled; nothing may follow then.
  virtual Status Push(Slice chunk, uint64_t limit, bool last, bool* done) = 0;

  uint64_t position() const { return position_; }      // where the next record starts, from the start of the first chunk
  uint64_t records_in() const { return records_in_; }    // lines or rows
  uint64_t records_out() const { return records_out_; }  // given to the collector
  // Bad records passed over since the last call, in order; they count as records_in.
  BadRecords TakeBad() { return std::move(bad_); }

 protected:
  uint64_t position_ = 0;
  uint64_t records_in_ = 0;
  uint64_t records_out_ = 0;
  BadRecords bad_;
};

// Words of JavaScript's line.toLowerCase().split(/\s+/), invalid UTF-8 included (U+FFFD). Key: the word. No columns.
// The limit is for words, and one of less than 16 KiB is taken for that. A line with words that are too long is one bad
// record; what is left out are these words. Its offset is exact if chunks are no larger than the limit.
std::unique_ptr<Mapper> NewWordsMapper(bool lowercase, RecordLimit limit, Collector* collector);
// The bytes between newlines, exactly; CR and byte-order marks are content. Key: the line. No columns.
// The limit is for lines, and one of less than 16 KiB is taken for that.
std::unique_ptr<Mapper> NewLinesMapper(RecordLimit limit, Collector* collector);

struct CsvDialect {
  char delimiter = ',';
  int quote = '"';  // -1: quoting off
};

// How CSV is read, whatever is made of it.
struct CsvReadOptions {
  CsvDialect dialect;
  bool skip_bom = false;                         // the input starts at the file's first byte: drop a UTF-8 byte-order mark
  uint64_t max_record_bytes = uint64_t{1} << 30;  // a longer row is RECORD_TOO_LARGE; 1 GiB at most
  // Bad records are passed over and noted. What is no row by its quotes ends with its first line: a quote that somebody
  // forgot takes no more than that along.
  bool keep_bad = false;
};

struct FieldsOptions {
  CsvReadOptions csv;
  std::vector<uint32_t> keys;  // columns; more than one: a composite key of string parts (key_encoding.h tuples)
  struct Value {
    ValueKind kind = ValueKind::kBytes;
    bool row = false;               // true: `columns` re-written as CSV text (',' and '"', quoted only where needed)
    std::vector<uint32_t> columns;  // one column unless `row`
  };
  std::vector<Value> values;  // one per column of the batches
  bool skip_header = false;   // the first record is a header
  int tag = -1;               // >= 0: keys become prefix + this byte (key_encoding.h), for joins
};
std::unique_ptr<Mapper> NewFieldsMapper(const FieldsOptions& options, Collector* collector);

// The table that lower-casing beyond ASCII uses, made from the JavaScript engine's own answers: entry c is the lower
// case of code point c, with bit 31 set where c is Cased, bit 30 where it is Case_Ignorable, bit 29 where lower case is
// more than one code point (then handled as a special case). Set once per process, before the first byte >= 0x80 is
// pushed to a words mapper; later calls are ignored. Thread-safe.
constexpr uint32_t kLowercaseTableSize = 0x20000;
void SetLowercaseTable(const uint32_t* table);

}  // namespace runjob
