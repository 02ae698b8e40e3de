#include "pipeline/group_table.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "aggregate/distinct.h"
#include "aggregate/repeats.h"
#include "aggregate/table.h"
#include "base/prefetch.h"
#include "column/keys.h"
#include "pipeline/code_states.h"
#include "pipeline/few_values.h"
#include "pipeline/group_values.h"
#include "pipeline/key_sample.h"
#include "pipeline/record_list.h"
#include "pipeline/value_blocks.h"
#include "record/key_encoding.h"

namespace runjob {
namespace {

constexpr size_t kGroup = AggregateTable::kGroup;
constexpr size_t kKeysBytes = size_t{1} << 20;  // more, and a group of keys is looked up before it is full
constexpr size_t kFirstCheck = 30000;           // keys: with more, the table leaves the cache
constexpr double kSomeRepeats = 1.25;           // with fewer rows per key, a larger table is not worth it
constexpr size_t kMostKept = size_t{4} << 20;   // bytes of a table that is filled again
constexpr size_t kAhead = 16;
constexpr size_t kManyValues = 3;  // for fewer aggregates rows are not sorted by state

class Table final : public GroupTable {
 public:
  Table(GroupValues values, std::vector<uint32_t> by, BatchSink* records, size_t memory_bytes)
      : values_(std::move(values)),
        by_(std::move(by)),
        memory_bytes_(memory_bytes),
        groups_(values_.width()),
        distinct_(values_.has(TagKind::kCounted) ? sizeof(uint64_t) : 0),
        out_(records) {}

  Status Add(const Batch& batch) override {
    RUNJOB_RETURN_IF_ERROR(values_.Evaluate(batch));
    if (values_.all_ranked() && codes_.Begin(batch, by_)) {
      // Where other dictionaries begin, no row can have a state by its code.
      if (codes_.size() == 0 && CodesHardlyRepeat()) {
        RUNJOB_RETURN_IF_ERROR(Flush(true));
      }
      RUNJOB_RETURN_IF_ERROR(AddCoded(batch));
      return bytes() > memory_bytes_ ? Flush(false) : Status::Ok();
    }
    for (size_t first = 0; first < batch.count;) {
      RUNJOB_RETURN_IF_ERROR(BuildKeys(batch, first));
      const size_t n = keys_.count();
      char* states[kGroup];
      groups_.Find(AggregateTable::Keys{keys_.Padded(), 0, keys_.ends(), nullptr, n}, states);
      values_.Update(batch, first, n, states, nullptr, groups_.arena());
      for (size_t j = 0; j < values_.tags().size(); j++)
        RUNJOB_RETURN_IF_ERROR(AddDistinct(batch, first, n, j, states));
      CountLookups(states, n);
      first += n;
    }
    if (bytes() > memory_bytes_) return Flush(false);
    if (HardlyRepeats(groups_, lookups_, &next_check_)) return Flush(true);
    return HardlyRepeats(distinct_, distinct_lookups_, &next_distinct_check_) ? FlushDistinct(true) : Status::Ok();
  }

  Status Finish() override { return Flush(false); }

  size_t bytes() const override { return groups_.bytes() + distinct_.bytes(); }

 private:
  // Now and then: whether as many keys as memory takes will have hardly more rows.
  bool HardlyRepeats(const AggregateTable& table, size_t lookups, size_t* next_check) const {
    return IsDue(table, next_check) && HardlyRepeats(table, ExpectedKeys(lookups, table.size()));
  }
  static bool IsDue(const AggregateTable& table, size_t* next_check) {
    if (table.size() <= *next_check) return false;
    *next_check = 2 * table.size();
    return true;
  }
  bool HardlyRepeats(const AggregateTable& table, double keys) const {
    const double held = static_cast<double>(table.size());
    const double most = held * static_cast<double>(memory_bytes_) / static_cast<double>(bytes());
    return RowsPerKey(keys, most) < kSomeRepeats;
  }

