// Values of one column, gathered one by one: what is decoded, or held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "base/slice.h"
#include "column/type.h"
#include "column/vector.h"

namespace runjob {

class ColumnBuffer {
 public:
  // The type must stay where it is.
  explicit ColumnBuffer(const Type& type);

  const Type& type() const { return *type_; }
  size_t rows() const { return rows_; }
  size_t width() const { return width_; }  // Type::width()

  // Makes room for so many rows in all.
  void Reserve(size_t rows);
  void AppendNull();
  // One value of the stored type (Type::width() bytes), copied. A StringView's long bytes stay where they are.
  void AppendFixed(const void* value) {
    switch (width_) {
      case 1:
        return AppendBytes<1>(value);
      case 4:
        return AppendBytes<4>(value);
      case 8:
        return AppendBytes<8>(value);
      default:
        return AppendBytes<16>(value);
    }
  }
  template <class T>
  void Append(T value) {
    AppendBytes<sizeof(T)>(&value);
  }
  // kList: its elements have been appended to children()[0]. kStruct: each field has been appended to its child.
  void AppendList(uint32_t count) { Append(ListRange{static_cast<uint32_t>(children_[0].rows() - count), count}); }
  void AppendStruct() { AppendValid(); }
  std::vector<ColumnBuffer>& children() { return children_; }

  // Drops the last values, those of children too, until there are `rows`.
  void Truncate(size_t rows);

  // All values, flat; valid until the next change.
  void View(Vector* vector) const;
  void Clear();
  size_t bytes() const;

 private:
  static constexpr size_t kFirstRows = 64;

  template <size_t kWidth>
  void AppendBytes(const void* value) {
    if (rows_ == capacity_) Grow();
    std::memcpy(values_.get() + rows_ * kWidth, value, kWidth);
    AppendValid();
  }
  void Grow() { Reserve(rows_ == 0 ? kFirstRows : 2 * rows_); }
  void AppendValid() {
    if (rows_ % 64 == 0) validity_.push_back(0);
    validity_.back() |= uint64_t{1} << (rows_ % 64);
    rows_++;
  }

  const Type* type_;
  size_t width_;
  size_t rows_ = 0;
  bool has_nulls_ = false;
  std::vector<uint64_t> validity_;
  size_t capacity_ = 0;  // rows that `values_` has room for
  std::unique_ptr<char[]> values_;
  std::vector<ColumnBuffer> children_;
};

}  // namespace runjob
