// Lines of text as rows of one column of text.
#pragma once

#include <memory>

#include "column/row_places.h"
#include "column/vector.h"
#include "record/mapper.h"

namespace runjob {

struct LineScanOptions {
  RecordLimit limit;            // of a line
  bool skip_bom = false;        // the input starts at the file's first byte: drop a UTF-8 byte-order mark
  RowPlaces* places = nullptr;  // gets those of each batch
};

// A line ends before LF or CR LF. Invalid UTF-8 becomes U+FFFD, as the WHATWG Encoding Standard says. Rows at fault in the sink are
// noted as bad lines, in `bad` or as Mapper says, if the limit says so. Stops early once the sink is done. REQUIRES: `schema` is one column of text, or none. It, and
// `sink`, must stay where they are.
std::unique_ptr<Mapper> NewLineScan(const LineScanOptions& options, const Schema& schema, ColumnSink* sink,
                                    BadRecords* bad = nullptr);

}  // namespace runjob
