// What mappers of text lines share: where a split's lines end, the counts, the batches.
#pragma once

#include <cstdint>

#include "key_batch.h"
#include "mapper.h"
#include "slice.h"

namespace runjob {

// How much of `chunk`, whose first byte is byte `chunk_start` of the input, belongs to lines that start
// before `limit`. Sets *cut if those lines end in this chunk: then what is returned ends with a newline (or
// is nothing: limit is 0).
size_t BytesBeforeLimit(Slice chunk, uint64_t chunk_start, uint64_t limit, bool* cut);

// Where the text's last, unfinished line starts: behind its last newline, or at 0.
size_t AfterLastNewline(Slice text);

class TextMapper : public Mapper {
 public:
  Status Push(Slice chunk, uint64_t limit, bool last, bool* done) final;

 protected:
  TextMapper(Collector* collector, uint64_t max_key_bytes) : keys_(collector, max_key_bytes) {}

  // Appends the keys of the next bytes and counts their newlines in records_in_. `final`: a line ends with
  // them.
  virtual Status Take(Slice text, bool final) = 0;

  KeyBatch keys_;

 private:
  uint64_t taken_ = 0;  // bytes given to Take
};

}  // namespace runjob
