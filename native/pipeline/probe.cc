#include "pipeline/probe.h"

#include <utility>

#include "column/rows.h"
#include "pipeline/gather.h"
#include "pipeline/join_pairs.h"

namespace runjob {
namespace {

class Probe final : public RowOperator, private JoinPairs {
 public:
  Probe(const Schema& input, RowJoin type, std::vector<uint32_t> on, std::shared_ptr<const JoinTable> table)
      : JoinPairs(type),
        on_(std::move(on)),
        table_(std::move(table)),
        both_(BothSides(input, table_->schema())),
        schema_(JoinedSchema(type, input, table_->schema())),
        lookup_(table_->NewLookup()),
        null_left_(NewRowDecoder(input)),
        gathers_(input.size()) {}

  Status ReadResidual(ProgramReader* program) { return filter_.ReadResidual(program, both_); }
  bool needs_rows() const { return has_residual() || GivesPairs(type_); }

  bool makes_rows() const override { return needs_rows(); }
  const Schema& schema() const override { return schema_; }
  size_t bytes() const override { return lookup_->bytes(); }

  Status Add(const Batch& batch) override {
    RUNJOB_RETURN_IF_ERROR(lookup_->Find(batch, on_));
    if (!needs_rows()) return Keep(batch);
    if (!has_residual()) {
      Batch extended = batch;
      if (lookup_->Extend(&extended, GivesLoneLeft(type_), GivesLoneRight(type_), selection_)) return Pass(extended);
    }
    batch_ = &batch;
    RUNJOB_RETURN_IF_ERROR(lookup_->AddPairs(this));
    return stopped_ ? Status::Ok() : Emit();
  }

  Status Finish() override {
    if (GivesLoneRight(type_) && !stopped_ && !next_->done()) RUNJOB_RETURN_IF_ERROR(AddLoneRight());
    return next_->Finish();
  }

 private:
  // Semi and anti without a condition: the rows that have a match, or none.
  Status Keep(const Batch& batch) {
    Batch selected = batch;
    selected.selection = selection_;
    RUNJOB_RETURN_IF_ERROR(lookup_->Select(type_ == RowJoin::kSemi, selection_, &selected.count));
    return selected.count == 0 ? Status::Ok() : next_->Add(selected);
  }

  // Rows of the table without a match.
  Status AddLoneRight() {
    RUNJOB_RETURN_IF_ERROR(null_left_->Add(NullRow(null_left_->batch().columns.size())));
    batch_ = &null_left_->batch();
    RUNJOB_RETURN_IF_ERROR(lookup_->AddUnmarked(this));
    return stopped_ ? Status::Ok() : Emit();
  }

  Status Emit() override {
    if (count_ == 0) return Status::Ok();
    Batch pairs;
    pairs.rows = pairs.count = count_;
    pairs.columns.resize(gathers_.size());
    for (size_t i = 0; i < gathers_.size(); i++) {
      gathers_[i].Take(batch_->columns[i], left_, count_, &pairs.columns[i]);
    }
    lookup_->TakeColumns(count_, &pairs.columns);
    if (has_residual()) {
      RUNJOB_RETURN_IF_ERROR(WithoutRow(filter_.Select(&pairs, [&](size_t i) {
        if (GivesLoneRight(type_)) lookup_->Mark(i);
      })));
    }
    count_ = 0;
    pairs.columns.resize(schema_.size());
    return Pass(pairs);
  }

  Status Pass(const Batch& pairs) {
    if (pairs.count > 0) RUNJOB_RETURN_IF_ERROR(WithoutRow(next_->Add(pairs)));
    stopped_ = next_->done();
    return Status::Ok();
  }

  // Rows of these batches are no rows of the batch that came in.
  static Status WithoutRow(Status status) {
    return status.ok() ? Status::Ok() : Status::Error(status.code(), status.detail());
  }

  const std::vector<uint32_t> on_;
  const std::shared_ptr<const JoinTable> table_;
  const Schema both_;
  const Schema schema_;
  const std::unique_ptr<JoinLookup> lookup_;
  const std::unique_ptr<RowDecoder> null_left_;

  const Batch* batch_ = nullptr;  // whose rows are in the pairs
  std::vector<Gather> gathers_;
  uint16_t selection_[kVectorRows];
};

}  // namespace

Status CompileProbe(ProgramReader* program, const Schema& input,
                    const std::vector<std::shared_ptr<const JoinTable>>& tables, std::unique_ptr<RowOperator>* result) {
  uint32_t index = 0;
  uint8_t code = 0;
  uint32_t count = 0;
  program->Read(&index);
  program->Read(&code);
  if (!program->Read(&count) || index >= tables.size() || code > static_cast<uint8_t>(RowJoin::kAnti)) {
    return BadProgram();
  }
  const RowJoin type = static_cast<RowJoin>(code);
  const std::vector<Type>& key_types = tables[index]->key_types();
  std::vector<uint32_t> on;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t column = 0;
    if (!program->Read(&column) || column >= input.size()) return BadProgram();
    if (i >= key_types.size() || !(input[column].type == key_types[i])) return BadProgram();
    on.push_back(column);
  }
  const JoinTable::Keep keep = tables[index]->keep();
  if (keep == JoinTable::Keep::kSets) return BadProgram();
  if (on.size() != key_types.size() || GivesLoneRight(type) != (keep == JoinTable::Keep::kAll)) return BadProgram();
  auto probe = std::make_unique<Probe>(input, type, std::move(on), tables[index]);
  RUNJOB_RETURN_IF_ERROR(probe->ReadResidual(program));
  if (keep == JoinTable::Keep::kKeys && probe->needs_rows()) return BadProgram();
  *result = std::move(probe);
  return Status::Ok();
}

}  // namespace runjob
