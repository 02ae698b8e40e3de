// Aggregation of sorted records: equal keys are neighbours, so it holds only one state at a time.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/arena.h"
#include "operator/operators.h"
#include "record/key_encoding.h"
#include "record/key_head.h"
#include "record/packed_record.h"

namespace runjob {
namespace {

// A state outside a hash table: reused from group to group.
class StateBuffer {
 public:
  explicit StateBuffer(std::vector<AggregateSpec> specs) : layout_(std::move(specs)), words_(layout_.width() / 8 + 1) {
    for (const AggregateSpec& spec : layout_.specs()) {
      if (spec.fn == AggregateFn::kTop) uses_arena_ = true;
      if (spec.kind == ValueKind::kBytes) uses_arena_ = true;
      if (spec.fn == AggregateFn::kSum || spec.fn == AggregateFn::kMean) uses_arena_ = true;
    }
  }

  const AggregateLayout& layout() const { return layout_; }

  void Init() {
    if (uses_arena_ && arena_.bytes() > 0) arena_.Reset();
    layout_.Init(state());
  }
  void Merge(Slice serialized) { layout_.Merge(state(), serialized, &arena_); }
  // Replace what `out` holds.
  void Serialize(std::string* out) {
    out->clear();
    layout_.Serialize(state(), out);
  }
  Status Finalize(const uint64_t* distinct, std::string* out) {
    out->clear();
    return layout_.Finalize(state(), distinct, out);
  }

 private:
  char* state() { return reinterpret_cast<char*>(words_.data()); }

  AggregateLayout layout_;
  std::vector<uint64_t> words_;  // for their alignment
  Arena arena_;
  bool uses_arena_ = false;
};

// Shared by the operators below: the input, and a key that outlives the input's step to the next record.
class GroupCursor : public Cursor {
 public:
  explicit GroupCursor(std::unique_ptr<Cursor> input) : input_(std::move(input)) {}

  uint64_t records_in() const override { return records_; }

 protected:
  // Reads the input's current group, and leaves the input after it. Sets key_ and value_.
  virtual Status ReadGroup() = 0;

  void HoldKey() {
    const Slice key = input_->key();
    if (key.size > held_key_.size()) held_key_.resize(std::max(key.size, 2 * held_key_.size()));
    CopyBytes(held_key_.data(), key.data, key.size);
    key_ = Slice(held_key_.data(), key.size);
  }
  Status Advance() {
    records_++;
    return input_->Next();
  }
  bool SameKey() const { return input_->valid() && input_->key() == key_; }

  const std::unique_ptr<Cursor> input_;
  Slice key_;
  Slice value_;

 private:
  Status Begin() final {
    RUNJOB_RETURN_IF_ERROR(input_->Start());
    return Read();
  }
  Status Read() final {
    if (!input_->valid()) return Status::Ok();
    RUNJOB_RETURN_IF_ERROR(ReadGroup());
    SetReady(key_, value_);
    return Status::Ok();
  }

  std::string held_key_;  // at its start, and room
  uint64_t records_ = 0;
};

// The first record of each key: of what the input has ready, those that differ from the one before.
class DistinctKeysCursor : public Cursor {
 public:
  explicit DistinctKeysCursor(std::unique_ptr<Cursor> input) : input_(std::move(input)) {}

  uint64_t records_in() const override { return records_in_; }

 private:
  Status Begin() override {
    RUNJOB_RETURN_IF_ERROR(input_->Start());
    Filter();
    return valid() ? Status::Ok() : Read();
  }
  Status Read() override {
    while (!valid() && input_->valid()) {
      HoldLastKey();
      RUNJOB_RETURN_IF_ERROR(input_->NextReady());
      Filter();
    }
    return Status::Ok();
  }

