// The values of a leaf in a row group, some rows at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "column/vector.h"
#include "parquet/convert.h"
#include "parquet/leaf.h"
#include "parquet/levels.h"
#include "parquet/page.h"
#include "parquet/rle.h"
#include "parquet/values.h"

namespace runjob::parquet {

class LeafReader {
 public:
  // Values come out as `type`. REQUIRES: CanRead(leaf, type); both stay where they are.
  LeafReader(const Leaf& leaf, const Type& type, ByteSource* source, Decompressor* decompressor, size_t max_page_bytes);

  const Leaf& leaf() const { return leaf_; }

  // Begins with the pages of a row group of so many rows.
  void Open(Chunk chunk, uint64_t rows);
  // Passes over the next rows, with as little work as the next call allows: pages of which no row is wanted are not decompressed, and not
  // even read where the chunk has places of pages, or the leaf no repetition.
  void Skip(uint64_t rows) { skip_ += rows; }
  // The next `rows` rows, at most kVectorRows, of a leaf without repetition whose values are a column. Values of rows that are not selected,
  // if there is a selection, may be anything. What `vector` has is valid until the next call.
  Status ReadFlat(size_t rows, const uint16_t* selection, size_t count, Vector* vector);
  // The levels and values of the next `rows` rows, for what is put together from several leaves. Valid until the next call.
  Status ReadNested(size_t rows);
  // After all rows: whether there are more. What was skipped last is not looked at.
  Status Close();

  // Of ReadNested: levels by entry, and a value of type.width() bytes for each entry that has one, in order.
  size_t entries() const { return entries_; }
  const uint8_t* definitions() const { return reinterpret_cast<const uint8_t*>(definitions_.data()); }
  const uint8_t* repetitions() const { return reinterpret_cast<const uint8_t*>(repetitions_.data()); }
  const char* values() const { return values_.data(); }
  size_t value_count() const { return value_count_; }

 private:
  // Entries whose levels are read at a time, to find where rows end.
  static constexpr size_t kBlock = 1024;

  // Goes on to the next page with values, past those that are skipped; *found is false after the last.
  Status NextPage(bool* found);
  // As far as the places of pages are known, goes on to the page with the first row that is not skipped.
  void Jump();
  // Passes over what is left to be skipped.
  Status FinishSkip();
  Status SkipInPage(size_t rows);
  Status SkipValues(size_t count);
  Status StartPage(const Page& page);
  // Whether a page is where the offset index says that one begins, with as many rows.
  bool IsInPlace(const PageHeader& header);
  // The dictionary, whose header has just been read, or will be once values are wanted.
  Status ReadDictionary(const PageHeader& header);
  // A buffer for a page, in page_.
  void NewPage();
  Status ReadCodes(size_t count, uint32_t* codes);
  // The next values of the page, which has no codes, as the column's type.
  Status ReadValues(size_t count, char* out);
  // The same, whatever the page has.
  Status ReadAny(size_t count, char* out);
  // Of the next `count` values, which are those of rows from `first` on, only the selected ones, to their rows of `out`.
  Status ReadSelected(size_t count, const uint16_t* selection, size_t selected, size_t first, char* out);
  Status ReadNestedRows(size_t rows);
  // Values that are in the first `count` places to the rows that have one; the others become zeros.
  void Spread(char* values, const uint8_t* definitions, size_t rows, size_t count) const;
  Status FillBlock(bool* found);
  // Keeps the pages of earlier calls no longer.
  void ReleasePages();
  Status Placed(Status status) const;

  const Leaf& leaf_;
  const Type& type_;
  const size_t width_;
  Converter converter_;
  PageReader pages_;
  ValueDecoder decoder_;

  std::unique_ptr<Buffer> page_;                // the current one
  std::vector<std::unique_ptr<Buffer>> held_;   // that the last values may point to
  std::vector<std::unique_ptr<Buffer>> spare_;  // to be used again
  size_t page_left_ = 0;                        // entries of the current page
  uint64_t start_ = 0;                          // of the pages
  std::vector<PagePlace> places_;
  size_t next_place_ = 0;  // of the page after the current one
  uint64_t group_rows_ = 0;
  uint64_t row_ = 0;                 // the next one
  uint64_t skip_ = 0;                // rows from there on that are not wanted
  uint64_t skipped_dictionary_ = 0;  // where it is; 0: it has been read, or there is none
  bool is_first_page_ = true;
  bool has_codes_ = false;
  LevelDecoder definition_decoder_;
  LevelDecoder repetition_decoder_;
  RleDecoder codes_decoder_;

  Buffer dictionary_page_;
  ValueDecoder dictionary_decoder_;
  Buffer dictionary_;
  uint32_t dictionary_size_ = 0;
  uint64_t dictionary_id_ = 0;  // 0: none

  Buffer physical_;
  Buffer converted_;
  Buffer values_;
  Buffer codes_;
  uint64_t validity_[kVectorRows / 64];
  uint8_t levels_[kVectorRows];

  Buffer definitions_;
  Buffer repetitions_;
  size_t entries_ = 0;
  size_t value_count_ = 0;
  uint8_t block_definitions_[kBlock];
  uint8_t block_repetitions_[kBlock];
  size_t block_begin_ = 0;
  size_t block_end_ = 0;
};

}  // namespace runjob::parquet
