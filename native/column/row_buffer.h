// Rows of typed columns, gathered one by one: what is decoded.
#pragma once

#include <cstddef>
#include <vector>

#include "column/column_buffer.h"
#include "column/text_heap.h"
#include "column/type.h"
#include "column/vector.h"

namespace runjob {

class RowBuffer {
 public:
  // The schema must stay where it is.
  explicit RowBuffer(const Schema& schema);

  size_t rows() const { return rows_; }
  // To append a value to each, and then EndRow().
  std::vector<ColumnBuffer>& columns() { return columns_; }
  // For texts and bytes that would not stay where they are.
  TextHeap& heap() { return heap_; }
  void EndRow() { rows_++; }
  // Takes back what was appended since the last row.
  void DropRow();

  // All rows; valid until the next change.
  const Batch& batch();
  void Clear();
  size_t bytes() const;

 private:
  std::vector<ColumnBuffer> columns_;
  TextHeap heap_;
  size_t rows_ = 0;
  Batch batch_;
};

}  // namespace runjob
