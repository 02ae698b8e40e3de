#include "pipeline/groups.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "column/keys.h"
#include "column/rows.h"
#include "pipeline/few_values.h"
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
    collected_.resize(values_.tags().size());
    sorted_few_.resize(values_.tags().size());
    keys_ = NewKeyDecoder(by_, {});
    rows_ = NewRowDecoder(results_);
  }

  const Schema& schema() const override { return schema_; }
  size_t bytes() const override {
    size_t bytes = arena_.bytes() + rows_->bytes() + key_.size() + value_key_.size();
    for (const GroupValues::TagValues& values : collected_) bytes += values.ranked.bytes();
    return bytes;
  }

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
  // Takes the values of the j-th tag.
  auto Ranked(size_t j) {
    return [this, j](const RankedRun& run) { values_.AddRanked(state(), values_.tags()[j], run, &arena_); };
  }

  Status Take(Slice key, Slice value, ColumnSink* rows) {
    const bool tagged = !values_.tags().empty();
    const Slice group = tagged ? Slice(key.data, PrefixLength(key)) : key;
    if (!begun_ || !(group == Slice(key_))) {
      RUNJOB_RETURN_IF_ERROR(End(rows));
      Begin(group);
    }
    if (tagged) {
      if (group.size == key.size) return Status::Error("RUN_CORRUPT", "the key of a group has no tag");
      const size_t tag = static_cast<uint8_t>(key.data[group.size]);
      if (tag > values_.tags().size()) return Status::Error("RUN_CORRUPT", "the key of a group has a wrong tag");
      if (tag > 0) return TakeValues(tag - 1, Slice(key.data + group.size, key.size - group.size), value);
    }
    if (has_values_) return Status::Error("RUN_CORRUPT", "a state of a group comes after its values");
    states_++;
    return values_.Merge(state(), value, &arena_, &collected_);
  }

  // Of the j-th tag, with which the key begins.
  Status TakeValues(size_t j, Slice key, Slice value) {
    has_values_ = true;
    if (values_.tags()[j].kind != TagKind::kRanked) return TakeValue(key, value);
    return collected_[j].ranked.AddBlock(Slice(key.data + 1, key.size - 1), value, Ranked(j));
  }

  // Of a tag: the key begins with it.
  Status TakeValue(Slice key, Slice value) {
    StateReader reader(value);
    uint64_t times = 1;
    if (value.size > 0 && (!reader.ReadVarint(&times) || !reader.at_end())) {
      return Status::Error("RUN_CORRUPT", "a value of a group has a wrong count");
    }
    if (!(key == Slice(value_key_))) {
      EndValue();
      value_key_.assign(key.data, key.size);
    }
    times_ += times;
    return Status::Ok();
  }

  // All records of the value have been read.
  void EndValue() {
    if (value_key_.empty()) return;
    const size_t j = static_cast<uint8_t>(value_key_[0]) - 1u;
    const Slice value(value_key_.data() + 1, value_key_.size() - 1);
    if (!collected_[j].few.empty()) {
      SortFew(j);
      AddFew(j, &value);
    }
    values_.AddValue(state(), values_.tags()[j], value, times_, &arena_);
    value_key_.clear();
    times_ = 0;
  }

  // The few values of all states, of which several may have the same.
  void SortFew(size_t j) {
    SortedFew& sorted = sorted_few_[j];
    if (sorted.known) return;
    sorted.known = true;
    FewValues::Each(collected_[j].few, [&](Slice value) { sorted.values.push_back(value); });
    const auto less = [](Slice a, Slice b) { return Compare(a, b) < 0; };
    std::sort(sorted.values.begin(), sorted.values.end(), less);
    sorted.values.erase(std::unique(sorted.values.begin(), sorted.values.end()), sorted.values.end());
  }

  // Those before `end`, and leaves out that one; null: all that are left.
  void AddFew(size_t j, const Slice* end) {
    SortedFew& sorted = sorted_few_[j];
    for (; sorted.next < sorted.values.size(); sorted.next++) {
      const Slice value = sorted.values[sorted.next];
      const int c = end == nullptr ? -1 : Compare(value, *end);
      if (c > 0) break;
      if (c < 0) values_.AddValue(state(), values_.tags()[j], value, 1, &arena_);
    }
  }

  // All values of the group have been read.
  void EndFew() {
    for (size_t j = 0; j < collected_.size(); j++) {
      std::string& few = collected_[j].few;
      if (few.empty()) continue;
      if (states_ > 1) SortFew(j);
      if (sorted_few_[j].known) {
        AddFew(j, nullptr);
      } else {
        // Those of one state are different.
        FewValues::Each(few, [&](Slice value) { values_.AddValue(state(), values_.tags()[j], value, 1, &arena_); });
      }
      few.clear();
      sorted_few_[j].Clear();
    }
    states_ = 0;
  }

  void Begin(Slice group) {
    key_.assign(group.data, group.size);
    if (arena_.bytes() > 0) arena_.Reset();
    std::fill(state_.begin(), state_.end(), 0);
    begun_ = true;
    has_values_ = false;
  }

  // The row of the group that has been read.
  Status End(ColumnSink* rows) {
    if (!begun_) return Status::Ok();
    EndValue();
    EndFew();
    for (size_t j = 0; j < collected_.size(); j++) RUNJOB_RETURN_IF_ERROR(collected_[j].ranked.End(Ranked(j)));
    Slice key = values_.tags().empty() || key_.empty() ? Slice(key_) : UnescapePrefix(key_, &plain_key_);
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

  struct SortedFew {
    bool known = false;
    std::vector<Slice> values;  // different ones
    size_t next = 0;            // that has not been added

    void Clear() {
      known = false;
      values.clear();
      next = 0;
    }
  };

  static constexpr size_t kMostBytes = size_t{4} << 20;  // a batch of long lists has fewer rows

  const Schema by_;
  GroupValues values_;
  Schema results_;
  Schema schema_;
  std::unique_ptr<KeyDecoder> keys_;
  std::unique_ptr<RowDecoder> rows_;

  bool begun_ = false;
  bool ended_ = false;
  std::string key_;                                // of the group, with its end if there are tags
  std::string plain_key_;                          // what unescaping takes
  std::string value_key_;                          // tag and key of the value at hand; empty: none
  uint64_t times_ = 0;                             // that it has come
  uint64_t states_ = 0;                            // of the group, that have been read
  bool has_values_ = false;                        // outside of states
  std::vector<GroupValues::TagValues> collected_;  // by tag
  std::vector<SortedFew> sorted_few_;
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
