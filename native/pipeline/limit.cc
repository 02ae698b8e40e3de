// Passes on the first rows.
#include <memory>
#include <numeric>

#include "pipeline/operator.h"

namespace runjob {

namespace {

class Limit : public RowOperator {
 public:
  Limit(const Schema& schema, uint64_t count) : schema_(schema), left_(count) {}

  Status Add(const Batch& batch) override {
    if (left_ == 0) return Status::Ok();
    if (batch.count <= left_) {
      RUNJOB_RETURN_IF_ERROR(next_->Add(batch));
      left_ -= batch.count;
      return Status::Ok();
    }
    first_ = batch;
    first_.count = static_cast<size_t>(left_);
    if (first_.selection == nullptr) {
      std::iota(rows_, rows_ + first_.count, static_cast<uint16_t>(0));
      first_.selection = rows_;
    }
    RUNJOB_RETURN_IF_ERROR(next_->Add(first_));
    left_ = 0;
    return Status::Ok();
  }

  const Schema& schema() const override { return schema_; }
  bool done() const override { return left_ == 0 || next_->done(); }

 private:
  const Schema& schema_;
  uint64_t left_;
  uint16_t rows_[kVectorRows];
  Batch first_;
};

}  // namespace

Status CompileLimit(ProgramReader* program, const Schema& input, std::unique_ptr<RowOperator>* result) {
  uint64_t count = 0;
  if (!program->Read(&count)) return BadProgram();
  *result = std::make_unique<Limit>(input, count);
  return Status::Ok();
}

}  // namespace runjob
