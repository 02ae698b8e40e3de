#include "column/row_buffer.h"

namespace runjob {

RowBuffer::RowBuffer(const Schema& schema) {
  columns_.reserve(schema.size());
  for (const Field& field : schema) columns_.emplace_back(field.type);
  batch_.columns.resize(schema.size());
}

void RowBuffer::DropRow() {
  for (ColumnBuffer& column : columns_) column.Truncate(rows_);
}

const Batch& RowBuffer::batch() {
  batch_.rows = batch_.count = rows_;
  for (size_t i = 0; i < columns_.size(); i++) columns_[i].View(&batch_.columns[i]);
  return batch_;
}

void RowBuffer::Clear() {
  for (ColumnBuffer& column : columns_) column.Clear();
  heap_.Clear();
  rows_ = 0;
}

size_t RowBuffer::bytes() const {
  size_t bytes = heap_.bytes();
  for (const ColumnBuffer& column : columns_) bytes += column.bytes();
  return bytes;
}

}  // namespace runjob
