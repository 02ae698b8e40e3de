#include "function/order.h"

#include <algorithm>

namespace runjob {

namespace {

template <class T>
int CompareAt(const Vector& a, size_t a_row, const Vector& b, size_t b_row) {
  const T& x = a.at<T>(a_row);
  const T& y = b.at<T>(b_row);
  return IsLess(x, y) ? -1 : IsLess(y, x) ? 1 : 0;
}

int CompareNullable(const Vector& a, size_t a_row, const Vector& b, size_t b_row) {
  const bool x = a.valid(a_row), y = b.valid(b_row);
  if (!x || !y) return static_cast<int>(x) - static_cast<int>(y);
  return CompareValues(a, a_row, b, b_row);
}

}  // namespace

int CompareValues(const Vector& a, size_t a_row, const Vector& b, size_t b_row) {
  switch (a.type->id) {
    case TypeId::kBoolean:
      return CompareAt<uint8_t>(a, a_row, b, b_row);
    case TypeId::kInt:
    case TypeId::kDate:
      return CompareAt<int32_t>(a, a_row, b, b_row);
    case TypeId::kLong:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return CompareAt<int64_t>(a, a_row, b, b_row);
    case TypeId::kDouble:
      return CompareAt<double>(a, a_row, b, b_row);
    case TypeId::kDecimal:
      return a.type->is_wide() ? CompareAt<__int128>(a, a_row, b, b_row) : CompareAt<int64_t>(a, a_row, b, b_row);
    case TypeId::kString:
    case TypeId::kBinary:
      return CompareAt<StringView>(a, a_row, b, b_row);
    case TypeId::kList: {
      const ListRange x = a.at<ListRange>(a_row), y = b.at<ListRange>(b_row);
      for (uint32_t i = 0; i < std::min(x.count, y.count); i++) {
        const int order = CompareNullable(a.children[0], x.start + i, b.children[0], y.start + i);
        if (order != 0) return order;
      }
      return x.count < y.count ? -1 : x.count > y.count ? 1 : 0;
    }
    case TypeId::kStruct:
      for (size_t i = 0; i < a.children.size(); i++) {
        const int order = CompareNullable(a.children[i], a.index(a_row), b.children[i], b.index(b_row));
        if (order != 0) return order;
      }
      return 0;
  }
  return 0;
}

}  // namespace runjob
