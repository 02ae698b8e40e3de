// Append collector: every record is kept, packed as a run stores it, and an entry of 20 bytes finds it again.
#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arena.h"
#include "collector.h"
#include "hash.h"
#include "key_encoding.h"
#include "packed_record.h"
#include "page_array.h"
#include "prefetch.h"
#include "run_file.h"
#include "sort.h"

namespace runjob {
namespace {

constexpr size_t kLookahead = 16;           // records prefetched ahead when they are gathered in sorted order

// Record bytes in big blocks, not aligned as an Arena's are.
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
      big_.reserve(big_.size() + 1);
      char* data = AllocatePages(n);
      big_.emplace_back(data, n);
      full_bytes_ += n;
      return data;
    }
    blocks_.reserve(blocks_.size() + 1);
    char* block = AllocateBlock();
    blocks_.push_back(block);
    full_bytes_ += static_cast<size_t>(end_ - start_);
    start_ = block;
    next_ = block + n;
    end_ = block + kArenaBlockBytes;
    return block;
  }

  std::vector<char*> blocks_;
  std::vector<std::pair<char*, size_t>> big_;
  char* start_ = nullptr;
  char* next_ = nullptr;
  char* end_ = nullptr;
  size_t full_bytes_ = 0;
};

// Where the records are, in input order. Chunks, because doubling one array would hold it three times over.
class EntryList {
 public:
  static constexpr size_t kBytesPerEntry = sizeof(SortItem) + sizeof(uint32_t);

  EntryList() = default;
  ~EntryList() { Clear(); }
  EntryList(const EntryList&) = delete;
  EntryList& operator=(const EntryList&) = delete;

  size_t size() const { return size_; }

  void Append(SortItem item, uint32_t partition) {
    if (size_ == chunks_.size() * kChunkEntries) AddChunk();
    Chunk* chunk = chunks_.back();
    const size_t i = size_++ % kChunkEntries;
    chunk->items[i] = item;
    chunk->partitions[i] = partition;
  }

  template <class Visit>
  void ForEach(const Visit& visit) const {
    for (size_t c = 0; c < chunks_.size(); c++) {
      const Chunk& chunk = *chunks_[c];
      const size_t n = std::min(kChunkEntries, size_ - c * kChunkEntries);
      for (size_t i = 0; i < n; i++) visit(chunk.items[i], chunk.partitions[i]);
    }
  }

  void Clear() {
    for (Chunk* chunk : chunks_) FreeBlock(reinterpret_cast<char*>(chunk));
    chunks_.clear();
    size_ = 0;
  }

 private:
  static constexpr size_t kChunkEntries = kArenaBlockBytes / kBytesPerEntry;
  struct Chunk {
    SortItem items[kChunkEntries];
    uint32_t partitions[kChunkEntries];
  };
  static_assert(sizeof(Chunk) <= kArenaBlockBytes);

  void AddChunk() {
    chunks_.reserve(chunks_.size() + 1);
    chunks_.push_back(new (AllocateBlock()) Chunk);
  }

  std::vector<Chunk*> chunks_;
  size_t size_ = 0;
};

const char* RecordAt(uint64_t index) { return reinterpret_cast<const char*>(static_cast<uintptr_t>(index)); }

struct RecordKey {
  Slice operator()(uint64_t index) const {
    Slice key, value;
    UnpackRecord(RecordAt(index), &key, &value);
    return key;
  }
  RUNJOB_PREFETCHER void Prefetch(uint64_t index) const { __builtin_prefetch(RecordAt(index)); }
};

