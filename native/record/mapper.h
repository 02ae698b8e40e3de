// Turns the bytes of a file into records: words, lines, columns.
#pragma once

#include <cstdint>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "record/bad_record.h"

namespace runjob {

constexpr uint64_t kNoLimit = UINT64_MAX;

class Mapper {
 public:
  // `bad`: where bad records are noted, among others; null: in a list of its own.
  explicit Mapper(BadRecords* bad = nullptr) : bad_(bad == nullptr ? own_bad_ : *bad) {}
  Mapper(const Mapper&) = delete;
  virtual ~Mapper() = default;

  // Takes the next bytes of the input. Records may cross chunks: the mapper keeps what it could not finish.
  // Processes every complete record that starts before `limit` (an offset from the start of the first chunk;
  // kNoLimit for none); `last` says that the input ends with this chunk, so an unfinished record is complete.
  // Sets *done when a record start at or after `limit` was reached or `last` was handled; nothing may follow then.
  virtual Status Push(Slice chunk, uint64_t limit, bool last, bool* done) = 0;

  uint64_t position() const { return position_; }  // where the next record starts, from the start of the first chunk
  uint64_t records_in() const { return records_in_; }            // lines or rows
  uint64_t records_out() const { return records_out_; }          // given to the sink
  uint64_t records_dropped() const { return records_dropped_; }  // of records_in, left out because that was asked for
  // Bad records skipped since the last call, in order, of its own list; they count as records_in.
  std::vector<BadRecord> TakeBad() { return own_bad_.Take(); }

 protected:
  uint64_t position_ = 0;
  uint64_t records_in_ = 0;
  uint64_t records_out_ = 0;
  uint64_t records_dropped_ = 0;

 private:
  BadRecords own_bad_;

 protected:
  BadRecords& bad_;
};

}  // namespace runjob
