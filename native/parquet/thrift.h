// Thrift's compact protocol, as far as headers of pages and footers need it.
//
// Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
#pragma once

#include <cstdint>

#include "base/slice.h"

namespace runjob::parquet {

enum class ThriftType : uint8_t {
  kStop = 0,
  kTrue = 1,
  kFalse = 2,
  kByte = 3,
  kI16 = 4,
  kI32 = 5,
  kI64 = 6,
  kDouble = 7,
  kBinary = 8,
  kList = 9,
  kSet = 10,
  kMap = 11,
  kStruct = 12,
};

class ThriftReader {
 public:
  explicit ThriftReader(Slice bytes) : begin_(bytes.data), next_(bytes.data), end_(bytes.data + bytes.size) {}

  // The next field of a struct; false at its end, and where there are no more bytes, or wrong ones. `id` is the field before it, 0 at first.
  bool Next(int* id, ThriftType* type);
  bool Read(ThriftType type, int32_t* value);
  bool Read(ThriftType type, bool* value);
  // Of any size.
  bool Read(ThriftType type, int64_t* value);
  bool Read(ThriftType type, Slice* value);
  // The head of a list, whose elements follow: each takes a byte at least.
  bool ReadList(ThriftType* element, uint64_t* count);
  // Of a list, where a flag takes a byte.
  bool SkipElement(ThriftType type) { return SkipElement(type, 0); }
  bool Skip(ThriftType type) { return Skip(type, 0); }

  bool ok() const { return ok_; }
  // Whether there were too few bytes: with more of them, it may be right.
  bool needs_more() const { return needs_more_; }
  size_t used() const { return static_cast<size_t>(next_ - begin_); }

 private:
  bool Skip(ThriftType type, int depth);
  bool SkipElement(ThriftType type, int depth);
  bool ReadVarint(uint64_t* value);
  bool ReadByte(uint8_t* value);
  bool Fail() { return ok_ = false; }
  bool FailShort() {
    needs_more_ = true;
    return Fail();
  }

  const char* begin_;
  const char* next_;
  const char* end_;
  bool ok_ = true;
  bool needs_more_ = false;
};

// All fields of a struct. read(id, type) takes the value, or skips it where it does not know the field; false: it is wrong.
template <class Body>
bool ReadFields(ThriftReader* reader, const Body& read) {
  int id = 0;
  ThriftType type;
  while (reader->Next(&id, &type)) {
    if (!read(id, type)) return false;
  }
  return reader->ok();
}

}  // namespace runjob::parquet
