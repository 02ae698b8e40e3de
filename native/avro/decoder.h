// Records in Avro's binary encoding, one after another, appended to columns.
//
// Source: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "avro/layout.h"
#include "base/slice.h"
#include "column/column_buffer.h"
#include "column/row_buffer.h"

namespace runjob::avro {

class Decoder {
 public:
  // The layout must stay where it is.
  explicit Decoder(const Layout& layout) : layout_(layout) {}

  enum class Result {
    kRow,      // appended
    kBadRow,   // passed over: problem() says what is wrong with a value
    kTooLong,  // passed over
    kDamaged,  // problem() says what is wrong; what follows cannot be read
  };
  // Takes a record off the front of `bytes`, of `max_bytes` at most. Texts stay there.
  Result Append(Slice* bytes, uint64_t max_bytes, RowBuffer* rows);
  const std::string& problem() const { return problem_; }

 private:
  bool DecodeRecord(const Record& record, const std::vector<Field>& fields, std::vector<ColumnBuffer>* columns);
  bool DecodeValue(const Value& value, ColumnBuffer* column);
  bool DecodeList(const Value& value, ColumnBuffer* column);
  bool DecodeLeaf(const Value& value, ColumnBuffer* column);
  void AppendWhole(const Value& value, int64_t number, ColumnBuffer* column);
  void AppendDecimal(const Value& value, bool fits, __int128 unscaled, ColumnBuffer* column);
  void AppendNull(const Field& field, const std::string& path, ColumnBuffer* column);
  bool Skip(const Node& node, int depth);
  bool SkipItems(const Node& item, int depth);

  bool ReadLong(int64_t* value);
  bool ReadInt(int32_t* value);
  bool ReadBytes(Slice* bytes);
  bool Take(size_t size, const char** bytes);
  // Of the next items of an array; 0: there are no more.
  bool ReadBlockCount(bool is_empty, uint64_t* count, uint64_t* bytes);
  bool ReadBranch(size_t branches, size_t* branch);

  bool Damaged(const char* problem);
  // Of a value; the first one of a row counts.
  void Fault(const std::string& path, const char* problem);

  const Layout& layout_;
  const char* next_ = nullptr;
  const char* end_ = nullptr;
  bool has_fault_ = false;
  std::string problem_;
};

}  // namespace runjob::avro