  // Without a branch that would be mispredicted.
  void Filter() {
    const size_t count = static_cast<size_t>(input_->ready_end() - input_->ready_begin());
    if (count > distinct_.size()) distinct_.resize(count);
    Record* to = distinct_.data();
    KeyHead last_head = last_head_;
    Slice last = last_key_;
    for (const Record* record = input_->ready_begin(); record != input_->ready_end(); record++) {
      const KeyHead head = HeadOf(record->key);
      bool same = (head == last_head) & (record->key.size == last.size);
      if (same && last.size > kHeadBytes) same = SameBytes(record->key.data, last.data, last.size);
      to->key = record->key;
      to += !same;
      last_head = head;
      last = record->key;
    }
    records_in_ += count;
    last_head_ = last_head;
    last_key_ = last;
    SetReady(distinct_.data(), to);
  }

  void HoldLastKey() {
    if (last_key_.size <= kHeadBytes) return;  // its head is all of it
    held_key_.assign(last_key_.data, last_key_.size);
    last_key_ = held_key_;
  }

  const std::unique_ptr<Cursor> input_;
  std::vector<Record> distinct_;
  KeyHead last_head_ = 0;
  Slice last_key_{nullptr, SIZE_MAX};  // no key has this size
  std::string held_key_;
  uint64_t records_in_ = 0;
};

// Counts of records only, the state of word count: each is a u64, serialized as it is.
class CountsCursor : public GroupCursor {
 public:
  CountsCursor(std::unique_ptr<Cursor> input, size_t counts, bool finalize)
      : GroupCursor(std::move(input)), counts_(counts), finalize_(finalize) {}

 private:
  Status ReadGroup() override {
    HoldKey();
    std::fill(counts_.begin(), counts_.end(), 0);
    do {
      const Slice value = input_->value();
      if (value.size != counts_.size() * 8) return Status::Error("RUN_CORRUPT", "a count has the wrong size");
      for (size_t i = 0; i < counts_.size(); i++) {
        uint64_t n;
        std::memcpy(&n, value.data + 8 * i, 8);
        counts_[i] += n;
      }
      RUNJOB_RETURN_IF_ERROR(Advance());
    } while (SameKey());
    if (finalize_) {
      for (uint64_t& n : counts_) {
        const double number = static_cast<double>(n);
        std::memcpy(&n, &number, 8);
      }
    }
    value_ = Slice(reinterpret_cast<const char*>(counts_.data()), counts_.size() * 8);
    return Status::Ok();
  }

  std::vector<uint64_t> counts_;
  const bool finalize_;
};

// The tag of a composite key (distinct.h): the byte after the group part.
Status ReadTag(Slice key, size_t prefix_length, size_t distincts, size_t* tag) {
  if (key.size > prefix_length) {
    *tag = static_cast<uint8_t>(key.data[prefix_length]);
    if (*tag <= distincts && (*tag > 0 || key.size == prefix_length + 1)) return Status::Ok();
  }
  return Status::Error("RUN_CORRUPT", "a key has no valid tag after its group part");
}

size_t CountDistincts(const std::vector<AggregateSpec>& specs) {
  return static_cast<size_t>(std::count_if(
      specs.begin(), specs.end(), [](const AggregateSpec& spec) { return spec.fn == AggregateFn::kDistinct; }));
}

class StatesCursor : public GroupCursor {
 public:
  StatesCursor(std::unique_ptr<Cursor> input, std::vector<AggregateSpec> specs, bool finalize)
      : GroupCursor(std::move(input)),
        distincts_(CountDistincts(specs)),
        state_(std::move(specs)),
        finalize_(finalize) {}

 private:
  Status ReadGroup() override {
    HoldKey();
    if (distincts_ > 0) {
      size_t tag;
      RUNJOB_RETURN_IF_ERROR(ReadTag(key_, PrefixLength(key_), distincts_, &tag));
      if (tag > 0) return SkipGroup();
    }
    const Slice first = input_->value();
    value_buffer_.assign(first.data, first.size);
    RUNJOB_RETURN_IF_ERROR(Advance());
    const bool alone = !SameKey();
    if (!alone || finalize_) {
      state_.Init();
      state_.Merge(value_buffer_);
      while (SameKey()) {
        state_.Merge(input_->value());
        RUNJOB_RETURN_IF_ERROR(Advance());
      }
      if (finalize_) {
        RUNJOB_RETURN_IF_ERROR(state_.Finalize(nullptr, &value_buffer_));
      } else {
        state_.Serialize(&value_buffer_);
      }
    }
    value_ = value_buffer_;
    return Status::Ok();
  }

