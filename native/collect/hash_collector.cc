// The hash collector, one state per key: in a table while records come in, which is sorted when they go out; or, if
// keys hardly repeat, in a buffer that is sorted with all its records.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aggregate/aggregate.h"
#include "aggregate/buffer.h"
#include "aggregate/distinct.h"
#include "aggregate/table.h"
#include "base/hash.h"
#include "base/prefetch.h"
#include "collect/collector.h"
#include "record/key_encoding.h"
#include "record/key_head.h"
#include "record/partition.h"
#include "record/sort.h"
#include "run/run_writer.h"

namespace runjob {

namespace {

constexpr size_t kGroup = AggregateTable::kGroup;
constexpr size_t kKeysAhead = 24;
constexpr size_t kStatesAhead = 12;
// Times CollectorOptions::table_keys: with more keys, lookups are slow.
constexpr double kTooManyKeys = 64;
// With more records per key, they should have been looked up.
constexpr double kManyRepeats = 8;
// With fewer records per key, holding more combines hardly any.
constexpr double kSomeRepeats = 1.25;
constexpr size_t kKeyListBytes = size_t{1} << 20;  // more, and a list is added before it has kGroup keys

using TableItem = AggregateTable::Item;

// Key access for ArraySorter.
class TableKeys {
 public:
  static constexpr bool kWhole = false;

  TableKeys(const AggregateTable* table, bool descending) : table_(table), flip_(descending ? ~uint64_t{0} : 0) {}

  uint64_t flip() const { return flip_; }
  Slice operator()(const TableItem& item) const { return table_->key(AggregateTable::IndexOf(item)); }
  RUNJOB_PREFETCHER void Prefetch(const TableItem& item) const { table_->PrefetchKey(AggregateTable::IndexOf(item)); }

 private:
  const AggregateTable* table_;
  uint64_t flip_;
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
    if (sorted_ != nullptr) return Status::Error("BAD_ARGUMENT", "the collector is sorted: clear it first");
    RUNJOB_RETURN_IF_ERROR(Check(batch));
    records_in_ += batch.count;
    records_held_ += batch.count;
    if (distinct_) return AddDistinct(batch);
    AddKeys(batch);
    if (may_buffer_ && entries() >= next_check_) {
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
  // Where keys repeat, a fuller buffer combines more.
  bool IsFull(size_t budget_bytes, size_t enough_bytes) const override {
    const size_t held = bytes();
    return held > budget_bytes || (held > enough_bytes && buffer_ != nullptr && HardlyRepeats());
  }
  uint64_t records_in() const override { return records_in_; }
  uint64_t entries() const override { return buffer_ != nullptr ? buffer_->size() : table_.size(); }
  uint64_t records_out() const override { return records_out_; }

  Status SpillTo(RunWriter* writer) override {
    // More of the same is likely to follow.
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
    last_tally_ = Tally{};
    next_check_ = options_.table_keys;
  }

 private:
  Status SpillTable(RunWriter* writer) {
    Sort();
    Status status;
    uint32_t partition = 0;
    for (size_t i = 0; i < sorted_count_ && status.ok(); i++) {
      Prefetch(i);
      while (i >= partition_ends_[partition]) partition++;
      const uint64_t index = AggregateTable::IndexOf(sorted_[i]);
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
      const uint64_t index = AggregateTable::IndexOf(collector_->sorted_[next_++]);
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
        while (!IsWellBefore(HeadWord(key)) && collector_->options_.IsAfter(key, partition_)) {
          EnterRange(partition_ + 1);
        }
      } else {
        partition_ = buffer_.partition();
      }
      return Status::Ok();
    }

    void EnterRange(uint32_t partition) {
      const CollectorOptions& options = collector_->options_;
      partition_ = partition;
      bound_ = partition < options.bounds.size() ? HeadWord(options.bounds[partition])
                                                 : (options.descending ? 0 : UINT64_MAX);
    }
    // Whether the head alone says that the key is not after the range, as those of nearly all keys do.
    bool IsWellBefore(uint64_t word) const { return collector_->options_.descending ? word > bound_ : word < bound_; }

    const HashCollector* const collector_;
    AggregateBuffer& buffer_;
    uint32_t partition_ = 0;
    uint64_t bound_ = 0;  // head of the bound that ends the range
  };

