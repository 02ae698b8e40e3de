// The collector that makes one state per key: in a table while records come in, which is sorted when they go
// out; or, once it is seen that keys hardly repeat, in a buffer that is sorted with all its records.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aggregate.h"
#include "aggregate_buffer.h"
#include "aggregate_table.h"
#include "collector.h"
#include "distinct.h"
#include "hash.h"
#include "key_encoding.h"
#include "prefetch.h"
#include "run_writer.h"
#include "sort.h"

namespace runjob {

namespace {

constexpr size_t kGroup = AggregateTable::kGroup;
constexpr size_t kKeysAhead = 24;
constexpr size_t kStatesAhead = 12;
// A table of so many keys, times CollectorOptions::table_keys, is slow to look into.
constexpr double kTooManyKeys = 64;
// So many records with the same key should have been looked up.
constexpr double kManyRepeats = 8;
// So many records with the same key are hardly any.
constexpr double kSomeRepeats = 1.25;
constexpr size_t kKeyListBytes = size_t{1} << 20;  // more, and a list is added before it has kGroup keys

// With what SortByKey gets at the keys.
struct EntryKeys {
  const AggregateTable* table;

  Slice operator()(uint64_t index) const { return table->key(index); }
  RUNJOB_PREFETCHER void Prefetch(uint64_t index) const { table->PrefetchKey(index); }
};

class HashCollector final : public Collector {
 public:
  explicit HashCollector(const CollectorOptions& options)
      : options_(options),
        layout_(options.aggregates),
        table_(&layout_, options.partition_by == PartitionBy::kGiven),
        distinct_(HasDistinct(options.aggregates)),
        may_buffer_(!distinct_ && !options.prefix_grouping && options.partition_by != PartitionBy::kGiven &&
                    AggregateBuffer::Serves(layout_)) {
    if (distinct_) {
      options_.prefix_grouping = true;  // the table's keys are composite then, whatever the records' are
      for (std::string& bound : options_.bounds) {
        std::string prefix;
        AppendPrefix(bound, &prefix);
        bound = std::move(prefix);
      }
    }
  }

  Status Add(const RecordBatch& batch) override {
    if (sorted_ != nullptr) return Status::Error("BAD_ARGUMENT", "A sorted collector must be cleared first.");
    RUNJOB_RETURN_IF_ERROR(Check(batch));
    records_in_ += batch.count;
    records_held_ += batch.count;
    if (distinct_) return AddDistinct(batch);
    AddKeys(batch);
    if (may_buffer_ && entries() >= next_look_) {
      if (buffer_ == nullptr) {
        ReconsiderTable();
      } else {
        ReconsiderBuffer();
      }
    }
    return Status::Ok();
  }

  bool takes_bounds() const override { return !distinct_; }

  size_t bytes() const override { return buffer_ != nullptr ? buffer_->bytes() : table_.bytes(); }
  // A buffer in which some records meet their like has something of holding more.
  bool IsFull(size_t budget_bytes, size_t enough_bytes) const override {
    const size_t held = bytes();
    return held > budget_bytes || (held > enough_bytes && buffer_ != nullptr && HardlyRepeats());
  }
  uint64_t records_in() const override { return records_in_; }
  uint64_t entries() const override { return buffer_ != nullptr ? buffer_->size() : table_.size(); }
  uint64_t records_out() const override { return records_out_; }

  Status SpillTo(RunWriter* writer) override {
    // What comes next is more of the same, most likely.
    const bool goes_on = buffer_ != nullptr && HardlyRepeats();
    Status status = buffer_ != nullptr ? SpillBuffer(writer) : SpillTable(writer);
    Clear();
    if (goes_on) buffer_ = NewBuffer();
    return status;
  }

  std::unique_ptr<Cursor> Sorted(const uint32_t** partition_of) override {
    if (buffer_ != nullptr) {
      auto cursor = std::make_unique<BufferCursor>(this);
      *partition_of = cursor->partition();
      return cursor;
    }
    Sort();
    auto cursor = std::make_unique<SortedCursor>(this);
    *partition_of = cursor->partition();
    return cursor;
  }

