// Records from a cursor into a sink, and keys that order them by a number.
//
//   new key = number key (number_key.h) | old key
//
// "By number, then by key" is plain memcmp order then; NewDropPrefix(8) gives the old key back after the sort.
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "record/batch.h"
#include "record/batch_sink.h"
#include "record/cursor.h"

namespace runjob {

enum class RekeyKind : uint8_t {
  kSame = 0,
  kByNumber = 1,  // by the first number of the value
};

struct RekeyOptions {
  RekeyKind kind = RekeyKind::kSame;
  bool descending = false;  // kByNumber
  Layout layout;            // of the values; kByNumber needs a number in it
};

// Moves up to `max_records` records into the sink; values stay as they are. REQUIRES: the cursor was
// started, and the sink takes the options' layout.
Status MoveRecords(Cursor* from, const RekeyOptions& options, uint64_t max_records, BatchSink* to, uint64_t* moved);

// Removes the first `bytes` bytes of every key. RUN_CORRUPT if a key is shorter.
std::unique_ptr<Cursor> NewDropPrefix(std::unique_ptr<Cursor> input, size_t bytes);

}  // namespace runjob
