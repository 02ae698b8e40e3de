// Keys of joins that are numbers of 64 bits or fewer: the same number, the same key (column/keys.h).
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "column/type.h"
#include "column/vector.h"

namespace runjob {

inline bool IsKeyNumber(const Type& type) { return !type.is_bytes() && !type.is_wide() && !type.is_nested(); }

// Doubles by their bits, with one NaN and one zero.
template <class T>
int64_t KeyNumber(T value) {
  if constexpr (std::is_same_v<T, double>) {
    if (std::isnan(value)) return std::bit_cast<int64_t>(uint64_t{0x7FF8000000000000});
    return std::bit_cast<int64_t>(value == 0 ? 0.0 : value);
  } else {
    return int64_t{value};
  }
}

// Returns use(value), with any value of the type that such keys are stored as. REQUIRES: IsKeyNumber(type).
template <class Use>
auto WithStoredType(const Type& type, const Use& use) {
  switch (type.id) {
    case TypeId::kBoolean:
      return use(uint8_t{});
    case TypeId::kInt:
    case TypeId::kDate:
      return use(int32_t{});
    case TypeId::kDouble:
      return use(double{});
    default:
      return use(int64_t{});
  }
}

// Returns use(number_at), where number_at(row) is the key of a row that is not null. REQUIRES: IsKeyNumber(*column.type).
template <class Use>
auto WithKeyNumbers(const Vector& column, const Use& use) {
  return WithStoredType(
      *column.type, [&]<class T>(T) { return use([&column](size_t row) { return KeyNumber(column.at<T>(row)); }); });
}

// The same for values by row. REQUIRES: column.form is kFlat.
template <class Use>
auto WithFlatKeyNumbers(const Vector& column, const Use& use) {
  return WithStoredType(*column.type, [&]<class T>(T) {
    return use([values = static_cast<const T*>(column.values)](size_t row) { return KeyNumber(values[row]); });
  });
}

}  // namespace runjob