  void Clear() override {
    table_.Clear();
    buffer_ = nullptr;
    sorted_ = nullptr;
    sorted_count_ = 0;
    records_held_ = 0;
    last_look_ = Look{};
    next_look_ = options_.table_keys;
  }

 private:
  Status SpillTable(RunWriter* writer) {
    Sort();
    Status status;
    uint32_t partition = 0;
    for (size_t i = 0; i < sorted_count_ && status.ok(); i++) {
      Prefetch(i);
      while (i >= partition_ends_[partition]) partition++;
      const uint64_t index = sorted_[i].index;
      const Slice key = table_.key(index);
      status = writer->Add(partition, key, Value(index, key));
    }
    records_out_ += sorted_count_;
    return status;
  }

  Status SpillBuffer(RunWriter* writer) {
    Status status;
    BufferCursor cursor(this);
    for (status = cursor.Start(); status.ok() && cursor.valid(); status = cursor.Next()) {
      status = writer->Add(*cursor.partition(), cursor.key(), cursor.value());
      if (!status.ok()) break;
      records_out_++;
    }
    return status;
  }

  class SortedCursor final : public Cursor {
   public:
    explicit SortedCursor(HashCollector* collector) : collector_(collector) {}

    const uint32_t* partition() const { return &partition_; }

   private:
    Status Read() override {
      if (next_ == collector_->sorted_count_) return Status::Ok();
      collector_->Prefetch(next_);
      while (next_ >= collector_->partition_ends_[partition_]) partition_++;
      const uint64_t index = collector_->sorted_[next_++].index;
      const Slice key = collector_->table_.key(index);
      SetReady(key, collector_->Value(index, key));
      return Status::Ok();
    }

    HashCollector* const collector_;
    size_t next_ = 0;
    uint32_t partition_ = 0;
  };

  class BufferCursor final : public Cursor {
   public:
    explicit BufferCursor(HashCollector* collector) : collector_(collector), buffer_(*collector->buffer_) {
      EnterRange(0);
    }

    const uint32_t* partition() const { return &partition_; }

   private:
    Status Read() override {
      if (!buffer_.Next()) return Status::Ok();
      const Slice key = buffer_.key();
      SetReady(key, buffer_.state());
      if (collector_->ranges()) {
        while (!IsWellBefore(KeyPrefix(key)) && collector_->IsBehind(key, partition_)) EnterRange(partition_ + 1);
      } else {
        partition_ = buffer_.partition();
      }
      return Status::Ok();
    }

    void EnterRange(uint32_t partition) {
      const CollectorOptions& options = collector_->options_;
      partition_ = partition;
      bound_ = partition < options.bounds.size() ? KeyPrefix(options.bounds[partition])
                                                 : (options.descending ? 0 : UINT64_MAX);
    }
    // Whether the first 8 bytes say that the key is not behind the range, as those of nearly all keys do.
    bool IsWellBefore(uint64_t prefix) const {
      return collector_->options_.descending ? prefix > bound_ : prefix < bound_;
    }

    const HashCollector* const collector_;
    AggregateBuffer& buffer_;
    uint32_t partition_ = 0;
    uint64_t bound_ = 0;  // prefix of the bound that ends the range
  };

  bool ranges() const { return options_.partitions > 1 && options_.partition_by == PartitionBy::kRange; }
  // Whether the key belongs before the bound, and so before the partition that begins there.
  bool IsBefore(Slice key, const std::string& bound) const {
    const int c = Compare(GroupPart(key), Slice(bound));
    return options_.descending ? c > 0 : c < 0;
  }
  // Whether the key belongs behind the partition. The last one, and the last that has a bound, take all.
  bool IsBehind(Slice key, uint32_t partition) const {
    return partition + 1 < options_.partitions && partition < options_.bounds.size() &&
           !IsBefore(key, options_.bounds[partition]);
  }