  // The same where other dictionaries begin. Each looks a key up once, so the lookups of the first ones found nothing. Each later one found its
  // key if that was among those held: of `keys`, half of the first ones and of all on average.
  bool CodesHardlyRepeat() {
    if (first_lookups_ == 0) {
      first_lookups_ = lookups_;
      return false;
    }
    if (!IsDue(groups_, &next_check_)) return false;
    const double later = static_cast<double>(lookups_ - first_lookups_);
    const double found = std::max(1.0, static_cast<double>(lookups_) - static_cast<double>(groups_.size()));
    return HardlyRepeats(groups_, later * static_cast<double>(first_lookups_ + groups_.size()) / 2 / found);
  }

  // A row of the same group as the row before it would find its state without the table.
  void CountLookups(char* const* states, size_t n) {
    for (size_t i = 0; i < n; i++) {
      lookups_ += states[i] != last_;
      last_ = states[i];
    }
  }

  Status AddCoded(const Batch& batch) {
    Status status = FindNew(batch);
    if (!status.ok()) {
      codes_.Clear();
      return status;
    }
    char* states[kVectorRows];
    for (size_t i = 0; i < batch.count; i++) states[i] = codes_.state(codes_[i]);
    const auto* by_state = values_.size() >= kManyValues ? codes_.SortRows(batch) : nullptr;
    values_.Update(batch, 0, batch.count, states, by_state, groups_.arena());
    return Status::Ok();
  }

  // Sets the states of all combinations in the batch.
  Status FindNew(const Batch& batch) {
    uint16_t rows[kVectorRows];
    uint32_t combinations[kVectorRows];
    Batch one_each;
    one_each.count = codes_.FindNew(batch, rows, combinations);
    if (one_each.count == 0) return Status::Ok();
    one_each.rows = batch.rows;
    one_each.selection = rows;
    one_each.columns = batch.columns;
    const size_t capacity = groups_.capacity();
    for (size_t first = 0; first < one_each.count;) {
      RUNJOB_RETURN_IF_ERROR(BuildKeys(one_each, first));
      const size_t n = keys_.count();
      char* states[kGroup];
      groups_.Find(AggregateTable::Keys{keys_.Padded(), 0, keys_.ends(), nullptr, n}, states);
      for (size_t i = 0; i < n; i++) codes_.state(combinations[first + i]) = states[i];
      first += n;
    }
    lookups_ += one_each.count;
    if (groups_.capacity() == capacity) return Status::Ok();
    // The table has grown, so states have moved: those of the batch are looked up again.
    lookups_ -= codes_.size();
    codes_.Clear();
    return FindNew(batch);
  }

  // The keys of the groups of the next rows, up to kGroup of them.
  Status BuildKeys(const Batch& batch, size_t first) {
    const size_t end = std::min(batch.count, first + kGroup);
    keys_.Clear();
    const size_t fixed = FixedKeySize(batch, by_);
    if (fixed > 0) {
      WriteFixedKeys(batch, by_, first, end - first, keys_.AddFixed(end - first, fixed));
      return Status::Ok();
    }
    const size_t room = TextKeyRoom(batch, by_, first, end - first);
    if (room > 0 && room < kKeysBytes) {
      keys_.AddFirst(end - first, room, [&](char* out, uint32_t* ends) {
        return WriteTextKeys(batch, by_, first, end - first, out, ends);
      });
      return Status::Ok();
    }
    for (size_t i = first; i < end && keys_.size() < kKeysBytes; i++) {
      AppendGroup(batch, batch.row(i), keys_.buffer());
      RUNJOB_RETURN_IF_ERROR(keys_.End());
    }
    return Status::Ok();
  }

  void AppendGroup(const Batch& batch, size_t row, std::string* key) const {
    for (const uint32_t column : by_) AppendKey(batch.columns[column], row, KeyOrder(), key);
  }

