// Rows as bytes: what exchanges hold between stages, and what actions read back (src/kernels/rows.ts).
//
//   nulls       a bit for each column, in whole bytes; 1: null
//   values      of the columns that are not null, one after another: boolean 1 byte; int, date 4; long, double, timestamps 8; decimal
//               8 or 16; string, binary: u32 length, bytes; list: u32 count, then a row of its elements; struct: a row of its fields
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/type.h"
#include "column/vector.h"

namespace runjob {

// Appends one row of these columns.
void AppendRow(const std::vector<const Vector*>& columns, size_t row, std::string* out);

// Bytes of a row, where all rows have as many: columns of a fixed width without nulls. 0: they have not.
size_t FixedRowSize(const Batch& batch);
// Writes the rows that count, one after another. REQUIRES: FixedRowSize() is not 0.
void WriteFixedRows(const Batch& batch, char* out);

// Gathers rows into batches.
class RowDecoder {
 public:
  virtual ~RowDecoder() = default;

  // Copies the row. RUN_CORRUPT where its bytes do not fit the schema.
  virtual Status Add(Slice row) = 0;
  virtual size_t rows() const = 0;  // at most kVectorRows before Clear()
  // All rows that were added; valid until Clear().
  virtual const Batch& batch() = 0;
  virtual void Clear() = 0;
  virtual size_t bytes() const = 0;  // held
};
std::unique_ptr<RowDecoder> NewRowDecoder(const Schema& schema);
// Of these columns, which ascend, alone: batches have no others.
std::unique_ptr<RowDecoder> NewRowDecoder(const Schema& schema, const std::vector<uint32_t>& columns);

}  // namespace runjob