  // Gives the table up if most records have a new key and there will be too many keys for it. That is looked at
  // each time their number has doubled, and estimated from the shares of records with a new key before and now, as
  // if some records had ever the same few keys, and the others all other keys alike: the share falls in a straight
  // line then, and is 0 when all keys are there.
  void ReconsiderTable() {
    const double keys = static_cast<double>(table_.size());
    const double records = static_cast<double>(records_held_);
    const Look now{records, keys, (keys + last_look_.keys) / 2,
                   (keys - last_look_.keys) / (records - last_look_.records)};
    const Look before = std::exchange(last_look_, now);
    next_look_ = 2 * table_.size();
    if (before.keys == 0 || now.new_share < 0.5) return;
    // The two middles are where on that line the shares are.
    const double too_many = kTooManyKeys * static_cast<double>(options_.table_keys);
    const bool is_too_many = before.new_share * now.middle - now.new_share * before.middle >
                             too_many * (before.new_share - now.new_share);
    if (is_too_many) TakeBuffer();
  }

  std::unique_ptr<AggregateBuffer> NewBuffer() const {
    const uint32_t lists = options_.partition_by == PartitionBy::kHash ? options_.partitions : 1;
    return AggregateBuffer::New(&layout_, lists, options_.descending);
  }

  void TakeBuffer() {
    buffer_ = NewBuffer();
    const size_t n = table_.size();
    const SortItem* const items = table_.TakeApart().items;
    for (size_t i = 0; i < n; i++) {
      if (i + kKeysAhead < n) table_.PrefetchKey(items[i + kKeysAhead].index);
      buffer_->Add(table_.key(items[i].index), table_.state(items[i].index));
    }
    table_.Clear();
  }

  bool HardlyRepeats() const { return buffer_->items_per_key() < kSomeRepeats; }

  // Takes the table again where the estimate was wrong: where keys come in the same order again and again, the
  // first round of them looks as if there were no end of keys.
  void ReconsiderBuffer() {
    next_look_ = 2 * buffer_->size();
    if (buffer_->items_per_key() < kManyRepeats) return;
    next_look_ = UINT64_MAX;
    const std::unique_ptr<AggregateBuffer> buffer = std::move(buffer_);
    while (buffer->Next()) {
      const uint32_t size = static_cast<uint32_t>(buffer->key().size);
      char* state;
      table_.Find(AggregateTable::Keys{buffer->key().data, 0, &size, nullptr, 1}, &state);
      layout_.Merge(state, buffer->state(), table_.arena());
    }
  }

  // That the batch has the columns and partitions that updating the states will read.
  Status Check(const RecordBatch& batch) const {
    if (options_.partition_by == PartitionBy::kGiven) {
      if (batch.partitions == nullptr) {
        return Status::Error("BAD_ARGUMENT", "The records do not say which partition they are for.");
      }
      for (size_t i = 0; i < batch.count; i++) {
        if (batch.partitions[i] >= options_.partitions) {
          return Status::Error("BAD_ARGUMENT",
                               "A record is for partition " + std::to_string(batch.partitions[i]) + " of " +
                                   std::to_string(options_.partitions) + ".");
        }
      }
    }
    if (batch.keys_only) return Status::Ok();
    size_t distincts = 0;
    for (const AggregateSpec& spec : layout_.specs()) {
      if (spec.fn == AggregateFn::kDistinct && ++distincts > kMaxDistinctAggregates) {
        return Status::Error("BAD_ARGUMENT", "A collector counts distinct values of at most 255 columns.");
      }
      if (spec.column < 0 && spec.fn == AggregateFn::kCount) continue;
      if (spec.column < 0 || static_cast<size_t>(spec.column) >= batch.column_count ||
          batch.columns[spec.column].kind != spec.kind) {
        return Status::Error("BAD_ARGUMENT", "The records have no column " + std::to_string(spec.column) +
                                                 " of the kind to aggregate.");
      }
    }
    return Status::Ok();
  }

