#include "json/json_row.h"

#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "base/base64.h"
#include "column/add_rows.h"
#include "column/text.h"
#include "text/json_text.h"

namespace runjob {

namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

std::string_view ViewOf(Slice text) { return {text.data, text.size}; }

std::vector<std::string> NamesOf(const std::vector<Field>& fields) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(field.name);
  return names;
}

bool IsWhole(Slice number) {
  for (size_t i = 0; i < number.size; i++) {
    const char c = number.data[i];
    if (c == '.' || c == 'e' || c == 'E') return false;
  }
  return true;
}

// The strings that stand for doubles which JSON has no number for.
bool ParseNamedDouble(Slice text, double* value) {
  const std::string_view name = ViewOf(text);
  if (name == "NaN") {
    *value = std::numeric_limits<double>::quiet_NaN();
  } else if (name == "Infinity" || name == "INF" || name == "+INF") {
    *value = std::numeric_limits<double>::infinity();
  } else if (name == "-Infinity" || name == "-INF") {
    *value = -std::numeric_limits<double>::infinity();
  } else {
    return false;
  }
  return true;
}

Status BadValue(const std::string& path, const Field& field, Slice value) {
  Field named = field;
  named.name = path;
  return Status::Error("CELL_INVALID", BadJsonValue(named, value));
}

Status NotJson(std::string problem) { return Status::Error("JSONL_BAD_RECORD", std::move(problem)); }

}  // namespace

JsonRows::JsonRows(const Schema& schema) : fields_(NamesOf(schema)), rows_(schema) {
  for (const Field& field : schema) nodes_.push_back(NodeOf(field, field.name));
}

JsonRows::Node JsonRows::NodeOf(const Field& field, std::string path) {
  Node node;
  node.field = &field;
  if (field.type.id == TypeId::kStruct) node.fields = std::make_unique<JsonFields>(NamesOf(field.type.fields));
  for (const Field& inner : field.type.fields) {
    node.children.push_back(NodeOf(inner, field.type.id == TypeId::kList ? path + "[]" : path + "." + inner.name));
  }
  node.path = std::move(path);
  return node;
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
  for (size_t c = 0; c < nodes_.size(); c++) {
    Status status = AppendValue(&nodes_[c], values_[c], &rows_.columns()[c]);
    if (status.ok()) continue;
    rows_.DropRow();
    return status;
  }
  rows_.EndRow();
  return Status::Ok();
}

// `value` is empty where there is none. It has been read before: it is JSON.
Status JsonRows::AppendValue(Node* node, Slice value, ColumnBuffer* column) {
  const Field& field = *node->field;
  if (value.size == 0 || ViewOf(value) == "null") {
    if (!field.nullable) {
      return Status::Error("CELL_INVALID", "column \"" + node->path + "\" has no value here, and is not nullable");
    }
    column->AppendNull();
    return Status::Ok();
  }
  const char first = value.data[0];
  bool fits = false;
  switch (field.type.id) {
    case TypeId::kList:
      if (first == '[') return AppendList(node, value, column);
      break;
    case TypeId::kStruct:
      if (first == '{') return AppendStruct(node, value, column);
      break;
    case TypeId::kBoolean:
      fits = first == 't' || first == 'f';
      if (fits) column->Append<uint8_t>(first == 't' ? 1 : 0);
      break;
    case TypeId::kString:
      column->Append(StringView(first == '"' ? Text(value) : value));
      fits = true;
      break;
    default:
      if (first == '"') {
        fits = AppendString(*node, Text(value), column);
      } else if (first == '-' || (first >= '0' && first <= '9')) {
        fits = AppendNumber(*node, value, column);
      }
  }
  return fits ? Status::Ok() : BadValue(node->path, field, value);
}

