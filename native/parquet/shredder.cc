#include "parquet/shredder.h"

namespace runjob::parquet {

Status Shredder::AddRows(const Vector& column, const uint32_t* rows, size_t count) {
  const Vector* leaf = &column;
  for (const Step& step : steps_) {
    if (step.id == TypeId::kList) leaf = &leaf->children[0];
    if (step.id == TypeId::kStruct) leaf = &leaf->children[step.child];
  }
  for (size_t i = 0; i < count; i++) {
    values_.clear();
    if (!Walk(column, rows[i], 0, 0)) return Status::Error("INTERNAL", "a null where none may be");
    chunk_->AddValues(*leaf, values_);
    RUNJOB_RETURN_IF_ERROR(chunk_->EndRow());
  }
  return Status::Ok();
}

bool Shredder::Walk(const Vector& vector, size_t row, size_t depth, uint8_t repetition) {
  const Step& step = steps_[depth];
  if (!vector.valid(row)) {
    chunk_->AddEntry(repetition, step.absent);
    return step.nullable;
  }
  switch (step.id) {
    case TypeId::kStruct:
      return Walk(vector.children[step.child], vector.index(row), depth + 1, repetition);
    case TypeId::kList: {
      const ListRange range = vector.at<ListRange>(row);
      if (range.count == 0) chunk_->AddEntry(repetition, step.present);
      for (uint32_t i = 0; i < range.count; i++) {
        if (!Walk(vector.children[0], range.start + i, depth + 1, i == 0 ? repetition : step.repetition)) return false;
      }
      return true;
    }
    default:
      chunk_->AddEntry(repetition, step.present);
      values_.push_back(static_cast<uint32_t>(row));
      return true;
  }
}

}  // namespace runjob::parquet
