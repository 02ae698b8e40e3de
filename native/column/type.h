// Types of columns (src/plan/type.ts), and how their values are stored.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace runjob {

enum class TypeId : uint8_t {
  kBoolean = 0,       // uint8_t, 0 or 1
  kInt = 1,           // int32_t
  kLong = 2,          // int64_t
  kDouble = 3,        // double
  kDecimal = 4,       // unscaled: int64_t up to precision 18, else __int128
  kString = 5,        // StringView, UTF-8
  kBinary = 6,        // StringView
  kDate = 7,          // int32_t, days since 1970-01-01
  kTimestamp = 8,     // int64_t, microseconds since 1970-01-01 UTC
  kTimestampNtz = 9,  // int64_t, microseconds, without a zone
  kList = 10,         // ListRange into the one child
  kStruct = 11,       // no values of its own: one child for each field, as long as the vector
};

struct Field;

struct Type {
  TypeId id = TypeId::kBoolean;
  uint8_t precision = 0;      // kDecimal
  uint8_t scale = 0;          // kDecimal
  std::vector<Field> fields;  // kList: the element, nameless; kStruct: its fields

  bool operator==(const Type& other) const;
  bool is_bytes() const { return id == TypeId::kString || id == TypeId::kBinary; }
  bool is_nested() const { return id == TypeId::kList || id == TypeId::kStruct; }
  bool is_wide() const { return id == TypeId::kDecimal && precision > 18; }  // __int128
  size_t width() const;                                                      // bytes of a stored value; kStruct: 0
};

// A column of rows, or a field of a struct.
struct Field {
  std::string name;
  Type type;
  bool nullable = true;

  bool operator==(const Field& other) const {
    return name == other.name && type == other.type && nullable == other.nullable;
  }
};

using Schema = std::vector<Field>;

// The columns with these indexes, in that order.
Schema ColumnsOf(const Schema& schema, const std::vector<uint32_t>& columns);

// As Spark's simpleString: decimal(10,2), array<int>.
std::string TypeText(const Type& type);

}  // namespace runjob
