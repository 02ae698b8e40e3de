// A column of a row group that is being written: its pages, compressed, until the row group is whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/type.h"
#include "column/vector.h"
#include "parquet/leaf.h"
#include "parquet/source.h"
#include "parquet/thrift_writer.h"
#include "parquet/value_writer.h"

namespace runjob::parquet {

// Appends what a codec makes of a page.
using Compress = std::function<Status(Slice page, std::string* out)>;

// A column of values, as a file has it.
struct WrittenLeaf {
  std::vector<std::string> path;
  Type type;
  uint8_t max_definition = 0;
  uint8_t max_repetition = 0;
};

Physical PhysicalOf(const Type& type);

class ChunkWriter {
 public:
  ChunkWriter(WrittenLeaf leaf, Codec codec, const Compress* compress);

  // A column that is no list and no struct, of these rows.
  Status AddRows(const Vector& vector, const uint32_t* rows, size_t count);

  // Otherwise entries of a row, one after another, and the values of those with the highest definition level; then the row's end.
  void AddEntry(uint8_t repetition, uint8_t definition) {
    repetitions_.push_back(repetition);
    definitions_.push_back(definition);
  }
  void AddValues(const Vector& vector, const std::vector<uint32_t>& rows);
  Status EndRow();

  // What it holds.
  size_t bytes() const;

  // The row group is whole: ends the last page.
  Status Finish();
  const WrittenLeaf& leaf() const { return leaf_; }
  // After Finish(): passes on the bytes of the chunk, piece by piece, and begins the next one. `start` of the chunk in the file.
  struct Written {
    uint64_t start = 0;
    uint64_t bytes = 0;
    uint64_t raw_bytes = 0;
    std::string metadata;      // ColumnMetaData
    std::string column_index;  // empty: the bounds of a page are not known
    std::string offset_index;
  };
  Written Take(uint64_t start, const std::function<void(Slice)>& pass);

 private:
  struct Page {
    std::string bytes;  // with its header
    uint64_t raw_bytes;
    uint64_t first_row;
    uint64_t values;  // nulls included
    uint64_t nulls;
    bool has_codes;
    Bounds bounds;
  };

  bool is_full() const;
  Status EndPage();
  Status MakePage(Slice body, const std::function<void(ThriftWriter*)>& header, Page* page);
  Status MakeDictionary();
  void WriteMetadata(const Written& written, std::string* out);
  void WriteColumnIndex(std::string* out) const;
  void WriteOffsetIndex(uint64_t start, std::string* out) const;

  const WrittenLeaf leaf_;
  const Codec codec_;
  const Compress* const compress_;
  const std::unique_ptr<ValueWriter> values_;

  // Of the page.
  std::vector<uint8_t> repetitions_;
  std::vector<uint8_t> definitions_;
  size_t entries_ = 0;  // of a column that is no list and no struct: its levels are kept only if it may have nulls
  size_t page_rows_ = 0;
  size_t page_nulls_ = 0;

  // Of the chunk.
  uint64_t rows_ = 0;  // of finished pages
  std::vector<Page> pages_;
  size_t page_bytes_ = 0;  // of pages_
  Page dictionary_{};
  size_t dictionary_entries_ = 0;

  std::string body_;
  std::string compressed_;
  std::vector<uint32_t> valid_;
  std::vector<uint32_t> places_;
};

}  // namespace runjob::parquet
