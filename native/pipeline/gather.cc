#include "pipeline/gather.h"

#include <cstring>

namespace runjob {

namespace {

// Bytes of a value.
template <size_t kWidth, class Row>
void CopyValues(const char* from, const Row* rows, size_t n, char* to) {
  for (size_t i = 0; i < n; i++) std::memcpy(to + i * kWidth, from + size_t{rows[i]} * kWidth, kWidth);
}

}  // namespace

template <class Row>
void Gather::TakeRows(const Vector& column, const Row* rows, size_t n, Vector* result) {
  *result = column;
  if (column.form == VectorForm::kConstant) return;
  if (column.validity != nullptr) {
    validity_.assign((n + 63) / 64, 0);
    for (size_t i = 0; i < n; i++) validity_[i / 64] |= static_cast<uint64_t>(column.valid(rows[i])) << (i % 64);
    result->validity = validity_.data();
  }
  if (column.form == VectorForm::kDictionary) {
    codes_.resize(n);
    for (size_t i = 0; i < n; i++) codes_[i] = column.codes[rows[i]];
    result->codes = codes_.data();
    return;
  }
  if (column.type->id == TypeId::kStruct) {
    children_.resize(column.children.size());
    for (size_t i = 0; i < children_.size(); i++)
      children_[i].TakeRows(column.children[i], rows, n, &result->children[i]);
    return;
  }
  const size_t width = column.type->width();
  values_.resize(n * width);
  const char* const from = static_cast<const char*>(column.values);
  result->values = values_.data();
  switch (width) {
    case 1:
      return CopyValues<1>(from, rows, n, values_.data());
    case 4:
      return CopyValues<4>(from, rows, n, values_.data());
    case 8:
      return CopyValues<8>(from, rows, n, values_.data());
    default:
      return CopyValues<16>(from, rows, n, values_.data());
  }
}

template void Gather::TakeRows(const Vector&, const uint16_t*, size_t, Vector*);
template void Gather::TakeRows(const Vector&, const uint32_t*, size_t, Vector*);

}  // namespace runjob