  void AddKeys(const RecordBatch& batch) {
    for (size_t first = 0; first < batch.count; first += kGroup) {
      const size_t n = std::min(kGroup, batch.count - first);
      const uint32_t* partitions = batch.partitions == nullptr ? nullptr : batch.partitions + first;
      if (batch.key_bounds != nullptr) {
        const AggregateTable::SpreadKeys keys{batch.key_bytes, batch.key_bounds + 2 * first, partitions, n};
        AddGroup(keys, batch, first);
      } else {
        const uint32_t start = first == 0 ? 0 : batch.key_ends[first - 1];
        const AggregateTable::Keys keys{batch.key_bytes, start, batch.key_ends + first, partitions, n};
        AddGroup(keys, batch, first);
      }
    }
  }

  template <class Keys>
  void AddGroup(const Keys& keys, const RecordBatch& batch, size_t first) {
    char* states[kGroup];
    if (buffer_ != nullptr) {
      buffer_->Add(batch, first, keys.n, states);
    } else if (batch.keys_only) {
      return table_.Insert(keys);
    } else if (layout_.counts_only()) {
      return table_.Count(keys);
    } else {
      table_.Find(keys, states);
    }
    if (!batch.keys_only) layout_.UpdateAll(states, batch, first, keys.n, table_.arena());
  }

  // The composite keys of distinct.h.
  Status AddDistinct(const RecordBatch& batch) {
    char* states[kGroup];
    for (size_t first = 0, n; first < batch.count; first += n) {
      list_.Clear();
      for (n = 0; n < kGroup && first + n < batch.count && list_.size() < kKeyListBytes; n++) {
        AppendGroupKey(batch, first + n, list_.buffer());
        RUNJOB_RETURN_IF_ERROR(list_.End());
      }
      FindListed(batch.partitions == nullptr ? nullptr : batch.partitions + first, states);
      if (!batch.keys_only) layout_.UpdateAll(states, batch, first, n, table_.arena());
    }
    uint8_t tag = 0;
    for (const AggregateSpec& spec : layout_.specs()) {
      if (spec.fn != AggregateFn::kDistinct || batch.keys_only) continue;
      tag++;
      for (size_t i = 0; i < batch.count;) {
        list_.Clear();
        partitions_.clear();
        for (; list_.count() < kGroup && i < batch.count && list_.size() < kKeyListBytes; i++) {
          if (!AppendValueKey(batch, i, spec, tag, list_.buffer())) continue;
          RUNJOB_RETURN_IF_ERROR(list_.End());
          if (batch.partitions != nullptr) partitions_.push_back(batch.partitions[i]);
        }
        FindListed(batch.partitions == nullptr ? nullptr : partitions_.data(), states);
      }
    }
    return Status::Ok();
  }

  void FindListed(const uint32_t* partitions, char** states) {
    const char* bytes = list_.Padded();
    table_.Find(AggregateTable::Keys{bytes, 0, list_.ends(), partitions, list_.count()}, states);
  }

  Slice GroupPart(Slice key) const {
    return options_.prefix_grouping ? Slice(key.data, PrefixLength(key)) : key;
  }

  uint32_t PartitionOfItem(const SortItem& hashed) const {
    if (options_.partition_by == PartitionBy::kGiven) return table_.partition(hashed.index);
    const uint64_t hash =
        options_.prefix_grouping ? HashKey(GroupPart(table_.key(hashed.index))) : hashed.prefix;
    return PartitionOf(hash, options_.partitions);
  }

  // The stored value of the key at `index`. Valid until the next call.
  Slice Value(uint64_t index, Slice key) {
    if (layout_.counts_only()) return Slice(table_.state(index), layout_.width());
    if (distinct_ && key.data[PrefixLength(key)] != 0) return Slice("", 0);
    value_.clear();
    layout_.Serialize(table_.state(index), &value_);
    return value_;
  }

