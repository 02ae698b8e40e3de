#include "function/value_text.h"

#include "column/text.h"
#include "function/decimal.h"

namespace runjob {

namespace {

constexpr size_t kLongestQuoted = 60;

void AppendNullable(const Vector& vector, size_t row, std::string* out) {
  if (vector.valid(row)) {
    AppendValue(vector, row, out);
  } else {
    out->append("null");
  }
}

}  // namespace

void AppendValue(const Vector& vector, size_t row, std::string* out) {
  switch (vector.type->id) {
    case TypeId::kBoolean:
      out->append(vector.at<uint8_t>(row) != 0 ? "true" : "false");
      return;
    case TypeId::kInt:
      return AppendLong(vector.at<int32_t>(row), out);
    case TypeId::kLong:
      return AppendLong(vector.at<int64_t>(row), out);
    case TypeId::kDouble:
      return AppendDouble(vector.at<double>(row), out);
    case TypeId::kDecimal:
      return AppendDecimal(DecimalAt(vector, row), vector.type->scale, out);
    case TypeId::kString:
    case TypeId::kBinary: {
      const Slice bytes = vector.at<StringView>(row).slice();
      out->append(bytes.data, bytes.size);
      return;
    }
    case TypeId::kDate:
      return AppendDate(vector.at<int32_t>(row), out);
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return AppendTimestamp(vector.at<int64_t>(row), out);
    case TypeId::kList: {
      const ListRange range = vector.at<ListRange>(row);
      out->push_back('[');
      for (uint32_t i = 0; i < range.count; i++) {
        if (i > 0) out->append(", ");
        AppendNullable(vector.children[0], range.start + i, out);
      }
      out->push_back(']');
      return;
    }
    case TypeId::kStruct:
      out->push_back('{');
      for (size_t i = 0; i < vector.children.size(); i++) {
        if (i > 0) out->append(", ");
        AppendNullable(vector.children[i], vector.index(row), out);
      }
      out->push_back('}');
      return;
  }
}

std::string Quoted(Slice text) {
  size_t size = text.size;
  if (size > kLongestQuoted) {
    size = kLongestQuoted;
    while (size > 0 && (text.data[size] & 0xC0) == 0x80) size--;  // no half character
  }
  std::string quoted = "'";
  quoted.append(text.data, size).append(size < text.size ? "…'" : "'");
  return quoted;
}

std::string QuotedValue(const Vector& vector, size_t row) {
  if (vector.type->is_bytes()) return Quoted(vector.at<StringView>(row).slice());
  std::string text;
  AppendValue(vector, row, &text);
  return text;
}

}  // namespace runjob
