#include "pipeline/merge_join.h"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "column/keys.h"
#include "column/rows.h"
#include "pipeline/held_rows.h"
#include "pipeline/pair_filter.h"

namespace runjob {
namespace {

enum Side : char { kRight = 0, kLeft = 1 };  // in sort order

struct JoinProgram {
  RowJoin type = RowJoin::kInner;
  Schema left;
  Schema right;
  Schema keys;
  size_t hold_bytes = 0;
  std::string folder;
};

class MergeJoin final : public RowSource {
 public:
  explicit MergeJoin(JoinProgram program)
      : program_(std::move(program)),
        both_(BothSides(program_.left, program_.right)),
        schema_(JoinedSchema(program_.type, program_.left, program_.right)),
        filter_(program_.type),
        keys_(NewKeyDecoder(program_.keys, {})),
        left_(NewRowDecoder(program_.left)),
        right_(NewRowDecoder(program_.right)),
        null_left_(NullRow(program_.left.size())),
        null_right_(NullRow(program_.right.size())),
        held_(program_.hold_bytes, program_.folder) {}

  Status ReadResidual(ProgramReader* program) { return filter_.ReadResidual(program, both_); }

  const Schema& schema() const override { return schema_; }
  size_t bytes() const override { return left_->bytes() + right_->bytes() + held_.bytes(); }

  Status Drain(Cursor* cursor, size_t max_records, ColumnSink* rows, size_t* records) override {
    next_ = rows;
    *records = 0;
    for (; cursor->valid() && *records < max_records; ++*records) {
      RUNJOB_RETURN_IF_ERROR(Take(cursor->key(), cursor->value()));
      RUNJOB_RETURN_IF_ERROR(cursor->Next());
    }
    if (*records > 0) return Status::Ok();
    RUNJOB_RETURN_IF_ERROR(EndGroup());
    return Emit();
  }

 private:
  Status Take(Slice key, Slice row) {
    if (stopped_) return Status::Ok();
    if (key.size == 0) return Misplaced();
    const Slice group(key.data, key.size - 1);
    if (!begun_ || !(group == Slice(group_))) {
      RUNJOB_RETURN_IF_ERROR(EndGroup());
      RUNJOB_RETURN_IF_ERROR(BeginGroup(group));
    }
    const char side = key.data[group.size];
    if (side == kLeft) {
      seen_left_ = true;
      return TakeLeft(row);
    }
    if (side != kRight || seen_left_) return Misplaced();
    return TakeRight(row);
  }

  static Status Misplaced() {
    return Status::Error("RUN_CORRUPT", "a key of a join has no valid side, or is out of order");
  }

  Status BeginGroup(Slice group) {
    begun_ = true;
    group_.assign(group.data, group.size);
    seen_left_ = false;
    has_rights_ = false;
    if (held_.count() > 0) held_.Clear();
    return HasNull(&matches_nothing_);
  }

  Status HasNull(bool* has_null) {
    Slice key(group_);
    keys_->Clear();
    RUNJOB_RETURN_IF_ERROR(keys_->Add(&key));
    if (key.size > 0) return Misplaced();
    *has_null = false;
    for (const Vector& column : keys_->batch().columns) *has_null |= !column.valid(0);
    return Status::Ok();
  }

  Status TakeRight(Slice row) {
    if (matches_nothing_) return GivesLoneRight(program_.type) ? Give(null_left_, row) : Status::Ok();
    has_rights_ = true;
    // Without a condition, what is left of a left row decides alone.
    if (!GivesPairs(program_.type) && !filter_.has_residual()) return Status::Ok();
    return held_.Add(row);
  }

  Status TakeLeft(Slice row) {
    if (!has_rights_) return GivesLoneLeft(program_.type) ? Give(row, null_right_) : Status::Ok();
    if (!filter_.has_residual()) {
      if (!GivesPairs(program_.type)) {
        return program_.type == RowJoin::kSemi ? Give(row, null_right_) : Status::Ok();
      }
      return held_.ForEach([&](Slice right) { return Give(row, right); });
    }
    uint64_t i = 0;
    RUNJOB_RETURN_IF_ERROR(held_.ForEach([&](Slice right) {
      if (stopped_) return Status::Ok();
      filter_.AddPair();
      if (GivesLoneRight(program_.type)) right_rows_.push_back(i++);
      return Put(row, right);
    }));
    if (!filter_.has_left_ends() || stopped_) return Status::Ok();
    filter_.AddLeftEnd();
    if (GivesLoneRight(program_.type)) right_rows_.push_back(0);
    return Put(row, null_right_);
  }