class AppendCollector : public Collector {
 public:
  explicit AppendCollector(const CollectorOptions& options) : options_(options) {
    options_.partitions = std::max(options_.partitions, 1u);
    ForgetFloors();
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
      char* record = heap_.Allocate(PackedSize(key.size, value_size));
      char* p = PutVarint(record, key.size);
      p = PutVarint(p, value_size);
      p = CopyBytes(p, key.data, key.size);
      PutValue(p, batch, i);
      entries_.Append(SortItem{KeyPrefix(key), reinterpret_cast<uintptr_t>(record)}, partition);
    }
    if (options_.take > 0 && entries_.size() > truncate_above_) Truncate();
    return Status::Ok();
  }

  size_t bytes() const override {
    // Sorting needs the entries a second and a third time for a while; truncating, a copy of what it keeps.
    const size_t entries = entries_.size() * (EntryList::kBytesPerEntry + sizeof(SortItem));
    const size_t truncating = options_.take > 0 ? heap_.bytes() / 2 : 0;
    return heap_.bytes() + truncating + entries + sorted_count_ * sizeof(SortItem);
  }

  uint64_t records_in() const override { return records_in_; }
  uint64_t entries() const override { return entries_.size() + sorted_count_; }
  uint64_t records_out() const override { return records_out_; }

  Status SpillTo(RunWriter* writer) override {
    Sort();
    for (uint32_t p = 0; p < options_.partitions; p++) {
      const auto [start, end] = Kept(p);
      for (size_t i = start; i < end; i++) {
        PrefetchRecord(i, end);
        Slice key, value;
        UnpackRecord(RecordAt(sorted_[i].index), &key, &value);
        RUNJOB_RETURN_IF_ERROR(writer->Add(p, key, value));
      }
      records_out_ += end - start;
    }
    Clear();
    return Status::Ok();
  }

  std::unique_ptr<Cursor> Sorted(const uint32_t** partition_of) override;

  void Clear() override {
    entries_.Clear();
    sorted_ = PageArray<SortItem>();
    starts_.clear();
    sorted_count_ = 0;
    heap_.Clear();
    // What was let go may have been all of a partition's first records.
    ForgetFloors();
  }

 private:
  class SortedCursor;

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

  RUNJOB_PREFETCHER void PrefetchRecord(size_t i, size_t end) const {
    if (i + kLookahead >= end) return;
    const char* record = RecordAt(sorted_[i + kLookahead].index);
    __builtin_prefetch(record);
    __builtin_prefetch(record + 64);
  }

  // What `take` leaves of partition p in sorted_.
  std::pair<size_t, size_t> Kept(uint32_t p) const {
    const size_t n = starts_[p + 1] - starts_[p];
    return {starts_[p], starts_[p] + (options_.take > 0 ? std::min<uint64_t>(n, options_.take) : n)};
  }

  // entries_ -> sorted_, by partition and key.
  void Sort();
  void CutAtBounds(size_t n);
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
  void ForgetFloors() {
    floors_.clear();
    truncate_above_ = TruncateAbove(0);
  }
  uint64_t TruncateAbove(uint64_t kept) const {
    const uint64_t n = std::max<uint64_t>({kept, options_.take, 32768});
    return n > std::numeric_limits<uint64_t>::max() / 2 ? n : 2 * n;
  }

  CollectorOptions options_;
  RecordHeap heap_;
  EntryList entries_;
  uint64_t records_in_ = 0;
  uint64_t records_out_ = 0;
  std::vector<Floor> floors_;  // one per partition, or none while none is known
  uint64_t truncate_above_ = 0;

  PageArray<SortItem> sorted_;
  std::vector<size_t> starts_;  // partition p is sorted_[starts_[p] .. starts_[p + 1])
  size_t sorted_count_ = 0;
};

void AppendCollector::Sort() {
  const size_t n = entries_.size();
  const uint32_t partitions = options_.partitions;
  sorted_ = PageArray<SortItem>(n);
  starts_.assign(size_t{partitions} + 1, 0);

  // Bucketed by a counting sort first: it is stable, and smaller arrays sort faster. By range, the keys
  // decide.
  std::vector<size_t> next(partitions, 0);
  entries_.ForEach([&](const SortItem&, uint32_t partition) { starts_[partition + 1]++; });
  for (uint32_t p = 0; p < partitions; p++) {
    starts_[p + 1] += starts_[p];
    next[p] = starts_[p];
  }
  SortItem* sorted = sorted_.data();
  entries_.ForEach([&](const SortItem& item, uint32_t partition) { sorted[next[partition]++] = item; });
  entries_.Clear();
  sorted_count_ = n;

  const PageArray<SortItem> scratch(n);
  for (uint32_t p = 0; p < partitions; p++) {
    const size_t start = starts_[p];
    const size_t count = starts_[p + 1] - start;
    SortByKey(sorted + start, scratch.data() + start, count, options_.descending, RecordKey());
  }
  if (options_.partition_by == PartitionBy::kRange) CutAtBounds(n);
}

