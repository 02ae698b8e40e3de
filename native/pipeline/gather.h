// Rows of a vector, put together in another order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "column/vector.h"

namespace runjob {

class Gather {
 public:
  // `result`: row i has the value of row rows[i] of `column`; at most kVectorRows of them. Valid until the next call, and as long as
  // the column.
  void Take(const Vector& column, const uint16_t* rows, size_t n, Vector* result);

 private:
  std::vector<char> values_;
  std::vector<uint64_t> validity_;
  std::vector<uint32_t> codes_;
  std::vector<Gather> children_;
};

}  // namespace runjob
