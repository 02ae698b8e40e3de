// One line of JSON, appended to columns.
#pragma once

#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/row_buffer.h"
#include "column/type.h"
#include "json/json_fields.h"
#include "json/json_value.h"

namespace runjob {

class JsonRows {
 public:
  // `schema` must stay where it is.
  explicit JsonRows(const Schema& schema);

  size_t size() const { return rows_.rows(); }
  // Appends a line, or nothing: JSONL_BAD_RECORD, CELL_INVALID. Texts stay in the line.
  Status Append(Slice line);
  // Valid until the next change.
  const Batch& batch() { return rows_.batch(); }
  void Clear() { rows_.Clear(); }

 private:
  JsonFields fields_;
  std::vector<Slice> values_;
  std::vector<JsonValue> columns_;
  RowBuffer rows_;
};

}  // namespace runjob
