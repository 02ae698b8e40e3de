#include "json/json_row.h"

#include <utility>

#include "text/json_text.h"

namespace runjob {

namespace {

Status NotJson(std::string problem) { return Status::Error("JSONL_BAD_RECORD", std::move(problem)); }

}  // namespace

JsonRows::JsonRows(const Schema& schema) : fields_(NamesOf(schema)), rows_(schema) {
  columns_.reserve(schema.size());
  for (const Field& field : schema) columns_.emplace_back(field, field.name, &rows_.heap());
}

Status JsonRows::Append(Slice line) {
  JsonCursor cursor(line);
  if (cursor.Peek() != '{') {
    Slice value;
    if (!cursor.ReadValue(&value) || (!cursor.AtEnd() && !cursor.Fail("more follows the value"))) {
      return NotJson(cursor.problem());
    }
    return NotJson("a row must be an object, and this is another value");
  }
  if (!fields_.Read(&cursor, &values_)) return NotJson(cursor.problem());
  if (!cursor.AtEnd()) {
    cursor.Fail("more follows the value");
    return NotJson(cursor.problem());
  }
  for (size_t c = 0; c < columns_.size(); c++) {
    const Status status = columns_[c].Append(values_[c], &rows_.columns()[c]);
    if (status.ok()) continue;
    rows_.DropRow();
    return Status::Error(status.code(), "column " + status.detail());
  }
  rows_.EndRow();
  return Status::Ok();
}

}  // namespace runjob