  // The values of the j-th tag in the rows whose keys were built.
  Status AddDistinct(const Batch& batch, size_t first, size_t n, size_t j, char* const* states) {
    const GroupValues::Tag& tag = values_.tags()[j];
    if (tag.kind == TagKind::kRanked) return Status::Ok();
    const std::vector<Vector>& args = values_.args(tag.values.front());
    distinct_keys_.Clear();
    for (size_t i = 0; i < n; i++) {
      const size_t row = batch.row(first + i);
      if (!std::all_of(args.begin(), args.end(), [row](const Vector& arg) { return arg.valid(row); })) continue;
      if (tag.kind == TagKind::kDistinct) {
        FewValues few(states[i] + tag.offset);
        if (!few.gave_up()) {
          value_.clear();
          for (const Vector& arg : args) AppendKey(arg, row, KeyOrder(), &value_);
          if (few.Add(value_, groups_.arena())) continue;
          RUNJOB_RETURN_IF_ERROR(PassOnFew(states[i] + tag.offset, i, j));
        }
      }
      std::string* const key = BeginDistinctKey(i, j);
      for (const Vector& arg : args) AppendKey(arg, row, KeyOrder(), key);
      RUNJOB_RETURN_IF_ERROR(EndDistinctKey(tag));
    }
    AddDistinctKeys(tag);
    return Status::Ok();
  }

  // Gives each of them a key of its own.
  Status PassOnFew(char* state, size_t i, size_t j) {
    Status status = Status::Ok();
    FewValues::Each(FewValues::BytesOf(state), [&](Slice value) {
      if (!status.ok()) return;
      BeginDistinctKey(i, j)->append(value.data, value.size);
      status = EndDistinctKey(values_.tags()[j]);
    });
    FewValues(state).GiveUp();
    return status;
  }

  // Of a value of the j-th tag, in the group of the i-th row whose key was built: the value comes next.
  std::string* BeginDistinctKey(size_t i, size_t j) {
    std::string* const key = distinct_keys_.buffer();
    const size_t start = i == 0 ? 0 : keys_.ends()[i - 1];
    AppendPrefix(Slice(keys_.buffer()->data() + start, keys_.ends()[i] - start), key);
    key->push_back(static_cast<char>(j + 1));
    return key;
  }
  Status EndDistinctKey(const GroupValues::Tag& tag) {
    RUNJOB_RETURN_IF_ERROR(distinct_keys_.End());
    if (distinct_keys_.count() == kGroup || distinct_keys_.size() >= kKeysBytes) AddDistinctKeys(tag);
    return Status::Ok();
  }

  // Those that were built.
  void AddDistinctKeys(const GroupValues::Tag& tag) {
    const size_t count = distinct_keys_.count();
    if (count == 0) return;
    char* states[kGroup];
    distinct_.Find(AggregateTable::Keys{distinct_keys_.Padded(), 0, distinct_keys_.ends(), nullptr, count}, states);
    if (tag.kind == TagKind::kCounted) {
      for (size_t s = 0; s < count; s++) ++*reinterpret_cast<uint64_t*>(states[s]);
    }
    distinct_lookups_ += count;
    distinct_keys_.Clear();
  }

  // `early`: before memory is full.
  Status Flush(bool early) {
    lookups_ = 0;
    first_lookups_ = 0;
    last_ = nullptr;
    codes_.Clear();
    RUNJOB_RETURN_IF_ERROR(Drain(&groups_, true, early ? &given_ : nullptr));
    if (early) waits_ |= given_.FoundMany();
    next_check_ = waits_ ? SIZE_MAX : kFirstCheck;
    return FlushDistinct(early);
  }

  // Of values only: their order is that of their keys, whenever they are given away.
  Status FlushDistinct(bool early) {
    distinct_lookups_ = 0;
    RUNJOB_RETURN_IF_ERROR(Drain(&distinct_, false, early ? &distinct_given_ : nullptr));
    if (early) distinct_waits_ |= distinct_given_.FoundMany();
    next_distinct_check_ = distinct_waits_ ? SIZE_MAX : kFirstCheck;
    return out_.Flush();
  }

