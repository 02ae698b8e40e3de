// Writes rows as a file of Parquet.
//
//   "PAR1", row groups, column indexes, offset indexes, footer, u32 bytes of the footer, "PAR1"
//
// What is in a row group, and in its pages, depends on the rows alone, not on the batches in which they come, nor on memory: the same rows
// are the same bytes.
//
// Source: https://parquet.apache.org/docs/file-format/
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "column/vector.h"
#include "parquet/chunk_writer.h"
#include "parquet/shredder.h"

namespace runjob::parquet {

struct WriterOptions {
  std::string created_by;
  Codec codec = Codec::kSnappy;
  Compress compress;  // for codecs other than kNone and kSnappy
  // Takes the bytes of the file, in pieces of a megabyte at most.
  std::function<void(Slice)> pass;
};

class Writer : public ColumnSink {
 public:
  // `schema` has a column at least, and no struct without fields.
  Writer(const Schema& schema, WriterOptions options);

  Status Add(const Batch& batch) override;
  // The rest of the file.
  Status Finish() override;

 private:
  // A column of rows: one chunk that takes them, or a shredder for each of its leaves.
  struct Column {
    ChunkWriter* flat = nullptr;
    std::vector<Shredder> leaves;
    bool is_fixed = true;  // its values have a fixed width
    size_t width = 0;      // then
  };

  void AddColumn(const Field& field, std::vector<Shredder::Step> steps, WrittenLeaf leaf, Column* column);
  Status AddSlice(const Batch& batch, size_t first, size_t count);
  Status EndGroup();
  void Pass(Slice bytes);
  std::string Footer() const;

  struct Group {
    std::vector<ChunkWriter::Written> chunks;
    uint64_t rows;
  };

  const Schema schema_;
  const WriterOptions options_;
  std::vector<std::unique_ptr<ChunkWriter>> chunks_;
  std::vector<Column> columns_;
  std::vector<uint32_t> rows_of_slice_;
  uint64_t offset_ = 0;  // of what is passed on next
  uint64_t rows_ = 0;    // of the row group
  uint64_t raw_bytes_ = 0;
  size_t rows_since_look_ = 0;
  size_t bytes_since_look_ = 0;
  std::vector<Group> groups_;
};

}  // namespace runjob::parquet
