// Append collector: keeps every record, packed as a run stores it, and an item with the first bytes of its key to
// find it.
#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/piece_list.h"
#include "base/prefetch.h"
#include "collect/collector.h"
#include "collect/record_heap.h"
#include "record/packed_record.h"
#include "record/partition.h"
#include "record/record.h"
#include "record/sort.h"
#include "run/run_writer.h"

namespace runjob {
namespace {

constexpr ptrdiff_t kLookahead = 48;  // records prefetched ahead when they are gathered in sorted order
constexpr uint32_t kMostLists = 64;   // each takes memory from its first item on

// A record, with the head of its key.
using RecordItem = Item<2, 1>;

const char* RecordOf(const RecordItem& item) {
  return reinterpret_cast<const char*>(static_cast<uintptr_t>(item.state[0]));
}

// Key access for ListSorter.
class RecordKeys {
 public:
  static constexpr bool kWhole = false;

  explicit RecordKeys(bool descending) : flip_(descending ? ~uint64_t{0} : 0) {}

  uint64_t flip() const { return flip_; }
  Slice operator()(const RecordItem& item) const {
    Slice key, value;
    UnpackRecord(RecordOf(item), &key, &value);
    return key;
  }
  RUNJOB_PREFETCHER void Prefetch(const RecordItem& item) const { __builtin_prefetch(RecordOf(item)); }

 private:
  uint64_t flip_;
};

// Where the records are: filled in input order, emptied in that of partitions and keys.
class RecordLists {
 public:
  RecordLists(uint32_t partitions, RecordKeys keys) : partitions_(partitions), keys_(keys), sorter_(&pieces_, keys) {
    while ((partitions - 1) >> shift_ >= kMostLists) shift_++;
    lists_.resize(((partitions - 1) >> shift_) + 1);
  }

  // If several partitions share a list, the record's partition distinguishes them.
  bool shares() const { return shift_ > 0; }

  void Add(uint32_t partition, Slice key, const char* record) {
    RecordItem* item = new (lists_[partition >> shift_].Add(&pieces_)) RecordItem;
    item->Load(key, keys_.flip());
    item->state[0] = reinterpret_cast<uintptr_t>(record);
    size_++;
  }

  size_t bytes() const { return pieces_.bytes() + ListSorter<RecordItem, RecordKeys>::BytesFor(size_); }

  // The next n sorted items, of one partition; good until the next call. n is 0 at the end. REQUIRES: nothing is added
  // after the first call.
  const RecordItem* Next(uint32_t* partition, size_t* n) {
    for (;;) {
      const RecordItem* items = sorter_.Next(n);
      *partition = partition_;
      size_ -= *n;
      if (*n > 0 || next_partition_ == partitions_) return items;
      partition_ = next_partition_++;
      const uint32_t first = partition_ >> shift_ << shift_;
      if (shares() && partition_ == first) Part(&lists_[partition_ >> shift_]);
      sorter_.Begin(std::move(shares() ? parts_[partition_ - first] : lists_[partition_]));
    }
  }

 private:
  // Puts each partition of a list into its own list.
  void Part(PieceList<RecordItem>* list) {
    parts_ = std::vector<PieceList<RecordItem>>(size_t{1} << shift_);
    list->Drain(&pieces_, [&](const RecordItem& item) {
      uint32_t partition;
      std::memcpy(&partition, RecordOf(item) - sizeof(partition), sizeof(partition));
      new (parts_[partition & ((uint32_t{1} << shift_) - 1)].Add(&pieces_)) RecordItem(item);
    });
  }

  const uint32_t partitions_;
  const RecordKeys keys_;
  uint32_t shift_ = 0;
  Pieces pieces_;
  std::vector<PieceList<RecordItem>> lists_;  // of 2^shift_ partitions each
  std::vector<PieceList<RecordItem>> parts_;
  uint64_t size_ = 0;  // items that are still to come
  uint32_t partition_ = 0;
  uint32_t next_partition_ = 0;
  ListSorter<RecordItem, RecordKeys> sorter_;
};

class AppendCollector : public Collector, private FirstRecords {
 public:
  explicit AppendCollector(const CollectorOptions& options) : options_(options) {
    options_.partitions = std::max(options_.partitions, 1u);
    cuts_ = options_.partition_by == PartitionBy::kRange && options_.partitions > 1;
    Clear();
  }

