#include "pipeline/probe.h"

#include <algorithm>
#include <string>
#include <utility>

#include "aggregate/distinct.h"
#include "aggregate/table.h"
#include "column/keys.h"
#include "column/rows.h"
#include "pipeline/gather.h"
#include "pipeline/pair_filter.h"

namespace runjob {
namespace {

constexpr size_t kGroup = AggregateTable::kGroup;
constexpr size_t kKeysBytes = size_t{1} << 20;  // more, and a group of keys is looked up before it is full
constexpr size_t kPairBytes = size_t{8} << 20;  // of a table's rows in a batch; one of long rows has fewer

class Probe final : public RowOperator {
 public:
  Probe(const Schema& input, RowJoin type, std::vector<uint32_t> on, std::shared_ptr<const JoinTable> table)
      : type_(type),
        on_(std::move(on)),
        table_(std::move(table)),
        both_(BothSides(input, table_->schema())),
        schema_(JoinedSchema(type, input, table_->schema())),
        filter_(type),
        lookup_(table_->NewLookup()),
        right_(NewRowDecoder(table_->schema())),
        null_right_(NullRow(table_->schema().size())),
        null_left_(NewRowDecoder(input)),
        gathers_(input.size()) {}

  Status ReadResidual(ProgramReader* program) { return filter_.ReadResidual(program, both_); }
  bool needs_rows() const { return filter_.has_residual() || GivesPairs(type_); }

  bool makes_rows() const override { return needs_rows(); }
  const Schema& schema() const override { return schema_; }
  size_t bytes() const override { return right_->bytes() + lookup_->bytes(); }

  Status Add(const Batch& batch) override {
    if (!needs_rows()) return Keep(batch);
    batch_ = &batch;
    for (size_t first = 0; first < batch.count;) {
      size_t n = 0;
      RUNJOB_RETURN_IF_ERROR(Look(batch, first, &n));
      for (size_t i = 0; i < n; i++) {
        RUNJOB_RETURN_IF_ERROR(AddPairs(batch.row(first + i), i));
        if (stopped_) return Status::Ok();
      }
      first += n;
    }
    return Emit();
  }

  Status Finish() override {
    if (GivesLoneRight(type_) && !stopped_ && !next_->done()) RUNJOB_RETURN_IF_ERROR(AddLoneRight());
    return next_->Finish();
  }

 private:
  // Semi and anti without a condition: the rows that have a match, or none.
  Status Keep(const Batch& batch) {
    size_t kept = 0;
    for (size_t first = 0; first < batch.count;) {
      size_t n = 0;
      RUNJOB_RETURN_IF_ERROR(Look(batch, first, &n));
      for (size_t i = 0; i < n; i++) {
        JoinLookup::Row right;
        RUNJOB_RETURN_IF_ERROR(First(i, &right));
        selection_[kept] = static_cast<uint16_t>(batch.row(first + i));
        kept += right.found == (type_ == RowJoin::kSemi);
      }
      first += n;
    }
    if (kept == 0) return Status::Ok();
    Batch selected = batch;
    selected.selection = selection_;
    selected.count = kept;
    return next_->Add(selected);
  }

  // Looks for the keys of the next n rows of the batch.
  Status Look(const Batch& batch, size_t first, size_t* n) {
    const size_t end = std::min(batch.count, first + kGroup);
    keys_.Clear();
    size_t i = first;
    if (const size_t fixed = FixedKeySize(batch, on_); fixed > 0) {
      WriteFixedKeys(batch, on_, first, end - first, keys_.AddFixed(end - first, fixed));
      std::fill_n(has_null_, end - first, false);
      i = end;
    }
    for (; i < end && keys_.size() < kKeysBytes; i++) {
      const size_t row = batch.row(i);
      has_null_[i - first] = false;
      for (const uint32_t column : on_) {
        has_null_[i - first] |= !batch.columns[column].valid(row);
        AppendKey(batch.columns[column], row, KeyOrder(), keys_.buffer());
      }
      RUNJOB_RETURN_IF_ERROR(keys_.End());
    }
    *n = i - first;
    return lookup_->Find(AggregateTable::Keys{keys_.Padded(), 0, keys_.ends(), nullptr, *n});
  }

  Status First(size_t i, JoinLookup::Row* right) {
    if (!has_null_[i]) return lookup_->First(i, right);
    right->found = false;
    return Status::Ok();
  }

