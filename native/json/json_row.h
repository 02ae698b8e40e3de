// One line of JSON, appended to columns.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/column_buffer.h"
#include "column/row_buffer.h"
#include "column/type.h"
#include "json/json_fields.h"

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
  // A column, or a field or an element in one.
  struct Node {
    const Field* field;
    std::string path;                    // for errors
    std::unique_ptr<JsonFields> fields;  // of a struct
    std::vector<Slice> values;
    std::vector<Node> children;
  };

  static Node NodeOf(const Field& field, std::string path);
  Status AppendValue(Node* node, Slice value, ColumnBuffer* column);
  Status AppendList(Node* node, Slice value, ColumnBuffer* column);
  Status AppendStruct(Node* node, Slice value, ColumnBuffer* column);
  bool AppendString(const Node& node, Slice text, ColumnBuffer* column);
  bool AppendNumber(const Node& node, Slice text, ColumnBuffer* column);
  Slice Text(Slice quoted);

  JsonFields fields_;
  std::vector<Slice> values_;
  std::vector<Node> nodes_;
  RowBuffer rows_;
};

}  // namespace runjob
