// What a footer says of row groups: where the pages of their columns are, and what is known of their values.
//
// Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/slice.h"
#include "base/status.h"

namespace runjob::parquet {

// Numbers of all row groups. -1 stands for what a footer does not say; a place is where bytes of the footer start and end.
//
//   number of groups, then of each
//     rows, number of columns, start, end    the bytes of the file that have all its pages that can be read; none: 0, 0
//     then of each column
//       why its pages cannot be read: 0 they can, 1 they are in another file, 2 they are encrypted; if not, all else is 0 or -1
//       physical type, codec, values, start, bytes, pages with values
//       nulls, place of the greatest and of the least value, of those of old writers
//       start and bytes of its column index, of its offset index, of its Bloom filter
struct RowGroups {
  std::vector<double> numbers;
  // Where the list of row groups ends in the footer; 0: there is none.
  size_t end = 0;
};

constexpr size_t kGroupNumbers = 4;
constexpr size_t kColumnNumbers = 22;

// `start`: of the footer in its file. PARQUET_CORRUPT.
Status ReadRowGroups(Slice footer, uint64_t start, RowGroups* result);

}  // namespace runjob::parquet
