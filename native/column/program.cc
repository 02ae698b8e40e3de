#include "column/program.h"

#include <cstring>

#include "base/power_of_ten.h"

namespace runjob {

namespace {

constexpr int kMaxDepth = 64;

}  // namespace

bool ProgramReader::ReadFixed(void* value, size_t size) {
  if (!ok_ || rest_.size < size) return Fail();
  std::memcpy(value, rest_.data, size);
  rest_ = Slice(rest_.data + size, rest_.size - size);
  return true;
}

bool ProgramReader::Read(bool* value) {
  uint8_t byte = 0;
  if (!Read(&byte) || byte > 1) return Fail();
  *value = byte == 1;
  return true;
}

bool ProgramReader::Read(std::string* text) {
  uint32_t size = 0;
  if (!Read(&size) || rest_.size < size) return Fail();
  text->assign(rest_.data, size);
  rest_ = Slice(rest_.data + size, rest_.size - size);
  return true;
}

bool ProgramReader::ReadType(Type* type, int depth) {
  uint8_t id = 0;
  if (!Read(&id) || id > static_cast<uint8_t>(TypeId::kStruct) || depth > kMaxDepth) return Fail();
  type->id = static_cast<TypeId>(id);
  if (type->id == TypeId::kDecimal) {
    if (!Read(&type->precision) || !Read(&type->scale)) return false;
    const bool fits = type->precision >= 1 && type->precision <= kMaxDecimalDigits && type->scale <= type->precision;
    return fits || Fail();
  }
  if (type->id == TypeId::kList) {
    type->fields.resize(1);
    return ReadField(&type->fields[0], depth + 1);
  }
  return type->id != TypeId::kStruct || ReadFields(&type->fields, depth + 1);
}

bool ProgramReader::ReadField(Field* field, int depth) {
  return Read(&field->name) && ReadType(&field->type, depth) && Read(&field->nullable);
}

bool ProgramReader::ReadFields(std::vector<Field>* fields, int depth) {
  uint32_t count = 0;
  // Each has at least six bytes.
  if (!Read(&count) || count > rest_.size / 6) return Fail();
  fields->resize(count);
  for (Field& field : *fields) {
    if (!ReadField(&field, depth)) return false;
  }
  return true;
}

Status BadProgram() { return Status::Error("BAD_ARGUMENT", "the program of a pipeline is malformed"); }

}  // namespace runjob