Status JsonRows::AppendList(Node* node, Slice value, ColumnBuffer* column) {
  JsonCursor cursor(value);
  cursor.Take('[');
  ColumnBuffer* const elements = &column->children()[0];
  const size_t start = elements->rows();
  Status status;
  for (bool more = !cursor.Take(']'); more && status.ok(); more = cursor.Take(',')) {
    Slice element;
    cursor.ReadValue(&element);
    status = AppendValue(&node->children[0], element, elements);
  }
  if (!status.ok()) {
    elements->Truncate(start);
    return status;
  }
  column->AppendList(static_cast<uint32_t>(elements->rows() - start));
  return status;
}

Status JsonRows::AppendStruct(Node* node, Slice value, ColumnBuffer* column) {
  JsonCursor cursor(value);
  node->fields->Read(&cursor, &node->values);
  for (size_t i = 0; i < node->children.size(); i++) {
    Status status = AppendValue(&node->children[i], node->values[i], &column->children()[i]);
    if (status.ok()) continue;
    for (size_t k = 0; k < i; k++) column->children()[k].Truncate(column->rows());
    return status;
  }
  column->AppendStruct();
  return Status::Ok();
}

bool JsonRows::AppendString(const Node& node, Slice text, ColumnBuffer* column) {
  const Type& type = node.field->type;
  switch (type.id) {
    case TypeId::kDouble: {
      double value = 0;
      if (!ParseNamedDouble(text, &value)) return false;
      column->Append(value);
      return true;
    }
    case TypeId::kDecimal:
      return AppendNumber(node, text, column);
    case TypeId::kDate: {
      int32_t days = 0;
      if (!ParseDate(text, &days)) return false;
      column->Append(days);
      return true;
    }
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz: {
      int64_t micros = 0;
      const bool is_instant = type.id == TypeId::kTimestamp;
      if (!(is_instant ? ParseTimestamp(text, &micros) : ParseTimestampNtz(text, &micros))) return false;
      column->Append(micros);
      return true;
    }
    case TypeId::kBinary: {
      char* const begin = rows_.heap().Allocate(MaxBase64Bytes(text.size));
      const char* const end = ReadBase64(text, begin);
      if (end == nullptr) return false;
      column->Append(StringView(Slice(begin, static_cast<size_t>(end - begin))));
      return true;
    }
    default:
      return false;
  }
}

bool JsonRows::AppendNumber(const Node& node, Slice text, ColumnBuffer* column) {
  const Type& type = node.field->type;
  switch (type.id) {
    case TypeId::kInt: {
      int32_t value = 0;
      if (!ParseInt(text, &value)) return false;
      column->Append(value);
      return true;
    }
    case TypeId::kLong: {
      int64_t value = 0;
      if (!ParseLong(text, &value)) return false;
      column->Append(value);
      return true;
    }
    case TypeId::kDouble: {
      double value = 0;
      if (!ParseHeldDouble(text, &value)) return false;
      column->Append(value);
      return true;
    }
    case TypeId::kDecimal: {
      __int128 value = 0;
      if (!ParseDecimal(text, type.precision, type.scale, &value)) return false;
      if (type.is_wide()) {
        column->Append(value);
      } else {
        column->Append(static_cast<int64_t>(value));
      }
      return true;
    }
    case TypeId::kTimestamp: {
      int64_t seconds = 0;
      if (!IsWhole(text) || !ParseLong(text, &seconds)) return false;
      const int64_t largest = std::numeric_limits<int64_t>::max() / kMicrosPerSecond;
      if (seconds > largest || seconds < -largest) return false;
      column->Append(seconds * kMicrosPerSecond);
      return true;
    }
    default:
      return false;
  }
}

// The text of a string with its quotes.
Slice JsonRows::Text(Slice quoted) {
  const Slice text(quoted.data + 1, quoted.size - 2);
  if (text.size == 0 || std::memchr(text.data, '\\', text.size) == nullptr) return text;
  char* const begin = rows_.heap().Allocate(text.size);
  const auto size = static_cast<size_t>(WriteUnescapedJson(text, begin) - begin);
  rows_.heap().Return(text.size - size);
  return Slice(begin, size);
}

}  // namespace runjob
