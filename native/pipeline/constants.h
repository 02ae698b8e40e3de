// Columns that say where rows come from. They have one value for all rows until the next is set: what the folders of a file say. The place of
// a row is counted from such a value.
#pragma once

#include <memory>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/expression.h"
#include "column/program.h"
#include "column/row_places.h"
#include "pipeline/operator.h"

namespace runjob {

class Constants : public RowOperator {
 public:
  // Reads the schema of the columns, which follow those that come in, and a bool: whether the last one, a long, is the place of the row,
  // counted from its value. `places` are those of the batches that come in.
  static Status Compile(ProgramReader* program, const Schema& input, const RowPlaces* places,
                        std::unique_ptr<Constants>* result);

  bool has_place() const { return places_ != nullptr; }

  // The values from now on: an expression without columns each, of the column's type.
  Status Set(Slice program);

  Status Add(const Batch& batch) override;
  const Schema& schema() const override { return schema_; }

 private:
  Schema schema_;
  size_t taken_ = 0;  // columns that come in
  std::vector<std::unique_ptr<Expression>> values_;
  const RowPlaces* places_ = nullptr;  // null: no column is the place
  int64_t place_[kVectorRows];
  Batch result_;
};

}  // namespace runjob
