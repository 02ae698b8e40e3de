// Shared by mappers of text lines: where a split's lines end, the counts, the batches.
#pragma once

#include <cstdint>

#include "base/slice.h"
#include "record/batch_sink.h"
#include "record/mapper.h"
#include "text/key_batch.h"

namespace runjob {

// How much of `chunk`, whose first byte is byte `chunk_start` of the input, belongs to lines that start
// before `limit`. Sets *cut if those lines end in this chunk: then what is returned ends with a newline (or
// is nothing: limit is 0).
size_t BytesBeforeLimit(Slice chunk, uint64_t chunk_start, uint64_t limit, bool* cut);

// Where the text's last, unfinished line starts: after its last newline, or at 0.
size_t AfterLastNewline(Slice text);

class TextMapper : public Mapper {
 public:
  Status Push(Slice chunk, uint64_t limit, bool last, bool* done) final;

 protected:
  TextMapper(BatchSink* sink, RecordLimit limit);

  // Appends the keys of the next bytes and counts their newlines in records_in_. `final`: a line ends with
  // them.
  virtual Status Take(Slice text, bool final) = 0;
  // Reports a key that was too long, if there was one, as a bad line that starts there. Call after every Append.
  // A line is one bad record, however often that happens in it.
  Status CheckLength(uint64_t line_start);
  // Bytes given to Take before.
  uint64_t taken() const { return taken_; }

  KeyBatch keys_;

 private:
  const RecordLimit limit_;
  uint64_t taken_ = 0;
  int64_t last_bad_ = -1;  // where the last line starts that was noted
};

}  // namespace runjob
