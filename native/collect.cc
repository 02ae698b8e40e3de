// Append collector: every record is kept, packed as a run stores it, and an item with the first bytes of its key finds it
// again.
#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "arena.h"
#include "collector.h"
#include "hash.h"
#include "item_sort.h"
#include "key_encoding.h"
#include "packed_record.h"
#include "piece_list.h"
#include "prefetch.h"
#include "run_writer.h"

namespace runjob {
namespace {

constexpr ptrdiff_t kLookahead = 48;   // records prefetched ahead when they are gathered in sorted order
constexpr size_t kKeyPadding = 16;     // readable bytes behind every key
constexpr uint32_t kMostLists = 64;    // each takes memory from its first item on

// Record bytes in big blocks, not aligned as an Arena's are. Behind each record kKeyPadding bytes can be read.
class RecordHeap {
 public:
  RecordHeap() = default;
  ~RecordHeap() { Clear(); }
  RecordHeap(const RecordHeap&) = delete;
  RecordHeap& operator=(const RecordHeap&) = delete;

  char* Allocate(size_t n) {
    if (n > static_cast<size_t>(end_ - next_)) return AllocateSlow(n);
    char* p = next_;
    next_ += n;
    return p;
  }

  // Bytes handed out, and what was left unused at the ends of blocks.
  size_t bytes() const { return full_bytes_ + static_cast<size_t>(next_ - start_); }

  void Clear() {
    for (char* block : blocks_) FreeBlock(block);
    blocks_.clear();
    for (const auto& [data, size] : big_) FreePages(data, size);
    big_.clear();
    start_ = next_ = end_ = nullptr;
    full_bytes_ = 0;
  }

  // Takes over what `other` holds instead of its own records.
  void Replace(RecordHeap* other) {
    Clear();
    std::swap(blocks_, other->blocks_);
    std::swap(big_, other->big_);
    std::swap(start_, other->start_);
    std::swap(next_, other->next_);
    std::swap(end_, other->end_);
    std::swap(full_bytes_, other->full_bytes_);
  }

 private:
  char* AllocateSlow(size_t n) {
    // A record that would waste much of a block gets pages of its own; the current block goes on being
    // filled.
    if (n > kArenaBlockBytes / 4) {
      const size_t size = n + kKeyPadding;
      big_.reserve(big_.size() + 1);
      char* data = AllocatePages(size);
      big_.emplace_back(data, size);
      full_bytes_ += size;
      return data;
    }
    blocks_.reserve(blocks_.size() + 1);
    char* block = AllocateBlock();
    blocks_.push_back(block);
    full_bytes_ += static_cast<size_t>(end_ - start_);
    start_ = block;
    next_ = block + n;
    end_ = block + kArenaBlockBytes - kKeyPadding;
    return block;
  }

  std::vector<char*> blocks_;
  std::vector<std::pair<char*, size_t>> big_;
  char* start_ = nullptr;
  char* next_ = nullptr;
  char* end_ = nullptr;
  size_t full_bytes_ = 0;
};

// A record, with the first bytes of its key.
using RecordItem = Item<1>;

const char* RecordOf(const RecordItem& item) {
  return reinterpret_cast<const char*>(static_cast<uintptr_t>(item.state[0]));
}

// What ListSorter gets at the keys with.
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
  RecordLists(uint32_t partitions, RecordKeys keys)
      : partitions_(partitions), keys_(keys), sorter_(&pieces_, keys) {
    while ((partitions - 1) >> shift_ >= kMostLists) shift_++;
    lists_.resize(((partitions - 1) >> shift_) + 1);
  }

  // Where several partitions share a list, the record's own tells them apart.
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
  // Puts each partition of a list into one of its own.
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

class AppendCollector : public Collector {
 public:
  explicit AppendCollector(const CollectorOptions& options) : options_(options) {
    options_.partitions = std::max(options_.partitions, 1u);
    cuts_ = options_.partition_by == PartitionBy::kRange && options_.partitions > 1;
    Clear();
  }

