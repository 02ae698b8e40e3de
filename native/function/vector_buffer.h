// Memory of a vector that a function makes, reused from batch to batch.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "column/text_heap.h"
#include "column/type.h"
#include "column/vector.h"
#include "function/node.h"

namespace runjob {

class VectorBuffer {
 public:
  explicit VectorBuffer(const Type& type);

  const Type& type() const { return *type_; }
  // Room for so many rows, none of them null. Values that hold references are empty; others are anything.
  void Reset(size_t rows);
  // Bytes for values of type string and binary, until Reset().
  TextHeap& heap() { return heap_; }

  template <class T>
  T* values() {
    return reinterpret_cast<T*>(values_.get());
  }
  void SetNull(size_t row) {
    if (!has_nulls_) StartNulls();
    validity_[row / 64] &= ~(uint64_t{1} << (row % 64));
  }
  void SetValid(size_t row) {
    if (has_nulls_) validity_[row / 64] |= uint64_t{1} << (row % 64);
  }
  // All rows that are null in `validity` (null: none).
  void AddNulls(const uint64_t* validity);
  // The value of a row, null or not. REQUIRES: the same type. Long text and bytes stay where they are.
  void Copy(size_t row, const Vector& from, size_t from_row);

  // The same for the rows that count.
  void CopyRows(const Rows& rows, const Vector& from);

  // Lists: appends their elements to it, in the order of Append. Structs: fields by row.
  VectorBuffer& child(size_t i) { return *children_[i]; }
  // Elements of lists so far.
  size_t size() const { return size_; }
  // Grows as needed; a value is copied behind the others. For children of lists.
  void Append(const Vector& from, size_t from_row);
  // Appends a row that is not null; returns its number: the caller sets its value.
  size_t AppendRow();

  Vector vector(VectorForm form = VectorForm::kFlat) const;

 private:
  void StartNulls();
  void Reserve(size_t rows);

  const Type* type_;
  size_t width_;
  size_t capacity_ = 0;  // rows
  size_t size_ = 0;      // rows
  std::unique_ptr<char[]> values_;
  std::vector<uint64_t> validity_;
  bool has_nulls_ = false;
  std::vector<std::unique_ptr<VectorBuffer>> children_;
  TextHeap heap_;
};

// Whether values hold references to other memory.
inline bool HasReferences(const Type& type) { return type.is_bytes() || type.id == TypeId::kList; }

}  // namespace runjob
