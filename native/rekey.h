// Records from a cursor into the next collector, and keys that order them by a number.
//
//   new key = 8 bytes of the number | old key          "by number, then by key" is then plain memcmp order;
//                                                      NewDropPrefix(8) gives the old key back after the sort
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "batch.h"
#include "collector.h"
#include "cursor.h"
#include "status.h"

namespace runjob {

constexpr size_t kNumberKeyBytes = 8;

// Appends 8 bytes whose memcmp order is the order of the numbers (reversed if `descending`). -0 equals 0; NaN
// comes last either way. Ascending, it is the key codec of numbers (src/plan/codec.ts).
void AppendNumberKey(double x, bool descending, std::string* out);

enum class RekeyKind : uint8_t {
  kSame = 0,
  kByNumber = 1,  // by the first number of the value
};

struct RekeyOptions {
  RekeyKind kind = RekeyKind::kSame;
  bool descending = false;  // kByNumber
  Layout layout;            // of the values; kByNumber needs a number in it
};

// Moves up to `max_records` records into the collector; values stay as they are. REQUIRES: the cursor was
// started and the collector's layout is the options' layout.
Status MoveRecords(Cursor* from, const RekeyOptions& options, uint64_t max_records, Collector* to,
                   uint64_t* moved);

// Cuts the first `bytes` bytes off every key. RUN_CORRUPT if a key is shorter.
std::unique_ptr<Cursor> NewDropPrefix(std::unique_ptr<Cursor> input, size_t bytes);

}  // namespace runjob
