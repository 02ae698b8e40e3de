#include "column/column_buffer.h"

#include <algorithm>
#include <utility>

namespace runjob {

ColumnBuffer::ColumnBuffer(const Type& type) : type_(&type), width_(type.width()) {
  children_.reserve(type.fields.size());
  for (const Field& field : type.fields) children_.emplace_back(field.type);
}

void ColumnBuffer::Reserve(size_t rows) {
  if (rows <= capacity_) return;
  std::unique_ptr<char[]> values(new char[rows * width_]);
  if (rows_ > 0) std::memcpy(values.get(), values_.get(), rows_ * width_);
  values_ = std::move(values);
  capacity_ = rows;
}

void ColumnBuffer::AppendNull() {
  if (width_ > 0 && rows_ == capacity_) Grow();
  if (rows_ % 64 == 0) validity_.push_back(0);
  rows_++;
  has_nulls_ = true;
  if (type_->id == TypeId::kStruct) {
    for (ColumnBuffer& child : children_) child.AppendNull();
    return;
  }
  // Zeros are a value of every type: an empty text, a list without elements.
  std::memset(values_.get() + (rows_ - 1) * width_, 0, width_);
}

void ColumnBuffer::Truncate(size_t rows) {
  if (rows >= rows_) return;
  if (type_->id == TypeId::kStruct) {
    for (ColumnBuffer& child : children_) child.Truncate(rows);
  } else if (type_->id == TypeId::kList) {
    // The first list that goes says where its elements begin, if it has any.
    const auto* const ranges = reinterpret_cast<const ListRange*>(values_.get());
    size_t first = rows;
    while (first < rows_ && ranges[first].count == 0) first++;
    if (first < rows_) children_[0].Truncate(ranges[first].start);
  }
  rows_ = rows;
  validity_.resize((rows + 63) / 64);
  if (rows % 64 != 0) validity_.back() &= (uint64_t{1} << (rows % 64)) - 1;
}

void ColumnBuffer::View(Vector* vector) const {
  vector->type = type_;
  vector->form = VectorForm::kFlat;
  vector->validity = has_nulls_ ? validity_.data() : nullptr;
  vector->values = values_.get();
  vector->codes = nullptr;
  vector->entries = 0;
  vector->dictionary = 0;
  vector->children.resize(children_.size());
  for (size_t i = 0; i < children_.size(); i++) children_[i].View(&vector->children[i]);
  vector->child_rows = type_->id == TypeId::kList ? children_[0].rows() : 0;
}

void ColumnBuffer::Clear() {
  rows_ = 0;
  has_nulls_ = false;
  validity_.clear();
  for (ColumnBuffer& child : children_) child.Clear();
}

size_t ColumnBuffer::bytes() const {
  size_t bytes = validity_.capacity() * sizeof(uint64_t) + capacity_ * width_;
  for (const ColumnBuffer& child : children_) bytes += child.bytes();
  return bytes;
}

}  // namespace runjob
