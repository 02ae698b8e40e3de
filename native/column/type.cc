#include "column/type.h"

#include "column/vector.h"

namespace runjob {

bool Type::operator==(const Type& other) const {
  return id == other.id && precision == other.precision && scale == other.scale && fields == other.fields;
}

size_t Type::width() const {
  switch (id) {
    case TypeId::kBoolean:
      return 1;
    case TypeId::kInt:
    case TypeId::kDate:
      return 4;
    case TypeId::kLong:
    case TypeId::kDouble:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return 8;
    case TypeId::kDecimal:
      return precision > 18 ? 16 : 8;
    case TypeId::kString:
    case TypeId::kBinary:
      return sizeof(StringView);
    case TypeId::kList:
      return sizeof(ListRange);
    case TypeId::kStruct:
      return 0;
  }
  return 0;
}

Schema ColumnsOf(const Schema& schema, const std::vector<uint32_t>& columns) {
  Schema result;
  for (const uint32_t column : columns) result.push_back(schema[column]);
  return result;
}

std::string TypeText(const Type& type) {
  switch (type.id) {
    case TypeId::kBoolean:
      return "boolean";
    case TypeId::kInt:
      return "int";
    case TypeId::kLong:
      return "bigint";
    case TypeId::kDouble:
      return "double";
    case TypeId::kDecimal:
      return "decimal(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
    case TypeId::kString:
      return "string";
    case TypeId::kBinary:
      return "binary";
    case TypeId::kDate:
      return "date";
    case TypeId::kTimestamp:
      return "timestamp";
    case TypeId::kTimestampNtz:
      return "timestamp_ntz";
    case TypeId::kList:
      return "array<" + TypeText(type.fields[0].type) + ">";
    case TypeId::kStruct: {
      std::string text = "struct<";
      for (size_t i = 0; i < type.fields.size(); i++) {
        text += (i == 0 ? "" : ",") + type.fields[i].name + ":" + TypeText(type.fields[i].type);
      }
      return text + ">";
    }
  }
  return "";
}

}  // namespace runjob
