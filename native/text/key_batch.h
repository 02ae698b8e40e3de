// Gathers keys without values into batches for a sink. A key may come in pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "record/batch_sink.h"

namespace runjob {

class KeyBatch {
 public:
  // A longer key is left out, and TakeTooLong reports it. Keys that lie inside one text are not measured.
  KeyBatch(BatchSink* sink, uint64_t max_key_bytes)
      : sink_(sink), takes_bounds_(sink->takes_bounds()), max_key_bytes_(max_key_bytes) {}

  // Appends the pieces text[bounds[0] .. bounds[1]), text[bounds[2] .. bounds[3]), ... to the open key; the
  // end of each closes a key, except that of the last piece if `last_stays_open`. Gives full batches to the
  // sink. `size`: of the text, no less than all pieces together; 32 bytes after it may be read.
  Status Append(const char* text, size_t size, const uint32_t* bounds, size_t pieces, bool last_stays_open);

  // Whether there is an open key.
  bool open() const { return used_ > open_start_ || skips_; }
  Status Close();
  // Whether a key turned out to be too long since the last call; its first bytes. Call after every
  // Append: then no key is missed, if `max_key_bytes` is no less than a text.
  bool TakeTooLong(std::string* excerpt);
  // Gives all closed keys to the sink.
  Status Flush();

  uint64_t added() const { return added_; }  // keys given to the sink

 private:
  static constexpr size_t kKeys = 512;
  // A batch that holds more is passed on early: data that a kernel reads twice should still be in the cache.
  static constexpr size_t kFlushBytes = size_t{256} << 10;

  // Copies the pieces *piece .. end - 1, and leaves *piece at the end.
  Status Copy(const char* text, const uint32_t* bounds, size_t* piece, size_t end);
  // Forgets the bytes of the open key, which is too long.
  void DropOpen();
  Status Reserve(size_t bytes);  // room for more bytes of the open key, and padding
  void Resize(size_t capacity);
  void Shrink();  // one huge key is no reason to hold its memory for ever

  BatchSink* const sink_;
  const bool takes_bounds_;
  const uint64_t max_key_bytes_;
  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0;
  size_t used_ = 0;  // bytes of closed keys, then those of the open one
  size_t open_start_ = 0;
  bool skips_ = false;     // the open key is too long: what else comes of it is skipped
  bool too_long_ = false;  // TakeTooLong has something to report
  std::string excerpt_;
  size_t count_ = 0;  // closed keys
  uint64_t added_ = 0;
  uint32_t ends_[kKeys];
};

}  // namespace runjob
