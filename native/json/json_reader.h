// JSON lines for callers that want some fields of each object as values of JavaScript.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/slice.h"
#include "json/json_fields.h"

namespace runjob {

// Lines of a block, whose text the caller has as a string. A line is kBounds integers, then kBounds for each field: where it
// begins and ends in the string. A line whose end is ~end is not described: it is no object, it is not JSON, or a double might not
// hold one of its numbers. A field that begins below 0 is a JsonFieldKind; otherwise it is the text of a JSON string, or, if its
// end is ~end, any JSON value.
struct JsonBlock {
  static constexpr size_t kBounds = 2;

  std::vector<int32_t> bounds;
  std::vector<double> numbers;  // one for each field of each line
  size_t lines = 0;
  // Where the next line starts, in the bytes and in the string.
  size_t bytes = 0;
  size_t units = 0;
};

enum class JsonFieldKind : int32_t { kMissing = -1, kNull = -2, kTrue = -3, kFalse = -4, kNumber = -5 };

// Not thread-safe.
class JsonReader {
 public:
  explicit JsonReader(std::vector<std::string> names);

  // Describes lines from out->bytes and out->units on, as many as a block has room for. `same_places`: each byte is one unit of the
  // string; otherwise the string is what the bytes are in UTF-16, with U+FFFD for what is no UTF-8. REQUIRES: less than 2 GiB.
  void Read(Slice block, bool same_places, JsonBlock* out);

 private:
  class Places;
  bool ReadFields(Slice line, Places* places, int32_t* bounds, double* numbers);

  JsonFields fields_;
  std::vector<Slice> values_;
  std::vector<size_t> order_;  // of the fields in the last line
};

}  // namespace runjob
