// The least and the greatest of a column's values, as statistics have them.
//
// Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift, Statistics and ColumnOrder
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "base/slice.h"

namespace runjob::parquet {

// As they are written: PLAIN, without a length.
struct Bounds {
  bool has_min = false;
  bool has_max = false;
  std::string min;
  std::string max;
  bool min_is_exact = true;
  bool max_is_exact = true;

  bool known() const { return has_min && has_max; }
};

// Of numbers. T is a stored value.
template <class T>
class NumberBounds {
 public:
  void Add(T value) {
    if constexpr (std::is_floating_point_v<T>) {
      // NaN has no place in the order.
      if (std::isnan(value)) return;
    }
    if (!any_ || value < min_) min_ = value;
    if (!any_ || value > max_) max_ = value;
    any_ = true;
  }
  void Add(const NumberBounds& other) {
    if (!other.any_) return;
    Add(other.min_);
    Add(other.max_);
  }
  void Clear() { any_ = false; }
  bool any() const { return any_; }
  // Readers may take -0 and 0 for different values: both must be within.
  T min() const {
    if constexpr (std::is_floating_point_v<T>) return min_ == 0 ? T{-0.0} : min_;
    return min_;
  }
  T max() const {
    if constexpr (std::is_floating_point_v<T>) return max_ == 0 ? T{0.0} : max_;
    return max_;
  }

 private:
  bool any_ = false;
  T min_{};
  T max_{};
};

// Of text or bytes, in the order of the bytes.
class BytesBounds {
 public:
  // Longer bounds are cut: they need not be values.
  static constexpr size_t kMaxBytes = 64;

  void Add(Slice value) {
    if (!any_ || Compare(value, Slice(min_)) < 0) min_.assign(value.data, value.size);
    if (!any_ || Compare(value, Slice(max_)) > 0) max_.assign(value.data, value.size);
    any_ = true;
  }
  void Add(const BytesBounds& other) {
    if (!other.any_) return;
    Add(Slice(other.min_));
    Add(Slice(other.max_));
  }
  void Clear() { any_ = false; }
  // `is_text`: they are cut between characters, so that they are text as well.
  Bounds Encode(bool is_text) const;

 private:
  bool any_ = false;
  std::string min_;
  std::string max_;
};

}  // namespace runjob::parquet
