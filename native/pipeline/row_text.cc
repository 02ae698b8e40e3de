#include "pipeline/row_text.h"

#include <cmath>

#include "base/base64.h"
#include "base/json.h"
#include "base/number.h"
#include "column/text.h"

namespace runjob {

namespace {

// Whether JSON has it as a string.
bool IsQuoted(const Vector& column, size_t row) {
  switch (column.type->id) {
    case TypeId::kDouble:
      return !std::isfinite(column.at<double>(row));
    case TypeId::kBinary:
    case TypeId::kDate:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return true;
    default:
      return false;
  }
}

// {"name": and ,"name": of each field.
std::vector<std::string> KeysOf(const std::vector<Field>& fields) {
  std::vector<std::string> keys;
  for (const Field& field : fields) {
    std::string key(keys.empty() ? "{" : ",");
    AppendJsonString(field.name, &key);
    keys.push_back(key + ":");
  }
  return keys;
}

}  // namespace

void AppendPlain(const Vector& column, size_t row, std::string* out) {
  const Type& type = *column.type;
  switch (type.id) {
    case TypeId::kBoolean:
      out->append(column.at<uint8_t>(row) != 0 ? "true" : "false");
      return;
    case TypeId::kInt:
      return AppendLong(column.at<int32_t>(row), out);
    case TypeId::kLong:
      return AppendLong(column.at<int64_t>(row), out);
    case TypeId::kDouble:
      return AppendNumber(column.at<double>(row), out);
    case TypeId::kDecimal:
      return AppendDecimal(type.is_wide() ? column.at<__int128>(row) : column.at<int64_t>(row), type.scale, out);
    case TypeId::kDate:
      return AppendDate(column.at<int32_t>(row), out);
    case TypeId::kTimestamp:
      AppendIsoTimestamp(column.at<int64_t>(row), out);
      out->push_back('Z');
      return;
    case TypeId::kTimestampNtz:
      return AppendIsoTimestamp(column.at<int64_t>(row), out);
    case TypeId::kBinary:
      return AppendBase64(column.at<StringView>(row).slice(), out);
    case TypeId::kString:
    case TypeId::kList:
    case TypeId::kStruct:
      return;
  }
}

JsonText::JsonText(const Type& type) {
  if (type.id == TypeId::kStruct) keys_ = KeysOf(type.fields);
  for (const Field& field : type.fields) children_.emplace_back(field.type);
}

void JsonText::Append(const Vector& column, size_t row, std::string* out) const {
  if (!column.valid(row)) {
    out->append("null");
    return;
  }
  switch (column.type->id) {
    case TypeId::kString:
      return AppendJsonString(column.at<StringView>(row).slice(), out);
    case TypeId::kList: {
      const ListRange range = column.at<ListRange>(row);
      out->push_back('[');
      for (uint32_t i = 0; i < range.count; i++) {
        if (i > 0) out->push_back(',');
        children_[0].Append(column.children[0], range.start + i, out);
      }
      out->push_back(']');
      return;
    }
    case TypeId::kStruct:
      if (keys_.empty()) out->push_back('{');
      for (size_t i = 0; i < keys_.size(); i++) {
        out->append(keys_[i]);
        children_[i].Append(column.children[i], column.index(row), out);
      }
      out->push_back('}');
      return;
    default: {
      const bool quoted = IsQuoted(column, row);
      if (quoted) out->push_back('"');
      AppendPlain(column, row, out);
      if (quoted) out->push_back('"');
    }
  }
}

JsonRow::JsonRow(const Schema& schema) : keys_(KeysOf(schema)) {
  for (const Field& field : schema) texts_.emplace_back(field.type);
}

void JsonRow::Append(const Batch& batch, size_t row, std::string* out) const {
  if (keys_.empty()) out->push_back('{');
  for (size_t c = 0; c < keys_.size(); c++) {
    out->append(keys_[c]);
    texts_[c].Append(batch.columns[c], row, out);
  }
  out->push_back('}');
}

}  // namespace runjob
