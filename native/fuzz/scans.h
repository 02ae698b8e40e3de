// What fuzz targets of scans share.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "column/rows.h"
#include "column/type.h"
#include "column/vector.h"
#include "fuzz/fuzz.h"
#include "record/mapper.h"

namespace runjob::fuzz {

// Keeps the rows it is given, as bytes; refuses those whose bytes add up to a multiple of a number.
class RowRecorder final : public ColumnSink {
 public:
  // `refused`: 0, or that number.
  explicit RowRecorder(uint32_t refused) : refused_(refused) {}

  Status Add(const Batch& batch) override {
    EXPECT(batch.rows <= kVectorRows && batch.count <= batch.rows);
    std::vector<const Vector*> columns;
    for (const Vector& column : batch.columns) columns.push_back(&column);
    std::vector<std::string> added;
    // From the last to the first: the first row at fault need not be found first.
    for (size_t i = batch.count; i-- > 0;) {
      std::string row;
      AppendRow(columns, batch.row(i), &row);
      uint32_t sum = 0;
      for (const char c : row) sum += static_cast<unsigned char>(c);
      if (refused_ != 0 && sum % refused_ == 0) return Status::BadRecord("CAST_INVALID", "", batch.row(i));
      added.push_back(std::move(row));
    }
    rows.insert(rows.end(), added.rbegin(), added.rend());
    return Status::Ok();
  }
  Status Finish() override { return Status::Ok(); }
  bool done() const override { return false; }

  std::vector<std::string> rows;

 private:
  const uint32_t refused_;
};

struct ScanResult {
  std::string error;
  std::vector<std::string> rows;
  std::vector<std::string> bad;  // with their offsets
  uint64_t position = 0;
  uint64_t records_in = 0;
  bool operator==(const ScanResult& other) const = default;
};

using NewScan = std::function<std::unique_ptr<Mapper>(ColumnSink*)>;

inline ScanResult Scan(const std::string& data, const NewScan& open, uint32_t refused, uint64_t limit,
                       size_t chunk_bytes) {
  RowRecorder recorder(refused);
  const std::unique_ptr<Mapper> scan = open(&recorder);
  ScanResult result;
  const auto text = [](const Status& status) {
    return std::string(status.code()) + "@" + std::to_string(status.offset()) + " " + status.detail();
  };
  ForEachChunk(data, chunk_bytes, [&](Slice chunk, bool last) {
    bool done = false;
    const Status status = scan->Push(chunk, limit, last, &done);
    if (!status.ok()) result.error = text(status);
    EXPECT(!status.ok() || done || !last);
    for (const BadRecord& bad : scan->TakeBad()) result.bad.push_back(text(bad.status) + ": " + bad.excerpt);
    return status.ok() && !done;
  });
  result.rows = std::move(recorder.rows);
  result.position = scan->position();
  // What came before an error may have been counted or not.
  if (result.error.empty()) {
    result.records_in = scan->records_in();
    EXPECT(scan->records_in() == scan->records_out() + scan->records_dropped() + result.bad.size());
    EXPECT(scan->records_out() == result.rows.size());
  }
  return result;
}

// The rest of the input gives the same in chunks of any size, or in one.
inline void CheckChunks(Input* input, const NewScan& open) {
  const uint32_t refused = input->Below(8);
  const uint64_t limit = input->Flag() ? kNoLimit : input->Byte();
  const size_t chunk_bytes = 1 + input->Byte();
  const std::string data = input->Rest();
  EXPECT(Scan(data, open, refused, limit, chunk_bytes) == Scan(data, open, refused, limit, 0));
}

// A type that JSON has values of; `nested` says how deep.
inline Type RandomType(Input* input, int nested) {
  Type type;
  type.id = static_cast<TypeId>(input->Below(nested > 0 ? 12 : 10));
  if (type.id == TypeId::kDecimal) {
    type.precision = static_cast<uint8_t>(1 + input->Below(38));
    type.scale = static_cast<uint8_t>(input->Below(type.precision + 1u));
  }
  const size_t fields = type.id == TypeId::kList ? 1 : type.id == TypeId::kStruct ? 1 + input->Below(3) : 0;
  for (size_t i = 0; i < fields; i++) {
    type.fields.push_back({std::string(1, static_cast<char>('a' + i)), RandomType(input, nested - 1), input->Flag()});
  }
  return type;
}

inline Schema RandomSchema(Input* input, int nested) {
  Schema schema(input->Below(4));
  for (size_t i = 0; i < schema.size(); i++) {
    schema[i] = {std::string(1, static_cast<char>('a' + i)), RandomType(input, nested), input->Below(4) > 0};
  }
  return schema;
}

}  // namespace runjob::fuzz
