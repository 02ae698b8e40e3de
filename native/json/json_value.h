// Values of JSON, appended to a column.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/column_buffer.h"
#include "column/text_heap.h"
#include "column/type.h"
#include "json/json_fields.h"

namespace runjob {

class JsonValue {
 public:
  // `path` is for errors. The field and the heap must stay where they are.
  JsonValue(const Field& field, std::string path, TextHeap* heap);

  // Appends a value, which has been read before: it is JSON; empty: there is none. Or nothing: CELL_INVALID. Texts stay where they
  // are, or are in the heap.
  Status Append(Slice value, ColumnBuffer* column);

 private:
  Status AppendList(Slice value, ColumnBuffer* column);
  Status AppendStruct(Slice value, ColumnBuffer* column);
  bool AppendString(Slice text, ColumnBuffer* column);
  bool AppendNumber(Slice text, ColumnBuffer* column);
  Slice Text(Slice quoted);

  const Field* field_;
  std::string path_;
  TextHeap* heap_;
  std::vector<JsonValue> children_;     // the element of a list, the fields of a struct
  std::unique_ptr<JsonFields> fields_;  // of a struct
  std::vector<Slice> values_;           // of a struct
};

}  // namespace runjob
