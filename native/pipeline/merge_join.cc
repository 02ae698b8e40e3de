#include "pipeline/merge_join.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "column/keys.h"
#include "column/rows.h"
#include "pipeline/gather.h"
#include "pipeline/held_rows.h"
#include "pipeline/pair_filter.h"

namespace runjob {
namespace {

// The last byte of a key, in sort order.
constexpr char kRight = 0;
constexpr char kLeft = 1;

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
        fixed_keys_(std::none_of(program_.keys.begin(), program_.keys.end(),
                                 [](const Field& key) { return key.type.is_bytes() || key.type.is_nested(); })),
        left_(program_.left),
        right_(program_.right),
        held_(program_.hold_bytes, program_.folder) {}

  Status ReadResidual(ProgramReader* program) { return filter_.ReadResidual(program, both_); }

  const Schema& schema() const override { return schema_; }
  size_t bytes() const override { return left_.bytes() + right_.bytes() + held_.bytes(); }

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
  // A side's rows in the batch: each is decoded once, however many pairs it is in.
  class Side {
   public:
    explicit Side(const Schema& schema) : rows_(NewRowDecoder(schema)), null_(NullRow(schema.size())) {
      gathers_.resize(schema.size());
    }

    bool full() const { return rows_->rows() == kVectorRows || row_bytes_ > kMostBytes; }
    size_t rows() const { return rows_->rows(); }
    size_t room() const { return full() ? 0 : kVectorRows - rows_->rows(); }
    Status Add(Slice row, size_t* index) {
      *index = rows_->rows();
      row_bytes_ += row.size;
      return rows_->Add(row);
    }
    Status AddNull(size_t* index) {
      if (null_index_ < 0) {
        size_t added = 0;
        RUNJOB_RETURN_IF_ERROR(Add(null_, &added));
        null_index_ = static_cast<int>(added);
      }
      *index = static_cast<size_t>(null_index_);
      return Status::Ok();
    }

    // Row `index` is the side's part of pair n.
    void Put(size_t n, size_t index) {
      indexes_[n] = static_cast<uint16_t>(index);
      in_order_ &= n == index;
    }
    // Appends the columns of the first n pairs.
    void Give(size_t n, std::vector<Vector>* columns) {
      const Batch& batch = rows_->batch();
      for (size_t i = 0; i < gathers_.size(); i++) {
        columns->emplace_back();
        if (in_order_) {
          columns->back() = batch.columns[i];
        } else {
          gathers_[i].Take(batch.columns[i], indexes_, n, &columns->back());
        }
      }
    }

    void Clear() {
      rows_->Clear();
      row_bytes_ = 0;
      null_index_ = -1;
      in_order_ = true;
    }
    size_t bytes() const { return rows_->bytes(); }

   private:
    const std::unique_ptr<RowDecoder> rows_;
    const std::string null_;
    size_t row_bytes_ = 0;
    int null_index_ = -1;   // where it is among the rows, if it is
    bool in_order_ = true;  // pair i has row i
    uint16_t indexes_[kVectorRows];
    std::vector<Gather> gathers_;
  };

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
    decoded_ = false;
    if (held_.count() > 0) held_.Clear();
    return HasNull(&matches_nothing_);
  }

  // Whether one of the key's columns is null.
  Status HasNull(bool* has_null) {
    *has_null = false;
    if (fixed_keys_) {
      size_t at = 0;
      for (const Field& key : program_.keys) {
        if (at >= group_.size()) return Misplaced();
        const bool is_null = group_[at] == '\0';
        *has_null |= is_null;
        at += is_null ? 1 : 1 + key.type.width();
      }
      return at == group_.size() ? Status::Ok() : Misplaced();
    }
    Slice key(group_);
    keys_->Clear();
    RUNJOB_RETURN_IF_ERROR(keys_->Add(&key));
    if (key.size > 0) return Misplaced();
    for (const Vector& column : keys_->batch().columns) *has_null |= !column.valid(0);
    return Status::Ok();
  }

  Status TakeRight(Slice row) {
    if (matches_nothing_) return GivesLoneRight(program_.type) ? GiveRight(row) : Status::Ok();
    has_rights_ = true;
    // Without a condition, what is left of a left row decides alone.
    if (!GivesPairs(program_.type) && !filter_.has_residual()) return Status::Ok();
    return held_.Add(row);
  }

  Status TakeLeft(Slice row) {
    has_left_ = false;
    if (!has_rights_) return GivesLoneLeft(program_.type) ? GiveLeft(row) : Status::Ok();
    if (!GivesPairs(program_.type) && !filter_.has_residual()) {
      return program_.type == RowJoin::kSemi ? GiveLeft(row) : Status::Ok();
    }
    RUNJOB_RETURN_IF_ERROR(TakePairs(row));
    if (!filter_.has_left_ends() || stopped_) return Status::Ok();
    RUNJOB_RETURN_IF_ERROR(MakeRoom());
    filter_.AddLeftEnd();
    return PutLeft(row);
  }

  // The left row with each right row of its key.
  Status TakePairs(Slice row) {
    const size_t count = held_.count();
    uint64_t i = 0;
    if (count > kMostDecoded || !held_.fits(kMostDecodedBytes)) {
      return held_.ForEach([&](Slice right) {
        if (!stopped_) RUNJOB_RETURN_IF_ERROR(MakeRoom());
        if (stopped_) return Status::Ok();
        size_t index = 0;
        RUNJOB_RETURN_IF_ERROR(right_.Add(right, &index));
        return PutPair(row, index, i++);
      });
    }
    for (; i < count && !stopped_; i++) {
      RUNJOB_RETURN_IF_ERROR(MakeRoom(decoded_ ? 0 : count));
      if (stopped_) break;
      if (!decoded_) RUNJOB_RETURN_IF_ERROR(DecodeHeld());
      RUNJOB_RETURN_IF_ERROR(PutPair(row, first_right_ + i, i));
    }
    return Status::Ok();
  }