  Status Add(const RecordBatch& batch) override {
    if (batch.column_count < options_.layout.size()) {
      return Status::Error("BAD_ARGUMENT", "a batch has fewer columns than the collector's layout");
    }
    records_in_ += batch.count;
    for (size_t i = 0; i < batch.count; i++) {
      const Slice key = batch.key(i);
      uint32_t partition = 0;
      if (options_.partition_by == PartitionBy::kGiven && batch.partitions != nullptr) {
        partition = batch.partitions[i];
        if (partition >= options_.partitions) {
          return Status::Error("BAD_ARGUMENT", "partition " + std::to_string(partition) + " of " +
                                                   std::to_string(options_.partitions));
        }
      } else if (options_.partition_by == PartitionBy::kHash && options_.partitions > 1) {
        partition = PartitionOf(HashKey(GroupPart(key)), options_.partitions);
      }
      if (!floors_.empty() && BehindFloor(key, partition)) continue;

      const size_t value_size = ValueSize(batch, i);
      char* record = Allocate(&heap_, partition, PackedSize(key.size, value_size));
      char* p = PutVarint(record, key.size);
      p = PutVarint(p, value_size);
      p = CopyBytes(p, key.data, key.size);
      PutValue(p, batch, i);
      lists_->Add(partition, key, record);
      held_++;
    }
    if (options_.take > 0 && held_ > truncate_above_) Truncate();
    return Status::Ok();
  }

  bool takes_bounds() const override { return true; }

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
    // What was let go may have been all of a partition's first records.
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

  Slice GroupPart(Slice key) const {
    return options_.prefix_grouping ? Slice(key.data, PrefixLength(key)) : key;
  }

  size_t ValueSize(const RecordBatch& batch, size_t i) const {
    const Layout& layout = options_.layout;
    if (layout.size() == 1 && layout[0] == ValueKind::kBytes) return ColumnBytes(batch.columns[0], i).size;
    size_t n = 0;
    for (size_t c = 0; c < layout.size(); c++) {
      n += layout[c] == ValueKind::kNumber ? 8 : 4 + ColumnBytes(batch.columns[c], i).size;
    }
    return n;
  }

  void PutValue(char* p, const RecordBatch& batch, size_t i) const {
    const Layout& layout = options_.layout;
    const bool bare = layout.size() == 1;
    for (size_t c = 0; c < layout.size(); c++) {
      if (layout[c] == ValueKind::kNumber) {
        std::memcpy(p, &batch.columns[c].numbers[i], 8);
        p += 8;
        continue;
      }
      const Slice bytes = ColumnBytes(batch.columns[c], i);
      if (!bare) {
        const uint32_t size = static_cast<uint32_t>(bytes.size);
        std::memcpy(p, &size, 4);
        p += 4;
      }
      p = CopyBytes(p, bytes.data, bytes.size);
    }
  }

  static Slice ColumnBytes(const ValueColumn& column, size_t i) {
    const uint32_t start = i == 0 ? 0 : column.ends[i - 1];
    return Slice(column.bytes + start, column.ends[i] - start);
  }

  // Room for a record of so many bytes.
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
  // By range, the keys decide: where the records of rest_ end that are still of its partition.
  const RecordItem* EndOfRange() const;
  void Truncate();

  // With `take`: a partition that has its first `take` records needs no other that sorts behind the last of
  // them, nor one equal to it, which is later in the input.
  struct Floor {
    bool known = false;
    std::string key;
  };
  bool BehindFloor(Slice key, uint32_t partition) const {
    const Floor& floor = floors_[partition];
    if (!floor.known) return false;
    const int c = Compare(key, floor.key);
    return options_.descending ? c <= 0 : c >= 0;
  }
  uint64_t TruncateAbove(uint64_t kept) const {
    const uint64_t n = std::max<uint64_t>({kept, options_.take, 32768});
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
  // Fewer bounds than partitions leave the last ones empty.
  if (rest_.partition + 1 == options_.partitions || rest_.partition >= options_.bounds.size()) return rest_.end;
  const Slice bound(options_.bounds[rest_.partition]);
  const RecordKeys keys(options_.descending);
  const auto before = [&](const RecordItem& item) {
    const int c = Compare(GroupPart(keys(item)), bound);
    return options_.descending ? c > 0 : c < 0;
  };
  if (before(rest_.end[-1])) return rest_.end;
  return std::partition_point(rest_.begin, rest_.end, before);
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
