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
  void Take(const Vector& column, const uint16_t* rows, size_t n, Vector* result) { TakeRows(column, rows, n, result); }
  // Of the child of a list, or of a table, which may be long.
  void Take(const Vector& column, const uint32_t* rows, size_t n, Vector* result) { TakeRows(column, rows, n, result); }
  // Row places[i] of the result has that value; what others have may be read. REQUIRES: the column is flat, of a type that is not nested,
  // and this was not used for others.
  void Put(const Vector& column, const uint32_t* rows, const uint16_t* places, size_t n, Vector* result);

  size_t bytes() const;

 private:
  template <class Row>
  void TakeRows(const Vector& column, const Row* rows, size_t n, Vector* result);
  template <class Row, class Place>
  void CopyRows(const Vector& column, const Row* rows, size_t n, const Place& place, Vector* result);

  std::vector<char> values_;
  std::vector<uint64_t> validity_;
  std::vector<uint32_t> codes_;
  std::vector<Gather> children_;
};

}  // namespace runjob
