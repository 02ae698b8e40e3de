// Fields of JSON lines as vectors.
#pragma once

#include <memory>

#include "column/row_places.h"
#include "column/type.h"
#include "column/vector.h"
#include "record/bad_record.h"
#include "record/mapper.h"

namespace runjob {

struct JsonColumnsOptions {
  RecordLimit limit;            // of a line
  bool skip_bom = false;        // the input starts at the file's first byte: drop a UTF-8 byte-order mark
  RowPlaces* places = nullptr;  // gets those of each batch
};

// Each line is an object; a column is a field of it by name, and null where it is missing or null. All of a line must be JSON
// (JSONL_BAD_RECORD), whatever is read of it; of equal names the last counts. A value that its column's type cannot hold is
// CELL_INVALID. Whole numbers are long or int, numbers double or decimal; a string column takes the text of any value. Numbers
// as timestamps are seconds, and binary is base64. Bad rows, here or in the sink, are noted, in `bad` or as Mapper says, if the limit says so. `schema` and
// `sink` must stay where they are. Stops early once the sink is done.
std::unique_ptr<Mapper> NewJsonScan(const JsonColumnsOptions& options, const Schema& schema, ColumnSink* sink,
                                    BadRecords* bad = nullptr);

}  // namespace runjob