  // Right rows without a match.
  Status EndGroup() {
    if (!GivesLoneRight(program_.type) || held_.count() == 0 || stopped_) return Status::Ok();
    if (!filter_.has_residual()) {
      return seen_left_ ? Status::Ok() : held_.ForEach([&](Slice right) { return Give(null_left_, right); });
    }
    // Which ones have matched is known only when all pairs have been judged.
    RUNJOB_RETURN_IF_ERROR(Emit());
    size_t i = 0;
    RUNJOB_RETURN_IF_ERROR(held_.ForEach([&](Slice right) {
      const bool is_lone = i >= right_matched_.size() || !right_matched_[i];
      i++;
      return is_lone ? Give(null_left_, right) : Status::Ok();
    }));
    right_matched_.clear();
    held_.Clear();
    return Status::Ok();
  }

  Status Give(Slice left, Slice right) {
    if (stopped_) return Status::Ok();
    filter_.AddGiven();
    if (filter_.has_residual() && GivesLoneRight(program_.type)) right_rows_.push_back(0);
    return Put(left, right);
  }

  Status Put(Slice left, Slice right) {
    RUNJOB_RETURN_IF_ERROR(left_->Add(left));
    RUNJOB_RETURN_IF_ERROR(right_->Add(right));
    batch_bytes_ += left.size + right.size;
    return left_->rows() == kVectorRows || batch_bytes_ > kMostBytes ? Emit() : Status::Ok();
  }

  Status Emit() {
    if (left_->rows() == 0) return Status::Ok();
    Batch batch = left_->batch();
    const Batch& right = right_->batch();
    batch.columns.insert(batch.columns.end(), right.columns.begin(), right.columns.end());
    RUNJOB_RETURN_IF_ERROR(filter_.Select(&batch, [&](size_t i) {
      if (right_rows_.empty()) return;
      if (right_matched_.size() < held_.count()) right_matched_.resize(held_.count());
      right_matched_[right_rows_[i]] = true;
    }));
    right_rows_.clear();
    batch.columns.resize(schema_.size());
    if (batch.count > 0) RUNJOB_RETURN_IF_ERROR(next_->Add(batch));
    left_->Clear();
    right_->Clear();
    batch_bytes_ = 0;
    stopped_ = next_->done();
    return Status::Ok();
  }

  static constexpr size_t kMostBytes = size_t{8} << 20;  // a batch of long rows has fewer of them

  const JoinProgram program_;
  const Schema both_;
  const Schema schema_;
  PairFilter filter_;
  const std::unique_ptr<KeyDecoder> keys_;
  // Pairs of rows to pass on.
  const std::unique_ptr<RowDecoder> left_;
  const std::unique_ptr<RowDecoder> right_;
  const std::string null_left_;
  const std::string null_right_;
  size_t batch_bytes_ = 0;
  ColumnSink* next_ = nullptr;
  bool stopped_ = false;  // no more rows are of use

  // The key that is being read, and its rows.
  bool begun_ = false;
  std::string group_;
  bool matches_nothing_ = false;
  bool seen_left_ = false;
  bool has_rights_ = false;  // held or not
  HeldRows held_;
  // With a condition, where right rows without a match come out: which one is in each pair, and which ones have matched.
  std::vector<uint64_t> right_rows_;
  std::vector<bool> right_matched_;
};

}  // namespace

Status CompileMergeJoin(ProgramReader* program, std::unique_ptr<RowSource>* source) {
  JoinProgram join;
  uint8_t type = 0;
  uint32_t keys = 0;
  uint64_t hold_bytes = 0;
  program->Read(&type);
  program->Read(&join.left);
  program->Read(&join.right);
  program->Read(&keys);
  for (uint32_t i = 0; i < keys && program->ok(); i++) {
    Field& key = join.keys.emplace_back();
    program->Read(&key.type);
  }
  program->Read(&hold_bytes);
  if (!program->Read(&join.folder) || type > static_cast<uint8_t>(RowJoin::kAnti)) return BadProgram();
  join.type = static_cast<RowJoin>(type);
  join.hold_bytes = hold_bytes;
  auto merge_join = std::make_unique<MergeJoin>(std::move(join));
  RUNJOB_RETURN_IF_ERROR(merge_join->ReadResidual(program));
  *source = std::move(merge_join);
  return Status::Ok();
}

}  // namespace runjob
