// From values as Parquet stores them to values of a column's type.
#pragma once

#include <cstddef>

#include "base/buffer.h"
#include "base/status.h"
#include "parquet/leaf.h"

namespace runjob::parquet {

class Converter {
 public:
  // REQUIRES: CanRead(leaf, type). Both must stay where they are.
  Converter(const Leaf& leaf, const Type& type);

  // Whether values are as they should be: Convert only copies.
  bool is_copy() const { return is_copy_; }
  // Converts `count` values of PhysicalWidth to values of type.width(). `out` may not overlap `in`.
  Status Convert(const void* in, size_t count, void* out);

 private:
  Status ToOwnType(const void* in, size_t count, void* out) const;
  void Widen(const void* in, size_t count, void* out) const;

  const Leaf* leaf_;
  const Type* type_;
  bool is_same_type_;
  bool is_copy_;
  Buffer own_;
};

}  // namespace runjob::parquet
