#include "pipeline/groups.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "column/keys.h"
#include "column/rows.h"
#include "pipeline/group_values.h"
#include "record/key_encoding.h"

namespace runjob {
namespace {

class Groups final : public RowSource {
 public:
  Groups(Schema by, GroupValues values)
      : by_(std::move(by)), values_(std::move(values)), state_(values_.width() / sizeof(uint64_t) + 1) {
    for (size_t i = 0; i < values_.size(); i++) results_.push_back(values_.result(i));
    schema_ = by_;
    schema_.insert(schema_.end(), results_.begin(), results_.end());
    keys_ = NewKeyDecoder(by_, {});
    rows_ = NewRowDecoder(results_);
  }

  const Schema& schema() const override { return schema_; }
  size_t bytes() const override { return arena_.bytes() + rows_->bytes() + key_.size() + value_key_.size(); }

  Status Drain(Cursor* cursor, size_t max_records, ColumnSink* rows, size_t* records) override {
    *records = 0;
    for (; cursor->valid() && *records < max_records; ++*records) {
      RUNJOB_RETURN_IF_ERROR(Take(cursor->key(), cursor->value(), rows));
      RUNJOB_RETURN_IF_ERROR(cursor->Next());
    }
    if (cursor->valid() || ended_) return Status::Ok();
    ended_ = true;
    if (!begun_ && by_.empty()) Begin(Slice());
    RUNJOB_RETURN_IF_ERROR(End(rows));
    return Emit(rows);
  }

 private:
  Status Take(Slice key, Slice value, ColumnSink* rows) {
    const bool distinct = !values_.distincts().empty();
    const Slice group = distinct ? Slice(key.data, PrefixLength(key)) : key;
    if (!begun_ || !(group == Slice(key_))) {
      RUNJOB_RETURN_IF_ERROR(End(rows));
      Begin(group);
    }
    if (distinct) {
      if (group.size == key.size) return Status::Error("RUN_CORRUPT", "the key of a group has no tag");
      const size_t tag = static_cast<uint8_t>(key.data[group.size]);
      if (tag > values_.distincts().size()) return Status::Error("RUN_CORRUPT", "the key of a group has a wrong tag");
      if (tag > 0) {
        const Slice rest(key.data + group.size, key.size - group.size);
        if (rest == Slice(value_key_)) return Status::Ok();
        value_key_.assign(rest.data, rest.size);
        values_.CountDistinct(state(), tag - 1);
        return Status::Ok();
      }
    }
    return values_.Merge(state(), value, &arena_);
  }

  void Begin(Slice group) {
    key_.assign(group.data, group.size);
    value_key_.clear();
    if (arena_.bytes() > 0) arena_.Reset();
    std::fill(state_.begin(), state_.end(), 0);
    begun_ = true;
  }

  // The row of the group that has been read.
  Status End(ColumnSink* rows) {
    if (!begun_) return Status::Ok();
    Slice key = values_.distincts().empty() || key_.empty() ? Slice(key_) : UnescapePrefix(key_, &plain_key_);
    RUNJOB_RETURN_IF_ERROR(keys_->Add(&key));
    if (key.size > 0) return Status::Error("RUN_CORRUPT", "the key of a group is too long");
    RUNJOB_RETURN_IF_ERROR(values_.Finish(state(), &row_));
    RUNJOB_RETURN_IF_ERROR(rows_->Add(row_));
    return rows_->rows() < kVectorRows && rows_->bytes() < kMostBytes ? Status::Ok() : Emit(rows);
  }

  Status Emit(ColumnSink* rows) {
    if (rows_->rows() == 0) return Status::Ok();
    Batch batch = keys_->batch();
    const Batch& results = rows_->batch();
    batch.columns.insert(batch.columns.end(), results.columns.begin(), results.columns.end());
    const Status status = rows->Add(batch);
    keys_->Clear();
    rows_->Clear();
    return status;
  }

  char* state() { return reinterpret_cast<char*>(state_.data()); }

  static constexpr size_t kMostBytes = size_t{4} << 20;  // a batch of long lists has fewer rows

  const Schema by_;
  GroupValues values_;
  Schema results_;
  Schema schema_;
  std::unique_ptr<KeyDecoder> keys_;
  std::unique_ptr<RowDecoder> rows_;

  bool begun_ = false;
  bool ended_ = false;
  std::string key_;        // of the group, with its end if there are tags
  std::string plain_key_;  // what unescaping takes
  std::string value_key_;  // tag and value of the last distinct value
  std::vector<uint64_t> state_;
  Arena arena_;
  std::string row_;
};

}  // namespace

Status CompileGroups(ProgramReader* program, std::unique_ptr<RowSource>* source) {
  Schema by;
  program->Read(&by);
  GroupValues values;
  RUNJOB_RETURN_IF_ERROR(values.Read(program, nullptr));
  *source = std::make_unique<Groups>(std::move(by), std::move(values));
  return Status::Ok();
}

}  // namespace runjob