  bool ranges() const { return options_.partitions > 1 && options_.partition_by == PartitionBy::kRange; }
  // Gives the table up if most records have a new key and there will be too many keys for it. Checked each time their
  // number has doubled, and estimated from the shares of records with a new key before and now, as if some records always
  // had the same few keys, and the others drew from all other keys alike: the share falls in a straight line then, and is
  // 0 when all keys are there.
  void ReconsiderTable() {
    const double keys = static_cast<double>(table_.size());
    const double records = static_cast<double>(records_held_);
    const Tally now{records, keys, (keys + last_tally_.keys) / 2,
                    (keys - last_tally_.keys) / (records - last_tally_.records)};
    const Tally before = std::exchange(last_tally_, now);
    next_check_ = 2 * table_.size();
    if (before.keys == 0 || now.new_share < 0.5) return;
    // The two middles are where on that line the shares are.
    const double too_many = kTooManyKeys * static_cast<double>(options_.table_keys);
    const bool is_too_many =
        before.new_share * now.middle - now.new_share * before.middle > too_many * (before.new_share - now.new_share);
    if (is_too_many) TakeBuffer();
  }

  std::unique_ptr<AggregateBuffer> NewBuffer() const {
    const uint32_t lists = options_.partition_by == PartitionBy::kHash ? options_.partitions : 1;
    return AggregateBuffer::New(&layout_, lists, options_.descending);
  }

  void TakeBuffer() {
    buffer_ = NewBuffer();
    const size_t n = table_.size();
    const TableItem* const items = table_.TakeApart().items;
    for (size_t i = 0; i < n; i++) {
      if (i + kKeysAhead < n) table_.PrefetchKey(AggregateTable::IndexOf(items[i + kKeysAhead]));
      const uint64_t index = AggregateTable::IndexOf(items[i]);
      buffer_->Add(table_.key(index), table_.state(index));
    }
    table_.Clear();
  }

  bool HardlyRepeats() const { return buffer_->items_per_key() < kSomeRepeats; }

  // Takes the table again where the estimate was wrong: where keys come in the same order again and again, the
  // first round of them looks as if there were no end of keys.
  void ReconsiderBuffer() {
    next_check_ = 2 * buffer_->size();
    if (buffer_->items_per_key() < kManyRepeats) return;
    next_check_ = UINT64_MAX;
    const std::unique_ptr<AggregateBuffer> buffer = std::move(buffer_);
    while (buffer->Next()) {
      const uint32_t size = static_cast<uint32_t>(buffer->key().size);
      char* state;
      table_.Find(AggregateTable::Keys{buffer->key().data, 0, &size, nullptr, 1}, &state);
      layout_.Merge(state, buffer->state(), table_.arena());
    }
  }