  Status DecodeHeld() {
    first_right_ = right_.rows();
    decoded_ = true;
    return held_.ForEach([&](Slice right) {
      size_t index = 0;
      return right_.Add(right, &index);
    });
  }

  Status PutPair(Slice left_row, size_t right, uint64_t right_row) {
    size_t left = 0;
    RUNJOB_RETURN_IF_ERROR(AddLeft(left_row, &left));
    if (filter_.has_residual()) {
      filter_.AddPair();
    } else {
      filter_.AddGiven();
    }
    Put(left, right, right_row);
    return Status::Ok();
  }

  // Right rows without a match.
  Status EndGroup() {
    if (!GivesLoneRight(program_.type) || held_.count() == 0 || stopped_) return Status::Ok();
    if (!filter_.has_residual()) {
      return seen_left_ ? Status::Ok() : held_.ForEach([&](Slice right) { return GiveRight(right); });
    }
    // Which ones have matched is known only when all pairs have been judged.
    RUNJOB_RETURN_IF_ERROR(Emit());
    size_t i = 0;
    RUNJOB_RETURN_IF_ERROR(held_.ForEach([&](Slice right) {
      const bool is_lone = i >= right_matched_.size() || !right_matched_[i];
      i++;
      return is_lone ? GiveRight(right) : Status::Ok();
    }));
    right_matched_.clear();
    held_.Clear();
    return Status::Ok();
  }

  // One row without a match.
  Status GiveLeft(Slice row) {
    if (stopped_) return Status::Ok();
    RUNJOB_RETURN_IF_ERROR(MakeRoom());
    filter_.AddGiven();
    return PutLeft(row);
  }
  Status GiveRight(Slice row) {
    if (stopped_) return Status::Ok();
    RUNJOB_RETURN_IF_ERROR(MakeRoom());
    filter_.AddGiven();
    size_t left = 0;
    size_t right = 0;
    RUNJOB_RETURN_IF_ERROR(left_.AddNull(&left));
    RUNJOB_RETURN_IF_ERROR(right_.Add(row, &right));
    Put(left, right, 0);
    return Status::Ok();
  }

  Status PutLeft(Slice row) {
    size_t left = 0;
    size_t right = 0;
    RUNJOB_RETURN_IF_ERROR(AddLeft(row, &left));
    RUNJOB_RETURN_IF_ERROR(right_.AddNull(&right));
    Put(left, right, 0);
    return Status::Ok();
  }

  // The left row at hand, where it is not in the batch yet.
  Status AddLeft(Slice row, size_t* index) {
    if (!has_left_) RUNJOB_RETURN_IF_ERROR(left_.Add(row, &left_index_));
    has_left_ = true;
    *index = left_index_;
    return Status::Ok();
  }

  void Put(size_t left, size_t right, uint64_t right_row) {
    left_.Put(pairs_, left);
    right_.Put(pairs_, right);
    if (filter_.has_residual() && GivesLoneRight(program_.type)) right_rows_.push_back(right_row);
    pairs_++;
  }

  // Room for a pair, with a left row and so many right ones that are to be decoded.
  Status MakeRoom(size_t rights = 1) {
    const bool fits = pairs_ < kVectorRows && left_.room() > 0 && right_.room() >= rights;
    return fits ? Status::Ok() : Emit();
  }

  Status Emit() {
    if (pairs_ == 0) return Status::Ok();
    Batch batch;
    batch.rows = batch.count = pairs_;
    left_.Give(pairs_, &batch.columns);
    if (filter_.has_residual() || GivesPairs(program_.type)) right_.Give(pairs_, &batch.columns);
    RUNJOB_RETURN_IF_ERROR(filter_.Select(&batch, [&](size_t i) {
      if (right_rows_.empty()) return;
      if (right_matched_.size() < held_.count()) right_matched_.resize(held_.count());
      right_matched_[right_rows_[i]] = true;
    }));
    right_rows_.clear();
    batch.columns.resize(schema_.size());
    if (batch.count > 0) RUNJOB_RETURN_IF_ERROR(next_->Add(batch));
    left_.Clear();
    right_.Clear();
    pairs_ = 0;
    has_left_ = false;
    decoded_ = false;
    stopped_ = next_->done();
    return Status::Ok();
  }

  static constexpr size_t kMostBytes = size_t{8} << 20;  // of a side; a batch of long rows has fewer of them
  // Right rows of a key that stay decoded from one left row to the next.
  static constexpr size_t kMostDecoded = kVectorRows / 2;
  static constexpr size_t kMostDecodedBytes = size_t{1} << 20;

  const JoinProgram program_;
  const Schema both_;
  const Schema schema_;
  PairFilter filter_;
  const std::unique_ptr<KeyDecoder> keys_;
  const bool fixed_keys_;  // each column's values take the same number of bytes
  // Pairs of rows to pass on.
  Side left_;
  Side right_;
  size_t pairs_ = 0;
  ColumnSink* next_ = nullptr;
  bool stopped_ = false;  // no more rows are of use

  // The key that is being read, and its rows.
  bool begun_ = false;
  std::string group_;
  bool matches_nothing_ = false;
  bool seen_left_ = false;
  bool has_rights_ = false;  // held or not
  bool has_left_ = false;    // the left row at hand is in the batch:
  size_t left_index_ = 0;
  HeldRows held_;
  bool decoded_ = false;  // the rows held are those of the right side from this one on
  size_t first_right_ = 0;
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