  Status Add(const RecordBatch& batch) override {
    if (batch.column_count != options_.layout.size()) {
      return Status::Error("BAD_ARGUMENT", "a batch does not have the columns of the collector's layout");
    }
    records_in_ += batch.count;
    for (size_t i = 0; i < batch.count; i++) {
      const Slice key = batch.key(i);
      uint32_t partition = 0;
      if (options_.partition_by == PartitionBy::kGiven && batch.partitions != nullptr) {
        partition = batch.partitions[i];
        if (partition >= options_.partitions) {
          return Status::Error("BAD_ARGUMENT",
                               "partition " + std::to_string(partition) + " of " + std::to_string(options_.partitions));
        }
      } else if (options_.partition_by == PartitionBy::kHash && options_.partitions > 1) {
        partition = PartitionOf(HashKey(options_.GroupPart(key)), options_.partitions);
      }
      if (!floors_.empty() && IsPastFloor(key, partition)) continue;

      const size_t value_size = ValueSize(batch, i);
      char* record = Allocate(&heap_, partition, PackedSize(key.size, value_size));
      char* p = PutVarint(record, key.size);
      p = PutVarint(p, value_size);
      p = CopyBytes(p, key.data, key.size);
      PutValue(batch, i, p);
      lists_->Add(partition, key, record);
      held_++;
    }
    if (options_.take > 0 && held_ > truncate_above_) Truncate();
    return Status::Ok();
  }

  bool takes_bounds() const override { return true; }
  FirstRecords* first() override {
    return options_.take > 0 && options_.partitions == 1 && !options_.descending ? this : nullptr;
  }

  size_t bytes() const override {
    const size_t bytes = heap_.bytes() + lists_->bytes();
    // Truncating needs a copy of what it keeps.
    return options_.take > 0 ? bytes + bytes / 2 : bytes;
  }

  // With `take`, what is held is what need not be written.
  bool IsFull(size_t budget_bytes, size_t enough_bytes) const override {
    return bytes() > (options_.take > 0 ? budget_bytes : std::min(budget_bytes, enough_bytes));
  }

  uint64_t records_in() const override { return records_in_; }
  uint64_t entries() const override { return held_; }
  uint64_t records_out() const override { return records_out_; }

  Status SpillTo(RunWriter* writer) override {
    Stretch stretch;
    while (Next(&stretch)) {
      for (const RecordItem* item = stretch.begin; item != stretch.end; item++) {
        PrefetchRecord(item, stretch.end);
        Slice key, value;
        UnpackRecord(RecordOf(*item), &key, &value);
        RUNJOB_RETURN_IF_ERROR(writer->Add(stretch.partition, key, value));
      }
      records_out_ += static_cast<uint64_t>(stretch.end - stretch.begin);
    }
    Clear();
    return Status::Ok();
  }

  std::unique_ptr<Cursor> Sorted(const uint32_t** partition_of) override;

  void Clear() override {
    BeginWith(NewLists());
    heap_.Clear();
    held_ = 0;
    // The dropped records may have been all of a partition's first ones.
    floors_.clear();
    truncate_above_ = TruncateAbove(0);
  }

 private:
  class SortedCursor;

  // Records in order, of one partition.
  struct Stretch {
    const RecordItem* begin = nullptr;
    const RecordItem* end = nullptr;
    uint32_t partition = 0;
  };

  const std::string* floor() const override { return floors_.empty() || !floors_[0].known ? nullptr : &floors_[0].key; }
  void LeaveOut(uint64_t records) override { records_in_ += records; }

  // Room for a record of `size` bytes.
  char* Allocate(RecordHeap* heap, uint32_t partition, size_t size) {
    if (!lists_->shares()) return heap->Allocate(size);
    char* p = heap->Allocate(sizeof(partition) + size);
    std::memcpy(p, &partition, sizeof(partition));
    return p + sizeof(partition);
  }

  RUNJOB_PREFETCHER static void PrefetchRecord(const RecordItem* item, const RecordItem* end) {
    if (end - item <= kLookahead) return;
    const char* record = RecordOf(item[kLookahead]);
    __builtin_prefetch(record);
    __builtin_prefetch(record + 64);
  }

  std::unique_ptr<RecordLists> NewLists() const {
    return std::make_unique<RecordLists>(cuts_ ? 1 : options_.partitions, RecordKeys(options_.descending));
  }
  void BeginWith(std::unique_ptr<RecordLists> lists) {
    lists_ = std::move(lists);
    rest_ = Stretch();
    taken_ = 0;
  }

  // The next records in order, without those that `take` leaves out. False at the end. Afterwards nothing can be added until
  // the lists are cleared.
  bool Next(Stretch* stretch);
  // By range, the keys decide where the records of rest_'s partition end.
  const RecordItem* EndOfRange() const;
  void Truncate();

