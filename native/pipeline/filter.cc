// Passes on the rows for which a condition is true.
//
//   operator   u8 0, expression, bool whether the others are counted as left out
#include <memory>
#include <vector>

#include "column/expression.h"
#include "pipeline/row_selector.h"

namespace runjob {

namespace {

class Filter : public RowSelector {
 public:
  Filter(const Schema& schema, std::unique_ptr<Expression> where, bool counts)
      : schema_(schema), where_(std::move(where)), counts_(counts) {}

  Status Add(const Batch& batch) override {
    size_t count = 0;
    RUNJOB_RETURN_IF_ERROR(where_->Select(batch, selection_, &count));
    RUNJOB_RETURN_IF_ERROR(Pass(batch, count));
    // Only now: after an error the batch is added again.
    if (counts_) left_out_ += batch.count - count;
    return Status::Ok();
  }

  const Schema& schema() const override { return schema_; }
  uint64_t left_out() const override { return left_out_; }
  const std::vector<uint32_t>* filter_columns() const override { return &where_->columns(); }

 private:
  const Schema& schema_;
  const std::unique_ptr<Expression> where_;
  const bool counts_;
  uint64_t left_out_ = 0;
};

}  // namespace

Status CompileFilter(ProgramReader* program, const Schema& input, std::unique_ptr<RowOperator>* result) {
  std::unique_ptr<Expression> where;
  RUNJOB_RETURN_IF_ERROR(Expression::Compile(program, input, &where));
  bool counts = false;
  if (where->type().id != TypeId::kBoolean || !program->Read(&counts)) return BadProgram();
  *result = std::make_unique<Filter>(input, std::move(where), counts);
  return Status::Ok();
}

}  // namespace runjob
