// Reads rows of a Parquet file: row groups, column by column, into batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/vector.h"
#include "parquet/assemble.h"
#include "parquet/leaf.h"
#include "parquet/leaf_reader.h"
#include "parquet/source.h"
#include "record/bad_record.h"

namespace runjob::parquet {

struct ScanOptions {
  size_t max_page_bytes = size_t{1} << 30;
  // Rows that the sink refuses are skipped and noted.
  bool keep_bad = false;
};

class Scan {
 public:
  // `sink`, `source` and `decompressor`, which may be null, must live as long.
  static Status Create(Slice spec, const ScanOptions& options, ByteSource* source, Decompressor* decompressor,
                       ColumnSink* sink, std::unique_ptr<Scan>* scan);

  const Schema& schema() const { return spec_.schema; }

  // Begins with a row group: u64 rows, then u8 codec, u64 start, u64 bytes, u32 uncounted (page.h) for each leaf.
  Status Open(Slice group);
  // Adds about `rows` of the next rows to the sink, whole batches; sets *read to how many, 0 at the end of the group. An error's offset is
  // the row, counted from the group's first.
  Status Read(size_t rows, size_t* read);

  // Of all groups.
  uint64_t rows_in() const { return rows_in_; }
  // Rows that were skipped since the last call: their offsets are rows of the group.
  BadRecords TakeBad() { return std::move(bad_); }

 private:
  explicit Scan(const ScanOptions& options) : options_(options) {}

  Status ReadBatch(size_t rows);
  Status AddBatch();
  // CELL_INVALID for a row of the batch without a value that the schema says it has.
  Status CheckNulls(const Batch& batch) const;

  ScanOptions options_;
  ScanSpec spec_;
  ColumnSink* sink_ = nullptr;
  std::vector<std::unique_ptr<LeafReader>> readers_;
  std::vector<std::unique_ptr<Assembler>> assemblers_;  // by column; null: its leaf is read as it is
  std::vector<uint32_t> nested_;                        // leaves that assemblers need
  Batch batch_;
  uint64_t group_rows_ = 0;
  uint64_t group_row_ = 0;
  size_t batch_rows_ = kVectorRows;  // fewer, if lists are long
  uint64_t rows_in_ = 0;
  BadRecords bad_;
};

}  // namespace runjob::parquet
