// Reads records of a cursor into columns in the caller's memory, for JavaScript.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "record/batch.h"
#include "record/cursor.h"
#include "record/record.h"

namespace runjob {

struct BytesTarget {
  char* bytes = nullptr;
  size_t capacity = 0;       // of `bytes`; below 4 GiB
  uint32_t* ends = nullptr;  // room for `ReadTarget::max_records`
};

struct ReadTarget {
  struct Column {
    double* numbers = nullptr;  // kNumber: room for `max_records`
    BytesTarget bytes;          // kBytes
  };
  BytesTarget keys;
  std::vector<Column> columns;      // one per field of the layout
  uint8_t* group_starts = nullptr;  // null, or room for `max_records`
  size_t max_records = 0;
};

struct ReadOptions {
  bool prefix_grouping = false;            // keys are composite (key_encoding.h): hand out the group part, unescaped
  const uint32_t* partition_of = nullptr;  // not null: stop where the current record's partition changes
};

struct ReadCounts {
  size_t records = 0;
  bool keys_ascii = true;
  bool values_ascii = true;
  // BATCH_TOO_SMALL: what the record needs.
  size_t key_bytes = 0;
  size_t value_bytes = 0;
};

// Reads batch after batch of one cursor; remembers the last key, so that groups are told apart across
// batches.
class BatchReader {
 public:
  // Fills `target` with the next records, as many as fit; none at the end. BATCH_TOO_SMALL if not even one
  // fits: the cursor stays where it is, so the call can be repeated with more room. REQUIRES: the cursor was
  // started.
  Status Read(Cursor* cursor, const Layout& layout, const ReadOptions& options, const ReadTarget& target,
              ReadCounts* counts);

 private:
  bool first_ = true;
  std::string last_key_;
  std::string scratch_;
  std::vector<FieldValue> fields_;
};

}  // namespace runjob
