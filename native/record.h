// Stored records (batch.h) taken apart and put together.
#pragma once

#include <string>

#include "batch.h"
#include "slice.h"
#include "status.h"

namespace runjob {

struct Field {
  double number = 0;  // kNumber
  Slice bytes;        // kBytes: a view into the record's value
};

// Splits a record's value into `layout.size()` fields. RUN_CORRUPT if its length does not match the layout.
Status SplitValue(Slice value, const Layout& layout, Field* fields);

// Appends the stored value of record `i` of the batch. REQUIRES: every field is below 4 GiB.
void AppendValue(const RecordBatch& batch, size_t i, std::string* out);

}  // namespace runjob
