#include "json/json_value.h"

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

}  // namespace

JsonValue::JsonValue(const Field& field, std::string path, TextHeap* heap)
    : field_(&field), path_(std::move(path)), heap_(heap) {
  if (field.type.id == TypeId::kStruct) fields_ = std::make_unique<JsonFields>(NamesOf(field.type.fields));
  for (const Field& inner : field.type.fields) {
    children_.emplace_back(inner, field.type.id == TypeId::kList ? path_ + "[]" : path_ + "." + inner.name, heap);
  }
}

Status JsonValue::Append(Slice value, ColumnBuffer* column) {
  if (value.size == 0 || ViewOf(value) == "null") {
    if (!field_->nullable) {
      return Status::Error("CELL_INVALID", "\"" + path_ + "\" has no value here, and is not nullable");
    }
    column->AppendNull();
    return Status::Ok();
  }
  const char first = value.data[0];
  bool fits = false;
  switch (field_->type.id) {
    case TypeId::kList:
      if (first == '[') return AppendList(value, column);
      break;
    case TypeId::kStruct:
      if (first == '{') return AppendStruct(value, column);
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
        fits = AppendString(Text(value), column);
      } else if (first == '-' || (first >= '0' && first <= '9')) {
        fits = AppendNumber(value, column);
      }
  }
  return fits ? Status::Ok() : Status::Error("CELL_INVALID", BadJsonValue(path_, field_->type, value));
}

Status JsonValue::AppendList(Slice value, ColumnBuffer* column) {
  JsonCursor cursor(value);
  cursor.Take('[');
  ColumnBuffer* const elements = &column->children()[0];
  const size_t start = elements->rows();
  Status status;
  for (bool more = !cursor.Take(']'); more && status.ok(); more = cursor.Take(',')) {
    Slice element;
    cursor.ReadValue(&element);
    status = children_[0].Append(element, elements);
  }
  if (!status.ok()) {
    elements->Truncate(start);
    return status;
  }
  column->AppendList(static_cast<uint32_t>(elements->rows() - start));
  return status;
}

Status JsonValue::AppendStruct(Slice value, ColumnBuffer* column) {
  JsonCursor cursor(value);
  fields_->Read(&cursor, &values_);
  for (size_t i = 0; i < children_.size(); i++) {
    Status status = children_[i].Append(values_[i], &column->children()[i]);
    if (status.ok()) continue;
    for (size_t k = 0; k < i; k++) column->children()[k].Truncate(column->rows());
    return status;
  }
  column->AppendStruct();
  return Status::Ok();
}

bool JsonValue::AppendString(Slice text, ColumnBuffer* column) {
  const Type& type = field_->type;
  switch (type.id) {
    case TypeId::kDouble: {
      double value = 0;
      if (!ParseNamedDouble(text, &value)) return false;
      column->Append(value);
      return true;
    }
    case TypeId::kDecimal:
      return AppendNumber(text, column);
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
      char* const begin = heap_->Allocate(MaxBase64Bytes(text.size));
      const char* const end = ReadBase64(text, begin);
      if (end == nullptr) return false;
      column->Append(StringView(Slice(begin, static_cast<size_t>(end - begin))));
      return true;
    }
    default:
      return false;
  }
}

bool JsonValue::AppendNumber(Slice text, ColumnBuffer* column) {
  const Type& type = field_->type;
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
Slice JsonValue::Text(Slice quoted) {
  const Slice text(quoted.data + 1, quoted.size - 2);
  if (text.size == 0 || std::memchr(text.data, '\\', text.size) == nullptr) return text;
  char* const begin = heap_->Allocate(text.size);
  const auto size = static_cast<size_t>(WriteUnescapedJson(text, begin) - begin);
  heap_->Return(text.size - size);
  return Slice(begin, size);
}

}  // namespace runjob
