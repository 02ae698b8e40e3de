// Keys of joins that are numbers of 64 bits or fewer: the same number, the same key (column/keys.h).
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "column/type.h"
#include "column/vector.h"

namespace runjob {

inline bool IsKeyNumber(const Type& type) { return !type.is_bytes() && !type.is_wide() && !type.is_nested(); }

// Doubles by their bits, with one NaN and one zero.
inline int64_t KeyNumber(double value) {
  if (std::isnan(value)) return std::bit_cast<int64_t>(uint64_t{0x7FF8000000000000});
  return std::bit_cast<int64_t>(value == 0 ? 0.0 : value);
}

// Returns use(number_at), where number_at(row) is the key of a row that is not null. REQUIRES: IsKeyNumber(*column.type).
template <class Use>
auto WithKeyNumbers(const Vector& column, const Use& use) {
  switch (column.type->id) {
    case TypeId::kBoolean:
      return use([&](size_t row) { return int64_t{column.at<uint8_t>(row)}; });
    case TypeId::kInt:
    case TypeId::kDate:
      return use([&](size_t row) { return int64_t{column.at<int32_t>(row)}; });
    case TypeId::kDouble:
      return use([&](size_t row) { return KeyNumber(column.at<double>(row)); });
    default:
      return use([&](size_t row) { return column.at<int64_t>(row); });
  }
}

// The same for values by row. REQUIRES: column.form is kFlat.
template <class Use>
auto WithFlatKeyNumbers(const Vector& column, const Use& use) {
  switch (column.type->id) {
    case TypeId::kBoolean:
      return use([at = static_cast<const uint8_t*>(column.values)](size_t row) { return int64_t{at[row]}; });
    case TypeId::kInt:
    case TypeId::kDate:
      return use([at = static_cast<const int32_t*>(column.values)](size_t row) { return int64_t{at[row]}; });
    case TypeId::kDouble:
      return use([at = static_cast<const double*>(column.values)](size_t row) { return KeyNumber(at[row]); });
    default:
      return use([at = static_cast<const int64_t*>(column.values)](size_t row) { return at[row]; });
  }
}

}  // namespace runjob