  // @param i its key, of those that were looked for
  Status AddPairs(size_t left, size_t i) {
    JoinLookup::Row right;
    RUNJOB_RETURN_IF_ERROR(First(i, &right));
    if (!right.found) {
      if (!GivesLoneLeft(type_)) return Status::Ok();
      filter_.AddGiven();
      return Put(left, null_right_, 0);
    }
    while (right.found && !stopped_) {
      if (filter_.has_residual()) {
        filter_.AddPair();
      } else {
        filter_.AddGiven();
        if (GivesLoneRight(type_)) lookup_->Mark(right.id);
      }
      RUNJOB_RETURN_IF_ERROR(Put(left, right.bytes, right.id));
      RUNJOB_RETURN_IF_ERROR(lookup_->Next(&right));
    }
    if (!filter_.has_left_ends() || stopped_) return Status::Ok();
    filter_.AddLeftEnd();
    return Put(left, null_right_, 0);
  }

  // Rows of the table without a match.
  Status AddLoneRight() {
    RUNJOB_RETURN_IF_ERROR(null_left_->Add(NullRow(null_left_->batch().columns.size())));
    batch_ = &null_left_->batch();
    RUNJOB_RETURN_IF_ERROR(lookup_->ForEachUnmarked([&](Slice right) {
      if (stopped_) return Status::Ok();
      filter_.AddGiven();
      return Put(0, right, 0);
    }));
    return stopped_ ? Status::Ok() : Emit();
  }

  Status Put(size_t left, Slice right, uint64_t id) {
    left_[right_->rows()] = static_cast<uint16_t>(left);
    ids_[right_->rows()] = id;
    RUNJOB_RETURN_IF_ERROR(right_->Add(right));
    right_bytes_ += right.size;
    return right_->rows() == kVectorRows || right_bytes_ > kPairBytes ? Emit() : Status::Ok();
  }

  Status Emit() {
    const size_t n = right_->rows();
    if (n == 0) return Status::Ok();
    Batch pairs = right_->batch();
    std::vector<Vector> columns(gathers_.size());
    for (size_t i = 0; i < columns.size(); i++) gathers_[i].Take(batch_->columns[i], left_, n, &columns[i]);
    columns.insert(columns.end(), pairs.columns.begin(), pairs.columns.end());
    pairs.columns = std::move(columns);
    RUNJOB_RETURN_IF_ERROR(WithoutRow(filter_.Select(&pairs, [&](size_t i) {
      if (GivesLoneRight(type_)) lookup_->Mark(ids_[i]);
    })));
    pairs.columns.resize(schema_.size());
    if (pairs.count > 0) RUNJOB_RETURN_IF_ERROR(WithoutRow(next_->Add(pairs)));
    right_->Clear();
    right_bytes_ = 0;
    stopped_ = next_->done();
    return Status::Ok();
  }

  // Rows of these batches are no rows of the batch that came in.
  static Status WithoutRow(Status status) {
    return status.ok() ? Status::Ok() : Status::Error(status.code(), status.detail());
  }

  const RowJoin type_;
  const std::vector<uint32_t> on_;
  const std::shared_ptr<const JoinTable> table_;
  const Schema both_;
  const Schema schema_;
  PairFilter filter_;

  // Pairs of rows to pass on: rows of the batch, and rows of the table.
  const Batch* batch_ = nullptr;
  uint16_t left_[kVectorRows];
  const std::unique_ptr<JoinLookup> lookup_;
  const std::unique_ptr<RowDecoder> right_;
  uint64_t ids_[kVectorRows];  // of the table's rows
  size_t right_bytes_ = 0;
  const std::string null_right_;
  const std::unique_ptr<RowDecoder> null_left_;
  std::vector<Gather> gathers_;
  bool stopped_ = false;  // no more rows are of use

  KeyList keys_;
  bool has_null_[kGroup];
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
  if (on.size() != key_types.size() || GivesLoneRight(type) != (keep == JoinTable::Keep::kAll)) return BadProgram();
  auto probe = std::make_unique<Probe>(input, type, std::move(on), tables[index]);
  RUNJOB_RETURN_IF_ERROR(probe->ReadResidual(program));
  if (keep == JoinTable::Keep::kKeys && probe->needs_rows()) return BadProgram();
  *result = std::move(probe);
  return Status::Ok();
}

}  // namespace runjob
