// Reads rows of a Parquet file: row groups, column by column, into batches. What only rows that pass the first filters need may be read
// after them (column/column_loader.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/column_loader.h"
#include "column/row_places.h"
#include "column/vector.h"
#include "parquet/assemble.h"
#include "parquet/leaf.h"
#include "parquet/leaf_reader.h"
#include "parquet/source.h"
#include "record/bad_record.h"

namespace runjob::parquet {

struct ScanOptions {
  size_t max_page_bytes = size_t{1} << 30;
  // Where rows that the sink refuses are noted, and skipped: their offsets are rows of the group. Null: the first one is an error.
  BadRecords* bad = nullptr;
  RowPlaces* places = nullptr;  // gets those of each batch: rows of the group, without a text
};

class Scan : public ColumnLoader {
 public:
  // `sink`, `source` and `decompressor`, which may be null, must live as long.
  static Status Create(Slice spec, const ScanOptions& options, ByteSource* source, Decompressor* decompressor,
                       ColumnSink* sink, std::unique_ptr<Scan>* scan);

  const Schema& schema() const { return spec_.schema; }

  // From now on, these columns are not in the batches that are added, but given by Load.
  void LoadLate(const std::vector<uint32_t>& columns);
  // Begins with a row group: u64 rows, u32 count, (u64 first row, u64 end)... of the ranges that are read, ascending; then for each leaf u8
  // codec, u64 start, u64 bytes, u32 uncounted, u32 count, (u64 offset, u64 first row)... (page.h).
  Status Open(Slice group);
  // Adds about `rows` of the next rows to the sink, whole batches; sets *read to how many, 0 after the last range. An error's offset is
  // the row, counted from the group's first.
  Status Read(size_t rows, size_t* read);

  // Of all groups.
  uint64_t rows_in() const { return rows_in_; }

 private:
  explicit Scan(const ScanOptions& options) : options_(options) {}

  struct Range {
    uint64_t first;
    uint64_t end;
  };

  Status Load(const std::vector<uint32_t>& columns, Batch* batch) override;
  Status ReadBatch(size_t rows);
  Status ReadColumn(uint32_t column, const uint16_t* selection, size_t count);
  // Whether reading it says of a row that it is at fault, which must not depend on filters.
  bool MayBeAtFault(uint32_t column) const;
  // Leaves out the next rows of a column.
  void SkipColumn(uint32_t column, uint64_t rows);
  Status AddBatch();
  // CELL_INVALID for a row of the batch without a value that the schema says it has.
  Status CheckNulls(const Batch& batch) const;

  ScanOptions options_;
  ScanSpec spec_;
  ColumnSink* sink_ = nullptr;
  std::vector<std::unique_ptr<LeafReader>> readers_;
  std::vector<std::unique_ptr<Assembler>> assemblers_;  // by column; null: its leaf is read as it is
  std::vector<std::vector<uint32_t>> leaves_;           // by column
  bool is_nested_ = false;                              // whether there are assemblers
  std::vector<bool> is_late_;                           // by column
  std::vector<bool> is_loaded_;                         // of the batch
  bool is_added_again_ = false;                         // the batch, without a row that was at fault
  Batch batch_;
  std::vector<Range> ranges_;  // of the group, that were not read yet
  size_t range_ = 0;
  uint64_t group_rows_ = 0;
  uint64_t group_row_ = 0;
  size_t batch_rows_ = kVectorRows;  // fewer, if lists are long
  size_t next_rows_ = 0;             // of the next batch; 0: as many as before
  uint64_t rows_in_ = 0;
};

}  // namespace runjob::parquet
