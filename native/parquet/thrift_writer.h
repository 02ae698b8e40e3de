// Writes structs as Thrift's compact protocol has them (thrift.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/slice.h"
#include "parquet/thrift.h"

namespace runjob::parquet {

// Fields of a struct are written in the order of their numbers.
class ThriftWriter {
 public:
  // Appends to `out`, which begins with the fields of a struct; End() ends it.
  explicit ThriftWriter(std::string* out) : out_(out) {}

  void Bool(int id, bool value) { Field(id, value ? ThriftType::kTrue : ThriftType::kFalse); }
  void I16(int id, int16_t value) {
    Field(id, ThriftType::kI16);
    Signed(value);
  }
  void I32(int id, int32_t value) {
    Field(id, ThriftType::kI32);
    Signed(value);
  }
  void I64(int id, int64_t value) {
    Field(id, ThriftType::kI64);
    Signed(value);
  }
  void Binary(int id, Slice value) {
    Field(id, ThriftType::kBinary);
    Element(value);
  }
  // A struct as a field, or as an element of a list: its fields follow, and End().
  void Struct(int id) {
    Field(id, ThriftType::kStruct);
    StructElement();
  }
  // One that another writer has written.
  void Struct(int id, Slice written) {
    Field(id, ThriftType::kStruct);
    out_->append(written.data, written.size);
  }
  void StructElement() {
    outer_.push_back(last_);
    last_ = 0;
  }
  void End() {
    out_->push_back(static_cast<char>(ThriftType::kStop));
    if (outer_.empty()) return;
    last_ = outer_.back();
    outer_.pop_back();
  }
  // `count` elements follow.
  void List(int id, ThriftType element, size_t count);
  void Element(bool value) { out_->push_back(static_cast<char>(value ? ThriftType::kTrue : ThriftType::kFalse)); }
  void Element(int32_t value) { Signed(value); }
  void Element(int64_t value) { Signed(value); }
  void Element(Slice value) {
    Varint(value.size);
    out_->append(value.data, value.size);
  }

 private:
  void Field(int id, ThriftType type);
  void Varint(uint64_t value);
  void Signed(int64_t value) { Varint(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63)); }

  std::string* const out_;
  std::vector<int> outer_;  // the last fields of the structs around this one
  int last_ = 0;
};

}  // namespace runjob::parquet
