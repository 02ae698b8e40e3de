// The pages of a column in a row group, read one after another.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/slice.h"
#include "base/status.h"
#include "parquet/buffer.h"
#include "parquet/page_header.h"
#include "parquet/source.h"

namespace runjob::parquet {

// Where the pages of a column are.
struct Chunk {
  Codec codec = Codec::kNone;
  uint64_t start = 0;
  uint64_t bytes = 0;
  // More bytes that may be of its last page: old writers did not count the header of the dictionary.
  uint32_t uncounted = 0;
};

struct Page {
  PageHeader header;
  uint64_t offset = 0;  // of the header, in the file
  Slice repetitions;    // version 2
  Slice definitions;    // version 2
  Slice body;           // without what is above
};

class PageReader {
 public:
  // `decompressor` may be null: then what needs it is not read.
  PageReader(ByteSource* source, Decompressor* decompressor, size_t max_page_bytes)
      : source_(source), decompressor_(decompressor), max_page_bytes_(max_page_bytes) {}

  void Open(const Chunk& chunk);
  // The next page of a kind that is known, with its bytes in `buffer`; *found is false after the last. Checksums are verified.
  Status Next(Buffer* buffer, Page* page, bool* found);
  // Whether there must be more pages.
  bool has_more() const { return offset_ < counted_end_; }
  uint64_t offset() const { return offset_; }  // of what is read next

 private:
  // Has `size` bytes of the chunk from offset_ on in `in_`, or all that there are.
  Status Fill(size_t size);
  Status ReadHeader(PageHeader* header);
  Status Decompress(Slice in, char* out, size_t size);

  ByteSource* source_;
  Decompressor* decompressor_;
  size_t max_page_bytes_;
  Codec codec_ = Codec::kNone;
  uint64_t offset_ = 0;
  uint64_t end_ = 0;
  uint64_t counted_end_ = 0;
  Buffer in_;
  size_t begin_ = 0;  // of the bytes in `in_` that were not used
  size_t size_ = 0;
};

}  // namespace runjob::parquet
