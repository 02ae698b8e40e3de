#include "function/node.h"

namespace runjob {

namespace {

// The rows for which keep(row) holds. Without a branch on what is kept: as good as random, mostly.
template <class F>
size_t Keep(const Rows& rows, uint16_t* selection, F keep) {
  size_t kept = 0;
  if (rows.selection == nullptr) {
    for (size_t row = 0; row < rows.count; row++) {
      selection[kept] = static_cast<uint16_t>(row);
      kept += keep(row) ? 1 : 0;
    }
  } else {
    for (size_t i = 0; i < rows.count; i++) {
      const uint16_t row = rows.selection[i];
      selection[kept] = row;
      kept += keep(row) ? 1 : 0;
    }
  }
  return kept;
}

template <class F>
size_t KeepOf(const Rows& rows, const uint64_t* validity, uint16_t* selection, F keep) {
  if (validity == nullptr) return Keep(rows, selection, keep);
  return Keep(rows, selection, [&](size_t row) { return keep(row) & (validity[row / 64] >> (row % 64) & 1); });
}

}  // namespace

Vector NullVector(const Type& type) {
  static const uint64_t kNone = 0;
  alignas(16) static const char kValue[16] = {};
  Vector vector;
  vector.type = &type;
  vector.form = VectorForm::kConstant;
  vector.validity = &kNone;
  vector.values = kValue;
  for (const Field& field : type.fields) {
    Vector child = NullVector(field.type);
    child.form = VectorForm::kFlat;  // of one row
    vector.children.push_back(std::move(child));
  }
  return vector;
}

Status Node::Select(const Frame& frame, uint16_t* selection, size_t* count) {
  *count = 0;
  if (frame.rows.count == 0) return Status::Ok();
  Vector vector;
  RUNJOB_RETURN_IF_ERROR(Evaluate(frame, &vector));
  const uint8_t* const values = static_cast<const uint8_t*>(vector.values);
  switch (vector.form) {
    case VectorForm::kFlat:
      *count = KeepOf(frame.rows, vector.validity, selection, [&](size_t row) { return values[row] != 0; });
      return Status::Ok();
    case VectorForm::kDictionary: {
      const uint32_t* const codes = vector.codes;
      *count = KeepOf(frame.rows, vector.validity, selection, [&](size_t row) { return values[codes[row]] != 0; });
      return Status::Ok();
    }
    case VectorForm::kConstant:
      if (vector.valid(0) && values[0] != 0) *count = Keep(frame.rows, selection, [](size_t) { return true; });
      return Status::Ok();
  }
  return Status::Ok();
}

size_t SelectValid(const Rows& rows, const Vector& vector, uint16_t* selection) {
  if (vector.validity == nullptr || (vector.form == VectorForm::kConstant && vector.valid(0))) {
    return Keep(rows, selection, [](size_t) { return true; });
  }
  if (vector.form == VectorForm::kConstant) return 0;
  return KeepOf(rows, vector.validity, selection, [](size_t) { return true; });
}

size_t SelectNull(const Rows& rows, const Vector& vector, uint16_t* selection) {
  if (vector.validity == nullptr || (vector.form == VectorForm::kConstant && vector.valid(0))) return 0;
  if (vector.form == VectorForm::kConstant) return Keep(rows, selection, [](size_t) { return true; });
  const uint64_t* const validity = vector.validity;
  return Keep(rows, selection, [&](size_t row) { return (validity[row / 64] >> (row % 64) & 1) == 0; });
}

}  // namespace runjob