  // Checks that the batch has the columns and partitions that updating the states will read.
  Status Check(const RecordBatch& batch) const {
    if (options_.partition_by == PartitionBy::kGiven) {
      if (batch.partitions == nullptr) {
        return Status::Error("BAD_ARGUMENT", "a batch without partitions");
      }
      for (size_t i = 0; i < batch.count; i++) {
        if (batch.partitions[i] >= options_.partitions) {
          return Status::Error("BAD_ARGUMENT", "partition " + std::to_string(batch.partitions[i]) + " of " +
                                                   std::to_string(options_.partitions));
        }
      }
    }
    size_t distincts = 0;
    for (const AggregateSpec& spec : layout_.specs()) {
      if (spec.fn == AggregateFn::kDistinct && ++distincts > kMaxDistinctAggregates) {
        return Status::Error("BAD_ARGUMENT", "distinct values of more than 255 columns");
      }
      if (spec.column < 0 && spec.fn == AggregateFn::kCount) continue;
      if (spec.column < 0 || static_cast<size_t>(spec.column) >= batch.column_count ||
          batch.columns[spec.column].kind != spec.kind) {
        return Status::Error("BAD_ARGUMENT",
                             "a batch has no column " + std::to_string(spec.column) + " of the kind to aggregate");
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
    } else if (layout_.counts_only()) {
      return table_.Count(keys);
    } else {
      table_.Find(keys, states);
    }
    layout_.UpdateAll(states, batch, first, keys.n, table_.arena());
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
      layout_.UpdateAll(states, batch, first, n, table_.arena());
    }
    uint8_t tag = 0;
    for (const AggregateSpec& spec : layout_.specs()) {
      if (spec.fn != AggregateFn::kDistinct) continue;
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

  // REQUIRES: the item has the hash of its key still.
  uint32_t PartitionOfItem(const TableItem& item) const {
    const uint64_t index = AggregateTable::IndexOf(item);
    if (options_.partition_by == PartitionBy::kGiven) return table_.partition(index);
    const uint64_t hash = options_.prefix_grouping ? HashKey(options_.GroupPart(table_.key(index))) : item.head[0];
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
    const TableKeys keys(&table_, options_.descending);
    ArraySorter<TableItem, TableKeys> sorter(keys);
    sorted_count_ = n;
    partition_ends_.assign(options_.partitions, n);
    if (options_.partitions == 1 || options_.partition_by == PartitionBy::kRange) {
      sorted_ = parts.items;
      for (size_t i = 0; i < n; i++) {
        if (i + kKeysAhead < n) keys.Prefetch(sorted_[i + kKeysAhead]);
        sorted_[i].Load(keys(sorted_[i]), keys.flip());
      }
      sorter.Sort(sorted_, parts.scratch, n);
      if (options_.partitions > 1) CutAtBounds();
      return;
    }
    // By partition first, a counting sort: what is left to sort is smaller, and fits the cache sooner.
    std::vector<size_t> next(options_.partitions, 0);
    const bool by_hash = options_.partition_by == PartitionBy::kHash && !options_.prefix_grouping;
    for (size_t i = 0; i < n; i++) {
      if (!by_hash && i + kKeysAhead < n) keys.Prefetch(parts.items[i + kKeysAhead]);
      const uint32_t partition = PartitionOfItem(parts.items[i]);
      parts.items[i].head[0] = partition;
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
      if (i + kKeysAhead < n) keys.Prefetch(parts.items[i + kKeysAhead]);
      TableItem* const item = new (&sorted_[next[parts.items[i].head[0]]++]) TableItem(parts.items[i]);
      item->Load(keys(*item), keys.flip());
    }
    for (uint32_t p = 0; p < options_.partitions; p++) {
      start = p == 0 ? 0 : partition_ends_[p - 1];
      sorter.Sort(sorted_ + start, parts.items + start, partition_ends_[p] - start);
    }
  }

  void CutAtBounds() {
    size_t start = 0;
    for (uint32_t p = 0; p + 1 < options_.partitions; p++) {
      const auto belongs = [&](const TableItem& item) {
        return !options_.IsAfter(table_.key(AggregateTable::IndexOf(item)), p);
      };
      const TableItem* end = std::partition_point(sorted_ + start, sorted_ + sorted_count_, belongs);
      start = static_cast<size_t>(end - sorted_);
      partition_ends_[p] = start;
    }
  }

  // The record after record i in sorted order may be anywhere in memory.
  RUNJOB_PREFETCHER void Prefetch(size_t i) const {
    if (i + kKeysAhead < sorted_count_) table_.PrefetchKey(AggregateTable::IndexOf(sorted_[i + kKeysAhead]));
    if (i + kStatesAhead < sorted_count_) table_.PrefetchState(AggregateTable::IndexOf(sorted_[i + kStatesAhead]));
  }

  CollectorOptions options_;
  const AggregateLayout layout_;
  AggregateTable table_;
  const bool distinct_;
  const bool may_buffer_;
  std::unique_ptr<AggregateBuffer> buffer_;  // if not null, the table is empty
  uint64_t records_in_ = 0;
  uint64_t records_out_ = 0;

  // Counts at a check of the table.
  struct Tally {
    double records = 0;    // held
    double keys = 0;       // held
    double middle = 0;     // keys held midway since the previous check
    double new_share = 0;  // of the records since then, those with a new key
  };
  uint64_t records_held_ = 0;
  Tally last_tally_;
  uint64_t next_check_ = options_.table_keys;

  KeyList list_;
  std::vector<uint32_t> partitions_;

  TableItem* sorted_ = nullptr;  // in the table's memory
  size_t sorted_count_ = 0;
  std::vector<size_t> partition_ends_;
  std::string value_;
};

}  // namespace

std::unique_ptr<Collector> NewHashCollector(const CollectorOptions& options) {
  return std::make_unique<HashCollector>(options);
}

}  // namespace runjob
