// Reads what src/kernels/program.ts writes: schemas, expressions and operators, as bytes. Little endian.
//
//   text        u32 length, bytes
//   type        u8 TypeId; decimal: u8 precision, u8 scale; list: field; struct: u32 count, field...
//   field       text name, type, u8 nullable
//   schema      u32 count, field...
//   expression  u8 0, u32 column
//               u8 1, type, u8 is_null, value if it is not: see ReadLiteral
//               u8 2, text function, type of the result, u8 nullable, u32 count, expression...
//               u8 3, u32 call, type of the result, u32 count, (u8 exact, expression)...   a function of the user's (function/udf.h)
//
// A literal's value: boolean u8; int, date i32; long, timestamps i64; double f64; decimal i128; string, binary text. No nested types.
#pragma once

#include <cstdint>
#include <string>

#include "base/slice.h"
#include "base/status.h"
#include "column/type.h"

namespace runjob {

// Every Read is false once there are too few bytes, or wrong ones; then nothing more is read.
class ProgramReader {
 public:
  explicit ProgramReader(Slice bytes) : rest_(bytes) {}

  bool Read(uint8_t* value) { return ReadFixed(value, 1); }
  bool Read(uint32_t* value) { return ReadFixed(value, 4); }
  bool Read(int32_t* value) { return ReadFixed(value, 4); }
  bool Read(uint64_t* value) { return ReadFixed(value, 8); }
  bool Read(int64_t* value) { return ReadFixed(value, 8); }
  bool Read(double* value) { return ReadFixed(value, 8); }
  bool Read(__int128* value) { return ReadFixed(value, 16); }
  bool Read(bool* value);
  bool Read(std::string* text);
  bool Read(Type* type) { return ReadType(type, 0); }
  bool Read(Field* field) { return ReadField(field, 0); }
  bool Read(Schema* schema) { return ReadFields(schema, 0); }

  bool ok() const { return ok_; }
  // What was not read.
  Slice rest() const { return rest_; }
  void Skip() { rest_ = Slice(); }
  bool at_end() const { return ok_ && rest_.size == 0; }

 private:
  bool ReadFixed(void* value, size_t size);
  bool ReadType(Type* type, int depth);
  bool ReadField(Field* field, int depth);
  bool ReadFields(std::vector<Field>* fields, int depth);
  bool Fail() { return ok_ = false; }

  Slice rest_;
  bool ok_ = true;
};

// BAD_ARGUMENT: what a reader that is not ok has met.
Status BadProgram();

}  // namespace runjob
