// Rows of CSV for readers that work on many rows at a time, column by column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "csv/csv_scan.h"
#include "csv/dialect.h"

namespace runjob {

// Blank rows, and ragged ones that are left out, are not in it. A bad row ends the batch before that row; TakeError() says why.
class CsvBatch {
 public:
  // `needed_fields`: of each row, in a file whose columns are unknown. `options` must stay where they are.
  CsvBatch(const CsvReadOptions& options, uint64_t needed_fields, size_t most_rows);

  // Replaces the batch by rows from row `from` on; returns the row after the last one that was looked at.
  size_t Gather(const CsvRows& rows, size_t from);

  size_t count() const { return count_; }
  // Fields of each row, if the rows follow one another and have equally many; otherwise 0.
  uint32_t width() const { return width_; }
  uint32_t width(size_t i) const { return width_ != 0 ? width_ : widths_[i]; }
  uint32_t first_field(size_t i) const {
    return width_ != 0 ? first_field_ + static_cast<uint32_t>(i) * width_ : first_fields_[i];
  }
  // Which row entry i is; i == count() is the one at fault.
  size_t row(size_t i) const { return width_ != 0 ? from_ + i : rows_[i]; }
  // A field that the row does not have is empty.
  CsvField FieldOf(const CsvRows& rows, size_t i, uint32_t field) const {
    const uint32_t row_width = width(i);
    const uint32_t* const ends = rows.field_ends + first_field(i);
    if (field >= row_width) return CsvField{Slice(rows.data + ends[row_width - 1], 0)};
    return rows.FieldAt(ends + field, field + 1 == row_width);
  }

  // Calls each(i, field) for one column of the batch, until it returns false. `each` may cut the batch only if it does.
  template <class Each>
  void ForEachField(const CsvRows& rows, uint32_t column, const Each& each) const {
    const size_t count = count_;
    if (column >= width_) {
      for (size_t i = 0; i < count && each(i, FieldOf(rows, i, column)); i++) {
      }
      return;
    }
    // Copies, which the bytes that `each` writes cannot alias.
    const CsvRows local = rows;
    const size_t width = width_;
    const bool last = column + 1 == width;
    const uint32_t* end = local.field_ends + first_field_ + column;
    if (local.missing == nullptr) {
      for (size_t i = 0; i < count && each(i, local.Field(end, last)); i++) end += width;
    } else {
      for (size_t i = 0; i < count && each(i, local.OddField(end, last)); i++) end += width;
    }
  }

  Status TakeError() { return std::exchange(error_, Status::Ok()); }
  // Entry i is at fault.
  void CutAt(size_t i, const CsvRows& rows, const char* code, std::string detail);
  // Rows that were left out before row `end`.
  size_t CountDropped(size_t end) const;

 private:
  bool AllFit(const CsvRows& rows, size_t from, size_t count) const;
  bool Fits(const CsvRows& rows, size_t r);

  const CsvReadOptions& options_;
  const uint64_t needed_fields_;
  const size_t most_rows_;

  size_t count_ = 0;
  // As a rule rows follow one another from row from_ on and have width_ fields each, from first_field_ on; otherwise width_ is 0
  // and the arrays say where.
  size_t from_ = 0;
  uint32_t width_ = 0;
  uint32_t first_field_ = 0;
  std::vector<uint32_t> first_fields_;
  std::vector<uint32_t> widths_;
  std::vector<uint32_t> rows_;
  std::vector<size_t> dropped_;
  Status error_;
};

}  // namespace runjob
