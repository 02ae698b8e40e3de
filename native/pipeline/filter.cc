// Passes on the rows for which a condition is true.
#include <memory>
#include <vector>

#include "column/expression.h"
#include "pipeline/row_selector.h"

namespace runjob {

namespace {

class Filter : public RowSelector {
 public:
  Filter(const Schema& schema, std::unique_ptr<Expression> where) : schema_(schema), where_(std::move(where)) {}

  Status Add(const Batch& batch) override {
    size_t count = 0;
    RUNJOB_RETURN_IF_ERROR(where_->Select(batch, selection_, &count));
    return Pass(batch, count);
  }

  const Schema& schema() const override { return schema_; }
  const std::vector<uint32_t>* filter_columns() const override { return &where_->columns(); }

 private:
  const Schema& schema_;
  const std::unique_ptr<Expression> where_;
};

}  // namespace

Status CompileFilter(ProgramReader* program, const Schema& input, std::unique_ptr<RowOperator>* result) {
  std::unique_ptr<Expression> where;
  RUNJOB_RETURN_IF_ERROR(Expression::Compile(program, input, &where));
  if (where->type().id != TypeId::kBoolean) return BadProgram();
  *result = std::make_unique<Filter>(input, std::move(where));
  return Status::Ok();
}

}  // namespace runjob