  // A value of a distinct aggregate: only the existence of the key matters.
  Status SkipGroup() {
    do {
      RUNJOB_RETURN_IF_ERROR(Advance());
    } while (SameKey());
    value_ = Slice();
    return Status::Ok();
  }

  const size_t distincts_;
  StateBuffer state_;
  const bool finalize_;
  std::string value_buffer_;
};

// Composite keys of kDistinct -> one final record per group: states come under tag 0, and under tag j one key
// for each distinct value of the j-th distinct aggregate.
class DistinctCursor : public GroupCursor {
 public:
  DistinctCursor(std::unique_ptr<Cursor> input, std::vector<AggregateSpec> specs)
      : GroupCursor(std::move(input)), state_(std::move(specs)), counts_(CountDistincts(state_.layout().specs())) {}

 private:
  Status ReadGroup() override {
    const size_t prefix_length = PrefixLength(input_->key());
    prefix_.assign(input_->key().data, prefix_length);
    std::fill(counts_.begin(), counts_.end(), 0);
    state_.Init();
    value_key_.clear();
    // The group part ends in a terminator, so no key of another group begins with it.
    while (input_->valid() && StartsWith(input_->key(), prefix_)) {
      const Slice key = input_->key();
      size_t tag;
      RUNJOB_RETURN_IF_ERROR(ReadTag(key, prefix_length, counts_.size(), &tag));
      if (tag == 0) {
        state_.Merge(input_->value());
      } else if (!(key == Slice(value_key_))) {
        value_key_.assign(key.data, key.size);
        counts_[tag - 1]++;
      }
      RUNJOB_RETURN_IF_ERROR(Advance());
    }
    key_ = UnescapePrefix(prefix_, &plain_key_);
    RUNJOB_RETURN_IF_ERROR(state_.Finalize(counts_.data(), &result_));
    value_ = result_;
    return Status::Ok();
  }

  static bool StartsWith(Slice key, Slice prefix) {
    return key.size >= prefix.size && std::memcmp(key.data, prefix.data, prefix.size) == 0;
  }

  StateBuffer state_;
  std::vector<uint64_t> counts_;
  std::string prefix_;
  std::string value_key_;  // the last of the group's distinct values
  std::string plain_key_;
  std::string result_;
};

class FinalizeCursor : public Cursor {
 public:
  FinalizeCursor(std::unique_ptr<Cursor> input, std::vector<AggregateSpec> specs)
      : input_(std::move(input)), state_(std::move(specs)) {}

  uint64_t records_in() const override { return records_; }

 private:
  Status Begin() override { return Finalize(input_->Start()); }
  Status Read() override { return Finalize(input_->Next()); }

  Status Finalize(Status status) {
    if (!status.ok() || !input_->valid()) return status;
    records_++;
    state_.Init();
    state_.Merge(input_->value());
    RUNJOB_RETURN_IF_ERROR(state_.Finalize(nullptr, &result_));
    SetReady(input_->key(), result_);
    return status;
  }

  const std::unique_ptr<Cursor> input_;
  StateBuffer state_;
  std::string result_;
  uint64_t records_ = 0;
};

}  // namespace

std::unique_ptr<Cursor> NewAggregate(std::unique_ptr<Cursor> input, std::vector<AggregateSpec> aggregates,
                                     bool finalize) {
  if (aggregates.empty()) return std::make_unique<DistinctKeysCursor>(std::move(input));
  if (AggregateLayout(aggregates).counts_only()) {
    return std::make_unique<CountsCursor>(std::move(input), aggregates.size(), finalize);
  }
  if (finalize && CountDistincts(aggregates) > 0) {
    return std::make_unique<DistinctCursor>(std::move(input), std::move(aggregates));
  }
  return std::make_unique<StatesCursor>(std::move(input), std::move(aggregates), finalize);
}

std::unique_ptr<Cursor> NewFinalize(std::unique_ptr<Cursor> input, std::vector<AggregateSpec> aggregates) {
  return std::make_unique<FinalizeCursor>(std::move(input), std::move(aggregates));
}

}  // namespace runjob
