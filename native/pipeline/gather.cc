#include "pipeline/gather.h"

#include <algorithm>
#include <cstring>

namespace runjob {

namespace {

// Bytes of a value.
template <size_t kWidth, class Row, class Place>
void CopyValues(const char* from, const Row* rows, size_t n, const Place& place, char* to) {
  for (size_t i = 0; i < n; i++) std::memcpy(to + place(i) * kWidth, from + size_t{rows[i]} * kWidth, kWidth);
}

}  // namespace

template <class Row>
void Gather::TakeRows(const Vector& column, const Row* rows, size_t n, Vector* result) {
  *result = column;
  if (column.form == VectorForm::kConstant) return;
  if (column.validity != nullptr) validity_.resize((n + 63) / 64);
  if (column.form == VectorForm::kFlat) values_.resize(n * column.type->width());
  CopyRows(
      column, rows, n, [](size_t i) { return i; }, result);
  if (column.form == VectorForm::kDictionary) {
    codes_.resize(n);
    for (size_t i = 0; i < n; i++) codes_[i] = column.codes[rows[i]];
    result->codes = codes_.data();
  } else if (column.type->id == TypeId::kStruct) {
    children_.resize(column.children.size());
    for (size_t i = 0; i < children_.size(); i++)
      children_[i].TakeRows(column.children[i], rows, n, &result->children[i]);
  }
}

void Gather::Put(const Vector& column, const uint32_t* rows, const uint16_t* places, size_t n, Vector* result) {
  *result = column;
  if (column.validity != nullptr) validity_.resize(kVectorRows / 64);
  // What is not written is a value of the column from before, or zeros.
  values_.resize(kVectorRows * column.type->width());
  CopyRows(
      column, rows, n, [places](size_t i) { return size_t{places[i]}; }, result);
}

// Values and which of them are null, into what is large enough.
template <class Row, class Place>
void Gather::CopyRows(const Vector& column, const Row* rows, size_t n, const Place& place, Vector* result) {
  if (column.validity != nullptr) {
    std::fill(validity_.begin(), validity_.end(), 0);
    for (size_t i = 0; i < n; i++) {
      validity_[place(i) / 64] |= static_cast<uint64_t>(column.valid(rows[i])) << (place(i) % 64);
    }
    result->validity = validity_.data();
  }
  if (column.form != VectorForm::kFlat || column.type->id == TypeId::kStruct) return;
  const char* const from = static_cast<const char*>(column.values);
  result->values = values_.data();
  switch (column.type->width()) {
    case 1:
      return CopyValues<1>(from, rows, n, place, values_.data());
    case 4:
      return CopyValues<4>(from, rows, n, place, values_.data());
    case 8:
      return CopyValues<8>(from, rows, n, place, values_.data());
    default:
      return CopyValues<16>(from, rows, n, place, values_.data());
  }
}

size_t Gather::bytes() const {
  size_t bytes = values_.capacity() + validity_.capacity() * sizeof(uint64_t) + codes_.capacity() * sizeof(uint32_t);
  for (const Gather& child : children_) bytes += child.bytes();
  return bytes;
}

template void Gather::TakeRows(const Vector&, const uint16_t*, size_t, Vector*);
template void Gather::TakeRows(const Vector&, const uint32_t*, size_t, Vector*);

}  // namespace runjob