  // `given`: null, or where its keys are noted.
  Status Drain(AggregateTable* table, bool has_states, KeySample* given) {
    const size_t n = table->size();
    if (n == 0) return Status::Ok();
    const AggregateTable::Item* const items = table->TakeApart().items;
    for (size_t i = 0; i < n; i++) {
      if (i + 2 * kAhead < n) table->PrefetchKey(AggregateTable::IndexOf(items[i + 2 * kAhead]));
      if (i + kAhead < n) table->PrefetchState(AggregateTable::IndexOf(items[i + kAhead]));
      if (has_states && i + kAhead / 2 < n) {
        values_.PrefetchFew(table->state(AggregateTable::IndexOf(items[i + kAhead / 2])));
      }
      if (given != nullptr) given->Add(items[i].head[0]);
      const uint64_t index = AggregateTable::IndexOf(items[i]);
      const Slice key = table->key(index);
      if (has_states && !values_.tags().empty()) {
        AppendPrefix(key, out_.key());
        out_.key()->push_back('\0');
      } else {
        out_.key()->append(key.data, key.size);
      }
      if (has_states) {
        values_.Write(table->state(index), out_.value());
      } else if (values_.has(TagKind::kCounted)) {
        const uint64_t times = *reinterpret_cast<const uint64_t*>(table->state(index));
        if (times > 0) PutVarint(times, out_.value());
      }
      RUNJOB_RETURN_IF_ERROR(out_.End());
      if (has_states) RUNJOB_RETURN_IF_ERROR(PassOnBlocks(key, table->state(index)));
    }
    // Little of what memory takes: a table that is kept must not be why it is full.
    table->Clear(given == nullptr ? 0 : std::min(kMostKept, memory_bytes_ / 8));
    return Status::Ok();
  }

  // Of the values of a group that do not fit into its state.
  Status PassOnBlocks(Slice group, const char* state) {
    for (size_t j = 0; j < values_.tags().size(); j++) {
      const GroupValues::Tag& tag = values_.tags()[j];
      if (tag.kind != TagKind::kRanked) continue;
      RUNJOB_RETURN_IF_ERROR(blocks_.Write(state + tag.offset, [&](Slice key, Slice value) {
        AppendPrefix(group, out_.key());
        out_.key()->push_back(static_cast<char>(j + 1));
        out_.key()->append(key.data, key.size);
        out_.value()->append(value.data, value.size);
        return out_.End();
      }));
    }
    return Status::Ok();
  }

  GroupValues values_;
  const std::vector<uint32_t> by_;
  const size_t memory_bytes_;
  AggregateTable groups_;
  AggregateTable distinct_;  // keys of values, with how often they came if that counts
  CodeStates codes_;         // of groups_
  // Since the tables were empty.
  size_t lookups_ = 0;          // that groups_ has answered
  size_t first_lookups_ = 0;    // of the first dictionaries
  const char* last_ = nullptr;  // the state of the row before
  size_t next_check_ = kFirstCheck;
  size_t distinct_lookups_ = 0;
  size_t next_distinct_check_ = kFirstCheck;
  // Early: and whether later ones wait until memory is full, because keys come again, though much later.
  KeySample given_, distinct_given_;
  bool waits_ = false;
  bool distinct_waits_ = false;
  ValueBlocks blocks_;
  RecordList out_;

  KeyList keys_;  // of the rows being added
  KeyList distinct_keys_;
  std::string value_;
};

}  // namespace

Status GroupTable::Compile(ProgramReader* program, const Schema& input, BatchSink* records, size_t memory_bytes,
                           std::unique_ptr<GroupTable>* table) {
  uint32_t count = 0;
  program->Read(&count);
  std::vector<uint32_t> by;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t column = 0;
    if (!program->Read(&column) || column >= input.size()) return BadProgram();
    by.push_back(column);
  }
  GroupValues values;
  RUNJOB_RETURN_IF_ERROR(values.Read(program, &input));
  if (records == nullptr) return Status::Error("BAD_ARGUMENT", "a group table has no collector");
  *table = std::make_unique<Table>(std::move(values), std::move(by), records, memory_bytes);
  return Status::Ok();
}

}  // namespace runjob
