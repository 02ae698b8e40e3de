// Where a pipeline's rows come from if not from a file: the records of an exchange, in the order of their keys.
#pragma once

#include <cstddef>

#include "base/status.h"
#include "column/type.h"
#include "column/vector.h"
#include "record/cursor.h"

namespace runjob {

class RowSource {
 public:
  virtual ~RowSource() = default;

  // Of the rows that it gives.
  virtual const Schema& schema() const = 0;
  // Takes the cursor's next records, about `max_records`, and passes their rows on, perhaps some of them only with a later call. The
  // cursor has been started, and is the same in every call. `records` is how many were taken: 0 at the end, when all rows have
  // been passed on. Does not finish `rows`.
  virtual Status Drain(Cursor* cursor, size_t max_records, ColumnSink* rows, size_t* records) = 0;
  virtual size_t bytes() const = 0;  // held
};

}  // namespace runjob
