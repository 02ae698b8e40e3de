// Columns that have one value for all rows until the next is set: what the folders of a file say.
#pragma once

#include <memory>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/expression.h"
#include "column/program.h"
#include "pipeline/operator.h"

namespace runjob {

class Constants : public RowOperator {
 public:
  // Reads the schema of the columns, which follow those that come in.
  static Status Compile(ProgramReader* program, const Schema& input, std::unique_ptr<Constants>* result);

  // The values from now on: an expression without columns each, of the column's type.
  Status Set(Slice program);

  Status Add(const Batch& batch) override;
  const Schema& schema() const override { return schema_; }

 private:
  Schema schema_;
  size_t taken_ = 0;  // columns that come in
  std::vector<std::unique_ptr<Expression>> values_;
  Batch result_;
};

}  // namespace runjob
