// One template for each way that values are stored.
#pragma once

#include <utility>

#include "column/type.h"
#include "column/vector.h"

namespace runjob {

template <class T>
struct Stored {
  using type = T;
};

// f(Stored<T>()), T as values of the type are stored. REQUIRES: the type is not nested.
template <class F>
auto ByType(const Type& type, F f) {
  switch (type.id) {
    case TypeId::kBoolean:
      return f(Stored<uint8_t>());
    case TypeId::kInt:
    case TypeId::kDate:
      return f(Stored<int32_t>());
    case TypeId::kDouble:
      return f(Stored<double>());
    case TypeId::kDecimal:
      return type.is_wide() ? f(Stored<__int128>()) : f(Stored<int64_t>());
    case TypeId::kString:
    case TypeId::kBinary:
      return f(Stored<StringView>());
    default:
      return f(Stored<int64_t>());
  }
}

}  // namespace runjob
