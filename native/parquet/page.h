// The pages of a column in a row group, read one after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "base/slice.h"
#include "base/status.h"
#include "parquet/page_header.h"
#include "parquet/source.h"

namespace runjob::parquet {

// Where a page with values begins, and the first row that it has.
struct PagePlace {
  uint64_t offset;
  uint64_t first_row;
};

// Where the pages of a column are.
struct Chunk {
  Codec codec = Codec::kNone;
  uint64_t start = 0;
  uint64_t bytes = 0;
  // More bytes that may be of its last page: old writers did not count the header of the dictionary.
  uint32_t uncounted = 0;
  // Of the pages with values, as the offset index has them; empty: it is not known.
  std::vector<PagePlace> pages;
};

struct Page {
  PageHeader header;
  Slice repetitions;  // version 2
  Slice definitions;  // version 2
  Slice body;         // without what is above
};

class PageReader {
 public:
  // `decompressor` may be null: then what needs it is not read.
  PageReader(ByteSource* source, Decompressor* decompressor, size_t max_page_bytes)
      : source_(source), decompressor_(decompressor), max_page_bytes_(max_page_bytes) {}

  void Open(const Chunk& chunk);
  // The header of the next page of a kind that is known; *found is false after the last. `is_passed`: probably only the header is needed.
  Status Next(bool is_passed, PageHeader* header, bool* found);
  // After Next: the page's bytes, in `buffer`. Checksums are verified.
  Status Read(const PageHeader& header, Buffer* buffer, Page* page);
  // After Next: goes on to the page after it.
  void Pass(const PageHeader& header) { Drop(header.stored_bytes); }
  // Goes on with the page at `offset`, which is one of the chunk's.
  void Seek(uint64_t offset);
  // Whether there must be more pages.
  bool has_more() const { return offset_ < counted_end_; }
  uint64_t page_offset() const { return page_offset_; }  // of the last header

 private:
  // Has `size` bytes of the chunk from offset_ on in `in_`, or all that there are; and up to `ahead` of them, if it must read.
  Status Fill(size_t size, size_t ahead);
  // The same, but in `out`, and there must be as many. Goes on to what follows them.
  Status ReadInto(size_t size, char* out);
  Status ReadHeader(bool is_passed, PageHeader* header);
  // Passes over `size` bytes.
  void Drop(uint64_t size);
  Status Decompress(Slice in, char* out, size_t size);

  ByteSource* source_;
  Decompressor* decompressor_;
  size_t max_page_bytes_;
  Codec codec_ = Codec::kNone;
  uint64_t offset_ = 0;
  uint64_t page_offset_ = 0;
  uint64_t start_ = 0;
  uint64_t end_ = 0;
  uint64_t counted_end_ = 0;
  Buffer in_;
  size_t begin_ = 0;  // of the bytes in `in_` that were not used
  size_t size_ = 0;
};

}  // namespace runjob::parquet