void AppendCollector::CutAtBounds(size_t n) {
  const SortItem* sorted = sorted_.data();
  starts_[0] = 0;
  for (uint32_t p = 1; p < options_.partitions; p++) {
    // Fewer bounds than partitions leave the last ones empty.
    if (p > options_.bounds.size()) {
      starts_[p] = n;
      continue;
    }
    const Slice bound(options_.bounds[p - 1]);
    starts_[p] = static_cast<size_t>(
        std::partition_point(sorted + starts_[p - 1], sorted + n,
                             [&](const SortItem& item) {
                               const int c = Compare(GroupPart(RecordKey()(item.index)), bound);
                               return options_.descending ? c > 0 : c < 0;
                             }) -
        sorted);
  }
  starts_[options_.partitions] = n;
}

void AppendCollector::Truncate() {
  Sort();
  // What stays moves to fresh memory in sorted order, so the next sort finds equal keys still in input order.
  RecordHeap kept;
  const bool ranges = options_.partition_by == PartitionBy::kRange && options_.partitions > 1;
  if (!ranges) floors_.resize(options_.partitions);  // of a range, Add does not know which one a key falls in
  for (uint32_t p = 0; p < options_.partitions; p++) {
    const auto [start, end] = Kept(p);
    for (size_t i = start; i < end; i++) {
      PrefetchRecord(i, end);
      const char* record = RecordAt(sorted_[i].index);
      Slice key, value;
      UnpackRecord(record, &key, &value);
      const size_t size = static_cast<size_t>(value.data + value.size - record);
      char* copy = kept.Allocate(size);
      CopyBytes(copy, record, size);
      entries_.Append(SortItem{KeyPrefix(key), reinterpret_cast<uintptr_t>(copy)}, ranges ? 0 : p);
      if (!ranges && i + 1 == start + options_.take) floors_[p] = Floor{true, key.ToString()};
    }
  }
  heap_.Replace(&kept);
  sorted_ = PageArray<SortItem>();
  starts_.clear();
  sorted_count_ = 0;
  truncate_above_ = TruncateAbove(entries_.size());
}

class AppendCollector::SortedCursor : public Cursor {
 public:
  explicit SortedCursor(const AppendCollector* collector) : collector_(collector) {}

  Status Start() override { return Next(); }
  Status Next() override {
    while (i_ == end_) {
      if (next_partition_ == collector_->options_.partitions) {
        valid_ = false;
        return Status::Ok();
      }
      partition_ = next_partition_++;
      std::tie(i_, end_) = collector_->Kept(partition_);
    }
    collector_->PrefetchRecord(i_, end_);
    UnpackRecord(RecordAt(collector_->sorted_[i_++].index), &key_, &value_);
    records_++;
    valid_ = true;
    return Status::Ok();
  }
  uint64_t records_in() const override { return records_; }
  const uint32_t* partition() const { return &partition_; }

 private:
  const AppendCollector* collector_;
  size_t i_ = 0;
  size_t end_ = 0;
  uint32_t next_partition_ = 0;
  uint32_t partition_ = 0;
  uint64_t records_ = 0;
};

std::unique_ptr<Cursor> AppendCollector::Sorted(const uint32_t** partition_of) {
  Sort();
  auto cursor = std::make_unique<SortedCursor>(this);
  *partition_of = cursor->partition();
  return cursor;
}

}  // namespace

std::unique_ptr<Collector> NewAppendCollector(const CollectorOptions& options) {
  return std::make_unique<AppendCollector>(options);
}

}  // namespace runjob
