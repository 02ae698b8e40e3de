#include "pipeline/constants.h"

namespace runjob {

namespace {

const Schema kNoColumns;

}  // namespace

Status Constants::Compile(ProgramReader* program, const Schema& input, const RowPlaces* places,
                          std::unique_ptr<Constants>* result) {
  auto constants = std::make_unique<Constants>();
  Schema own;
  bool has_place = false;
  program->Read(&own);
  if (!program->Read(&has_place)) return BadProgram();
  if (has_place && (own.empty() || own.back().type.id != TypeId::kLong)) return BadProgram();
  if (has_place) constants->places_ = places;
  constants->taken_ = input.size();
  constants->schema_ = input;
  constants->schema_.insert(constants->schema_.end(), own.begin(), own.end());
  *result = std::move(constants);
  return Status::Ok();
}

Status Constants::Set(Slice bytes) {
  ProgramReader program(bytes);
  std::vector<std::unique_ptr<Expression>> values(schema_.size() - taken_);
  for (size_t i = 0; i < values.size(); i++) {
    RUNJOB_RETURN_IF_ERROR(Expression::Compile(&program, kNoColumns, &values[i]));
    if (!(values[i]->type() == schema_[taken_ + i].type)) return BadProgram();
  }
  if (!program.at_end()) return BadProgram();
  values_ = std::move(values);
  return Status::Ok();
}

Status Constants::Add(const Batch& batch) {
  if (values_.size() + taken_ != schema_.size()) {
    return Status::Error("BAD_ARGUMENT", "rows came in before the constants of their file");
  }
  result_.rows = batch.rows;
  result_.selection = batch.selection;
  result_.count = batch.count;
  result_.columns = batch.columns;
  result_.columns.resize(schema_.size());
  for (size_t i = 0; i < values_.size(); i++) {
    RUNJOB_RETURN_IF_ERROR(values_[i]->Evaluate(batch, &result_.columns[taken_ + i]));
  }
  if (places_ != nullptr) {
    Vector& place = result_.columns.back();
    const auto first = static_cast<uint64_t>(place.at<int64_t>(0));
    for (size_t i = 0; i < batch.count; i++) {
      const size_t row = batch.row(i);
      place_[row] = static_cast<int64_t>(first + (*places_)[row].offset);
    }
    place.form = VectorForm::kFlat;
    place.values = place_;
  }
  return next_->Add(result_);
}

}  // namespace runjob
