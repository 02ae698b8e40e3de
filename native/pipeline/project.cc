// Computes the columns that follow from those that come in.
#include <memory>
#include <string>
#include <vector>

#include "column/expression.h"
#include "pipeline/operator.h"

namespace runjob {

namespace {

class Project : public RowOperator {
 public:
  void AddColumn(std::string name, std::unique_ptr<Expression> value) {
    schema_.push_back(Field{std::move(name), value->type(), true});
    values_.push_back(std::move(value));
  }

  Status Add(const Batch& batch) override {
    result_.rows = batch.rows;
    result_.selection = batch.selection;
    result_.count = batch.count;
    result_.columns.resize(values_.size());
    for (size_t i = 0; i < values_.size(); i++) {
      RUNJOB_RETURN_IF_ERROR(values_[i]->Evaluate(batch, &result_.columns[i]));
    }
    return next_->Add(result_);
  }

  const Schema& schema() const override { return schema_; }

 private:
  Schema schema_;
  std::vector<std::unique_ptr<Expression>> values_;
  Batch result_;
};

}  // namespace

Status CompileProject(ProgramReader* program, const Schema& input, std::unique_ptr<RowOperator>* result) {
  uint32_t count = 0;
  if (!program->Read(&count)) return BadProgram();
  auto project = std::make_unique<Project>();
  for (uint32_t i = 0; i < count; i++) {
    std::string name;
    std::unique_ptr<Expression> value;
    if (!program->Read(&name)) return BadProgram();
    RUNJOB_RETURN_IF_ERROR(Expression::Compile(program, input, &value));
    project->AddColumn(std::move(name), std::move(value));
  }
  *result = std::move(project);
  return Status::Ok();
}

}  // namespace runjob
