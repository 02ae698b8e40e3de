#include "csv/csv_batch.h"

#include <algorithm>

namespace runjob {

CsvBatch::CsvBatch(const CsvReadOptions& options, uint64_t needed_fields, size_t most_rows)
    : options_(options),
      needed_fields_(needed_fields),
      most_rows_(most_rows),
      first_fields_(most_rows),
      widths_(most_rows),
      rows_(most_rows) {}

size_t CsvBatch::Gather(const CsvRows& rows, size_t from) {
  const size_t want = std::min(most_rows_, rows.count - from);
  from_ = from;
  dropped_.clear();
  first_field_ = rows.row_first_field(from);
  width_ = rows.row_width(from);
  if (width_ > 1) {
    uint32_t ragged = 0;
    for (size_t i = 0; i < want; i++) {
      ragged |= rows.row_ends[from + i] ^ (first_field_ + (static_cast<uint32_t>(i) + 1) * width_);
    }
    if (ragged == 0 && AllFit(rows, from, want)) {
      count_ = want;
      return from + want;
    }
  }

  width_ = 0;
  count_ = 0;
  for (size_t r = from; r < from + want; r++) {
    if (rows.blank(r)) continue;
    first_fields_[count_] = rows.row_first_field(r);
    widths_[count_] = rows.row_width(r);
    rows_[count_] = static_cast<uint32_t>(r);
    if (Fits(rows, r)) {
      count_++;
    } else if (!error_.ok()) {
      break;
    }
  }
  return from + want;
}

// Whether `count` rows of width_ fields each have what is asked of them.
bool CsvBatch::AllFit(const CsvRows& rows, size_t from, size_t count) const {
  if (width_ < needed_fields_ || width_ < options_.least_columns) return false;
  if (options_.columns == 0 || width_ <= options_.columns) return true;
  for (size_t r = from; r < from + count; r++) {
    if (!rows.EndsEmpty(r, options_.columns)) return false;
  }
  return true;
}

// Whether row r is one of the batch. If not, error_ says why, unless such rows are left out.
bool CsvBatch::Fits(const CsvRows& rows, size_t r) {
  const uint32_t width = rows.row_width(r);
  Status misfit = CheckWidth(rows, r, options_);
  if (options_.columns == 0 && width < needed_fields_ && options_.ragged != RaggedRows::kFill) {
    misfit = Status::BadRecord("CSV_SHORT_ROW",
                               "row has " + std::to_string(width) + (width == 1 ? " column" : " columns") +
                                   ", column " + std::to_string(needed_fields_) + " is needed",
                               static_cast<int64_t>(rows.row_offset(r)));
  }
  if (misfit.ok()) return true;
  if (options_.ragged == RaggedRows::kDrop) {
    dropped_.push_back(r);
  } else {
    error_ = std::move(misfit);
  }
  return false;
}

void CsvBatch::CutAt(size_t i, const CsvRows& rows, const char* code, std::string detail) {
  count_ = i;
  error_ = Status::BadRecord(code, std::move(detail), static_cast<int64_t>(rows.row_offset(row(i))));
}

size_t CsvBatch::CountDropped(size_t end) const {
  return static_cast<size_t>(std::count_if(dropped_.begin(), dropped_.end(), [end](size_t row) { return row < end; }));
}

}  // namespace runjob