  // Turns the table into sorted_ and partition_ends_, if that is not done already.
  void Sort() {
    if (sorted_ != nullptr) return;
    const size_t n = table_.size();
    const AggregateTable::Parts parts = table_.TakeApart();
    const EntryKeys keys{&table_};
    sorted_count_ = n;
    partition_ends_.assign(options_.partitions, n);
    if (options_.partitions == 1 || options_.partition_by == PartitionBy::kRange) {
      sorted_ = parts.items;
      for (size_t i = 0; i < n; i++) {
        if (i + kKeysAhead < n) keys.Prefetch(sorted_[i + kKeysAhead].index);
        sorted_[i].prefix = KeyPrefix(keys(sorted_[i].index));
      }
      SortByKey(sorted_, parts.scratch, n, options_.descending, keys);
      if (options_.partitions > 1) CutAtBounds();
      return;
    }
    // By partition first, a counting sort: what is left to sort is smaller, and fits the cache sooner.
    std::vector<size_t> next(options_.partitions, 0);
    const bool by_hash = options_.partition_by == PartitionBy::kHash && !options_.prefix_grouping;
    for (size_t i = 0; i < n; i++) {
      if (!by_hash && i + kKeysAhead < n) keys.Prefetch(parts.items[i + kKeysAhead].index);
      const uint32_t partition = PartitionOfItem(parts.items[i]);
      parts.items[i].prefix = partition;
      next[partition]++;
    }
    size_t start = 0;
    for (uint32_t p = 0; p < options_.partitions; p++) {
      const size_t count = next[p];
      next[p] = start;
      start += count;
      partition_ends_[p] = start;
    }
    sorted_ = parts.scratch;
    for (size_t i = 0; i < n; i++) {
      if (i + kKeysAhead < n) keys.Prefetch(parts.items[i + kKeysAhead].index);
      const SortItem& item = parts.items[i];
      new (&sorted_[next[item.prefix]++]) SortItem{KeyPrefix(keys(item.index)), item.index};
    }
    for (uint32_t p = 0; p < options_.partitions; p++) {
      start = p == 0 ? 0 : partition_ends_[p - 1];
      SortByKey(sorted_ + start, parts.items + start, partition_ends_[p] - start, options_.descending, keys);
    }
  }

  void CutAtBounds() {
    size_t start = 0;
    for (size_t p = 0; p + 1 < options_.partitions && p < options_.bounds.size(); p++) {
      const auto before = [&](const SortItem& item) {
        return IsBefore(table_.key(item.index), options_.bounds[p]);
      };
      const SortItem* end = std::partition_point(sorted_ + start, sorted_ + sorted_count_, before);
      start = static_cast<size_t>(end - sorted_);
      partition_ends_[p] = start;
    }
  }

  // What comes after record i in sorted order lies anywhere in memory.
  RUNJOB_PREFETCHER void Prefetch(size_t i) const {
    if (i + kKeysAhead < sorted_count_) table_.PrefetchKey(sorted_[i + kKeysAhead].index);
    if (i + kStatesAhead < sorted_count_) table_.PrefetchState(sorted_[i + kStatesAhead].index);
  }

  CollectorOptions options_;
  const AggregateLayout layout_;
  AggregateTable table_;
  const bool distinct_;
  const bool may_buffer_;
  std::unique_ptr<AggregateBuffer> buffer_;  // if not null, the table is empty
  uint64_t records_in_ = 0;
  uint64_t records_out_ = 0;

  // At the table. What is said of records and keys is since the look before.
  struct Look {
    double records = 0;    // held
    double keys = 0;       // held
    double middle = 0;     // keys held in the middle between the looks
    double new_share = 0;  // of the records, those with a new key
  };
  uint64_t records_held_ = 0;
  Look last_look_;
  uint64_t next_look_ = options_.table_keys;

  KeyList list_;
  std::vector<uint32_t> partitions_;

  SortItem* sorted_ = nullptr;  // in the table's memory
  size_t sorted_count_ = 0;
  std::vector<size_t> partition_ends_;
  std::string value_;
};

}  // namespace

std::unique_ptr<Collector> NewHashCollector(const CollectorOptions& options) {
  return std::make_unique<HashCollector>(options);
}

}  // namespace runjob
