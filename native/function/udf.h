// Functions of the user's in expressions: the host language calls them, batch by batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/type.h"
#include "function/node.h"

namespace runjob {

// What a function gives for the rows of a block. Borrowed.
struct UdfResults {
  const uint8_t* nulls = nullptr;  // one for each row, 1: null; null: none is
  // boolean (0 and 1), int and double; long and timestamp (milliseconds) unless they are wide
  const double* numbers = nullptr;
  const int64_t* wide = nullptr;  // long, timestamp (microseconds)
  // string and binary; decimal, date and timestampNtz as text; lists and structs as JSON (json/json_value.h)
  Slice bytes;
  const uint32_t* ends = nullptr;
};

class UdfHost {
 public:
  virtual ~UdfHost() = default;

  // Calls the function for each row of a block: u32 rows, u32 columns, and its arguments as columns (function/block_writer.h).
  // `take` gets results for just these rows. An error's offset is a row of the block.
  virtual Status Call(uint32_t call, Slice block, size_t rows, const Type& result,
                      const std::function<Status(const UdfResults&)>& take) = 0;
};

// The host of the calling thread; null: none. Such functions fail then.
void SetUdfHost(UdfHost* host);

struct UdfArgument {
  std::unique_ptr<Node> value;
  bool exact;  // longs and timestamps as they are
};

// `call`: as the host knows it.
std::unique_ptr<Node> MakeUdf(uint32_t call, Type type, std::vector<UdfArgument> args);

}  // namespace runjob