  // With `take`: a partition that has its first `take` records needs none that sorts after the last of them, nor an
  // equal one, which is later in the input.
  struct Floor {
    bool known = false;
    std::string key;
  };
  bool IsPastFloor(Slice key, uint32_t partition) const {
    const Floor& floor = floors_[partition];
    if (!floor.known) return false;
    const int c = Compare(key, floor.key);
    return options_.descending ? c <= 0 : c >= 0;
  }
  uint64_t TruncateAbove(uint64_t kept) const {
    const uint64_t n = std::max<uint64_t>({kept, options_.take, 4096});
    return n > std::numeric_limits<uint64_t>::max() / 2 ? n : 2 * n;
  }

  CollectorOptions options_;
  bool cuts_;  // into partitions where the sorted keys pass their bounds
  RecordHeap heap_;
  std::unique_ptr<RecordLists> lists_;
  uint64_t held_ = 0;
  uint64_t records_in_ = 0;
  uint64_t records_out_ = 0;
  std::vector<Floor> floors_;  // one per partition, or none while none is known
  uint64_t truncate_above_ = 0;

  Stretch rest_;        // what came in order and has not been handed out
  uint64_t taken_ = 0;  // of rest_'s partition
};

bool AppendCollector::Next(Stretch* stretch) {
  for (;;) {
    if (rest_.begin == rest_.end) {
      size_t n;
      uint32_t partition;
      rest_.begin = lists_->Next(&partition, &n);
      rest_.end = rest_.begin + n;
      if (n == 0) return false;
      if (!cuts_ && partition != std::exchange(rest_.partition, partition)) taken_ = 0;
    }
    *stretch = rest_;
    if (cuts_) {
      stretch->end = EndOfRange();
      if (stretch->end == stretch->begin) {
        rest_.partition++;
        taken_ = 0;
        continue;
      }
    }
    rest_.begin = stretch->end;
    if (options_.take > 0) {
      const uint64_t n = static_cast<uint64_t>(stretch->end - stretch->begin);
      stretch->end = stretch->begin + std::min(n, options_.take - taken_);
      taken_ += static_cast<uint64_t>(stretch->end - stretch->begin);
    }
    if (stretch->begin != stretch->end) return true;
  }
}

const RecordItem* AppendCollector::EndOfRange() const {
  const RecordKeys keys(options_.descending);
  const auto belongs = [&](const RecordItem& item) { return !options_.IsAfter(keys(item), rest_.partition); };
  if (belongs(rest_.end[-1])) return rest_.end;
  return std::partition_point(rest_.begin, rest_.end, belongs);
}

void AppendCollector::Truncate() {
  // What stays moves to fresh memory in sorted order, so the next sort finds equal keys still in input order.
  RecordHeap kept;
  auto lists = NewLists();
  held_ = 0;
  if (!cuts_) floors_.resize(options_.partitions);  // of a range, Add does not know which one a key falls in
  Stretch stretch;
  while (Next(&stretch)) {
    Slice key, value;
    for (const RecordItem* item = stretch.begin; item != stretch.end; item++) {
      PrefetchRecord(item, stretch.end);
      const char* record = RecordOf(*item);
      UnpackRecord(record, &key, &value);
      const size_t size = static_cast<size_t>(value.data + value.size - record);
      char* copy = Allocate(&kept, stretch.partition, size);
      CopyBytes(copy, record, size);
      lists->Add(cuts_ ? 0 : stretch.partition, Slice(copy + (key.data - record), key.size), copy);
      held_++;
    }
    if (!cuts_ && taken_ == options_.take) floors_[stretch.partition] = Floor{true, key.ToString()};
  }
  heap_.Replace(&kept);
  BeginWith(std::move(lists));
  truncate_above_ = TruncateAbove(held_);
}

class AppendCollector::SortedCursor : public Cursor {
 public:
  explicit SortedCursor(AppendCollector* collector) : collector_(collector) {}

  uint64_t records_in() const override { return records_; }
  const uint32_t* partition() const { return &stretch_.partition; }

 private:
  Status Read() override {
    if (next_ == stretch_.end) {
      if (!collector_->Next(&stretch_)) return Status::Ok();
      next_ = stretch_.begin;
    }
    PrefetchRecord(next_, stretch_.end);
    Slice key, value;
    UnpackRecord(RecordOf(*next_++), &key, &value);
    SetReady(key, value);
    records_++;
    return Status::Ok();
  }

  AppendCollector* collector_;
  Stretch stretch_;
  const RecordItem* next_ = nullptr;
  uint64_t records_ = 0;
};

std::unique_ptr<Cursor> AppendCollector::Sorted(const uint32_t** partition_of) {
  auto cursor = std::make_unique<SortedCursor>(this);
  *partition_of = cursor->partition();
  return cursor;
}

}  // namespace

std::unique_ptr<Collector> NewAppendCollector(const CollectorOptions& options) {
  return std::make_unique<AppendCollector>(options);
}

}  // namespace runjob
