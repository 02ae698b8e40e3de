#include "function/vector_buffer.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace runjob {

VectorBuffer::VectorBuffer(const Type& type) : type_(&type), width_(type.width()) {
  for (const Field& field : type.fields) children_.push_back(std::make_unique<VectorBuffer>(field.type));
}

void VectorBuffer::Reset(size_t rows) {
  size_ = 0;
  has_nulls_ = false;
  heap_.Clear();
  Reserve(rows);
  size_ = rows;
  if (rows > 0 && HasReferences(*type_)) std::memset(values_.get(), 0, rows * width_);
  const bool list = type_->id == TypeId::kList;
  for (const auto& child : children_) child->Reset(list ? 0 : rows);
}

void VectorBuffer::Reserve(size_t rows) {
  if (rows <= capacity_) return;
  const size_t capacity = std::max(rows, 2 * capacity_);
  std::unique_ptr<char[]> values(new char[capacity * width_ + 1]);
  if (size_ > 0 && width_ > 0) std::memcpy(values.get(), values_.get(), size_ * width_);
  values_ = std::move(values);
  if (has_nulls_) validity_.resize((capacity + 63) / 64, ~uint64_t{0});
  capacity_ = capacity;
}

void VectorBuffer::StartNulls() {
  validity_.assign((std::max<size_t>(capacity_, 1) + 63) / 64, ~uint64_t{0});
  has_nulls_ = true;
}

void VectorBuffer::AddNulls(const uint64_t* validity) {
  if (validity == nullptr) return;
  if (!has_nulls_) StartNulls();
  for (size_t word = 0; word < (size_ + 63) / 64; word++) validity_[word] &= validity[word];
}

void VectorBuffer::Copy(size_t row, const Vector& from, size_t from_row) {
  if (!from.valid(from_row)) {
    SetNull(row);
    return;
  }
  SetValid(row);
  const auto copy = [&](auto size) {
    std::memcpy(values_.get() + row * size, static_cast<const char*>(from.values) + from.index(from_row) * size, size);
  };
  switch (width_) {
    case 1:
      return copy(std::integral_constant<size_t, 1>());
    case 4:
      return copy(std::integral_constant<size_t, 4>());
    case 16:
      return copy(std::integral_constant<size_t, 16>());
    case 8:
      if (type_->id != TypeId::kList) return copy(std::integral_constant<size_t, 8>());
      break;
    default:
      for (size_t i = 0; i < children_.size(); i++) {
        children_[i]->Copy(row, from.children[i], from.index(from_row));
      }
      return;
  }
  const ListRange range = from.at<ListRange>(from_row);
  VectorBuffer& elements = *children_[0];
  const auto start = static_cast<uint32_t>(elements.size());
  for (uint32_t i = 0; i < range.count; i++) elements.Append(from.children[0], range.start + i);
  values<ListRange>()[row] = {start, range.count};
}

void VectorBuffer::CopyRows(const Rows& rows, const Vector& from) {
  const bool nulls = from.validity != nullptr || has_nulls_;
  const auto copy = [&](auto size) {
    const char* const values = static_cast<const char*>(from.values);
    const bool flat = from.form == VectorForm::kFlat;
    for (size_t i = 0; i < rows.count; i++) {
      const size_t row = rows[i];
      const size_t from_row = flat ? row : from.index(row);
      std::memcpy(values_.get() + row * size, values + from_row * size, size);
      if (!nulls) continue;
      if (from.valid(row)) {
        SetValid(row);
      } else {
        SetNull(row);
      }
    }
  };
  switch (type_->is_nested() ? 0 : width_) {
    case 1:
      return copy(std::integral_constant<size_t, 1>());
    case 4:
      return copy(std::integral_constant<size_t, 4>());
    case 8:
      return copy(std::integral_constant<size_t, 8>());
    case 16:
      return copy(std::integral_constant<size_t, 16>());
    default:
      for (size_t i = 0; i < rows.count; i++) Copy(rows[i], from, rows[i]);
  }
}

size_t VectorBuffer::AppendRow() {
  Reserve(size_ + 1);
  const size_t row = size_++;
  if (HasReferences(*type_)) std::memset(values_.get() + row * width_, 0, width_);
  SetValid(row);
  if (type_->id == TypeId::kStruct) {
    for (const auto& child : children_) child->AppendRow();
  }
  return row;
}

void VectorBuffer::Append(const Vector& from, size_t from_row) { Copy(AppendRow(), from, from_row); }

Vector VectorBuffer::vector(VectorForm form) const {
  Vector vector;
  vector.type = type_;
  vector.form = form;
  vector.validity = has_nulls_ ? validity_.data() : nullptr;
  vector.values = values_.get();
  for (const auto& child : children_) vector.children.push_back(child->vector());
  if (type_->id == TypeId::kList) vector.child_rows = children_[0]->size();
  return vector;
}

}  // namespace runjob
