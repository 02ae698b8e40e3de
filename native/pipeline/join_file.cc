// The table of a join whose rows memory has no room for: a file of rows, and one of where they are.
//
//   rows      u32 size of the key, kNoKey: none; u32 size of the row; u64 number; key; row        in the order in which they were added
//   entries   u64 hash of the key, u64 where its row is                                           sorted
//
// The rows of a key are neighbours among the entries, in the order in which they were added. In memory is only, for a few dozen
// entries each, where those with the same highest bits of their hashes begin.
#include <algorithm>
#include <bit>
#include <cstring>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "column/keys.h"
#include "column/rows.h"
#include "pipeline/join_rows.h"
#include "pipeline/row_file.h"

namespace runjob {
namespace {

constexpr uint32_t kNoKey = UINT32_MAX;
constexpr size_t kBucketEntries = 64;                // on average, or half of that
constexpr size_t kReadEntries = 2 * kBucketEntries;  // at a time
constexpr size_t kReadBytes = 1024;                  // of rows, at least
constexpr size_t kScanBytes = size_t{256} << 10;     // where all are read
constexpr size_t kPairBytes = size_t{8} << 20;       // of a batch; one of long rows has fewer
constexpr size_t kLeastSortEntries = size_t{1} << 16;
constexpr size_t kLeastRunBytes = size_t{4} << 10;

struct RowHead {
  uint32_t key_size;
  uint32_t row_size;
  uint64_t number;

  size_t size() const { return (key_size == kNoKey ? 0 : size_t{key_size}) + row_size; }
};

struct Entry {
  uint64_t hash;
  uint64_t offset;

  bool operator<(const Entry& other) const { return hash == other.hash ? offset < other.offset : hash < other.hash; }
};

// All keys of a table may be in one partition, whose hashes have the same highest bits.
uint64_t SpreadHash(Slice key) { return HashKey(key) * 0x9E3779B97F4A7C15; }

Slice BytesOf(const Entry* entries, size_t n) {
  return Slice(reinterpret_cast<const char*>(entries), n * sizeof(Entry));
}

// Entries of a file, one after another.
class EntryReader {
 public:
  EntryReader(const RowFile* file, uint64_t begin, uint64_t end, size_t buffer_bytes)
      : file_(file), next_(begin), end_(end), buffer_(std::max<size_t>(1, buffer_bytes / sizeof(Entry))) {}

  // False at the end.
  Status Next(Entry* entry, bool* found) {
    if (at_ == filled_) {
      filled_ = static_cast<size_t>(std::min<uint64_t>(buffer_.size(), end_ - next_));
      at_ = 0;
      RUNJOB_RETURN_IF_ERROR(
          file_->Read(next_ * sizeof(Entry), filled_ * sizeof(Entry), reinterpret_cast<char*>(buffer_.data())));
      next_ += filled_;
    }
    *found = filled_ > 0;
    if (*found) *entry = buffer_[at_++];
    return Status::Ok();
  }

 private:
  const RowFile* file_;
  uint64_t next_;
  uint64_t end_;
  std::vector<Entry> buffer_;
  size_t at_ = 0;
  size_t filled_ = 0;
};

// Rows of a file, wherever they are.
class RowReader {
 public:
  RowReader(const RowFile* file, size_t read_bytes) : file_(file), read_bytes_(read_bytes) {}

  Status Read(uint64_t offset, RowHead* head, Slice* key, Slice* row) {
    const char* bytes = nullptr;
    RUNJOB_RETURN_IF_ERROR(Have(offset, sizeof(*head), &bytes));
    std::memcpy(head, bytes, sizeof(*head));
    RUNJOB_RETURN_IF_ERROR(Have(offset, sizeof(*head) + head->size(), &bytes));
    const size_t key_size = head->key_size == kNoKey ? 0 : head->key_size;
    *key = Slice(bytes + sizeof(*head), key_size);
    *row = Slice(bytes + sizeof(*head) + key_size, head->row_size);
    return Status::Ok();
  }
  size_t bytes() const { return buffer_.capacity(); }

 private:
  Status Have(uint64_t offset, size_t size, const char** bytes) {
    if (offset < at_ || offset + size > at_ + held_) {
      held_ = 0;
      const uint64_t left = file_->size() - offset;
      const size_t want = static_cast<size_t>(std::min<uint64_t>(std::max(size, read_bytes_), left));
      if (buffer_.size() < want) buffer_.resize(want);
      RUNJOB_RETURN_IF_ERROR(file_->Read(offset, want, buffer_.data()));
      at_ = offset;
      held_ = want;
    }
    *bytes = buffer_.data() + (offset - at_);
    return Status::Ok();
  }

  const RowFile* const file_;
  const size_t read_bytes_;
  uint64_t at_ = 0;
  size_t held_ = 0;
  std::string buffer_;
};

class JoinFile final : public JoinRows {
 public:
  JoinFile(Schema schema, std::vector<uint32_t> by, Keep keep, KeySets sets, const Place& place)
      : JoinRows(std::move(schema), std::move(by), keep, std::move(sets)),
        sort_entries_(std::max(kLeastSortEntries, place.memory_bytes / sizeof(Entry))),
        row_file_(place.folder),
        unsorted_(place.folder),
        entry_file_(place.folder) {}

  size_t bytes() const override {
    return JoinRows::bytes() + row_file_.bytes() + entry_file_.bytes() + buffer_.capacity() * sizeof(Entry) +
           bucket_ends_.capacity() * sizeof(uint64_t);
  }
  std::unique_ptr<JoinLookup> NewLookup() const override { return std::make_unique<Lookup>(this); }

 private:
  class Lookup final : public JoinLookup {
   public:
    explicit Lookup(const JoinFile* table)
        : table_(table),
          reader_(&table->row_file_, kReadBytes),
          rows_(NewRowDecoder(table->schema())),
          null_row_(NullRow(table->schema().size())) {}

    Status Find(const Batch& batch, const std::vector<uint32_t>& on) override {
      batch_ = &batch;
      on_ = &on;
      return Status::Ok();
    }

    Status Select(bool matched, uint16_t* selection, size_t* count) override {
      *count = 0;
      for (size_t i = 0; i < batch_->count; i++) {
        bool found = false;
        RUNJOB_RETURN_IF_ERROR(First(i, &found));
        selection[*count] = static_cast<uint16_t>(batch_->row(i));
        *count += found == matched;
      }
      return Status::Ok();
    }
    bool Extend(Batch*, bool, bool, uint16_t*) override { return false; }
    Status AddPairs(JoinPairs* pairs) override { return AddPairsOf(*batch_, this, pairs); }

    Status First(size_t i, bool* found) {
      *found = false;
      key_.clear();
      for (const uint32_t column : *on_) {
        if (!batch_->columns[column].valid(batch_->row(i))) return Status::Ok();
        AppendKey(batch_->columns[column], batch_->row(i), KeyOrder(), &key_);
      }
      hash_ = SpreadHash(key_);
      RUNJOB_RETURN_IF_ERROR(Locate());
      return Next(found);
    }
    Status Next(bool* found) {
      for (*found = false; !*found && next_ < table_->count_; next_++) {
        Entry entry;
        RUNJOB_RETURN_IF_ERROR(Load(next_, &entry));
        if (entry.hash != hash_) return Status::Ok();
        RowHead head;
        Slice key;
        RUNJOB_RETURN_IF_ERROR(reader_.Read(entry.offset, &head, &key, &row_));
        number_ = head.number;
        *found = key == Slice(key_);
      }
      return Status::Ok();
    }
    Status Put(size_t pair, bool* is_last) {
      if (pair == 0) Clear();
      numbers_[pair] = number_;
      row_bytes_ += row_.size;
      *is_last = row_bytes_ > kPairBytes;
      return rows_->Add(row_);
    }
    Status PutNull(size_t pair) {
      if (pair == 0) Clear();
      return rows_->Add(null_row_);
    }

    void TakeColumns(size_t, std::vector<Vector>* columns) override {
      const std::vector<Vector>& rows = rows_->batch().columns;
      columns->insert(columns->end(), rows.begin(), rows.end());
    }

    void Mark(size_t pair) override {
      if (marked_.empty()) marked_.resize(table_->number_);
      marked_[numbers_[pair]] = true;
    }
    Status AddUnmarked(JoinPairs* pairs) override {
      RowReader reader(&table_->row_file_, kScanBytes);
      for (uint64_t at = 0; at < table_->row_file_.size() && !pairs->stopped();) {
        RowHead head;
        Slice key;
        RUNJOB_RETURN_IF_ERROR(reader.Read(at, &head, &key, &row_));
        at += sizeof(head) + head.size();
        number_ = head.number;
        if (!marked_.empty() && marked_[number_]) continue;
        bool is_last = false;
        RUNJOB_RETURN_IF_ERROR(Put(pairs->count(), &is_last));
        RUNJOB_RETURN_IF_ERROR(pairs->AddGiven(0, is_last));
      }
      return Status::Ok();
    }
    size_t bytes() const override {
      return sizeof(*this) + reader_.bytes() + rows_->bytes() + key_.capacity() + marked_.size() / 8;
    }

   private:
    void Clear() {
      rows_->Clear();
      row_bytes_ = 0;
    }

    // The first entry whose hash is not less.
    Status Locate() {
      const size_t bucket = table_->BucketOf(hash_);
      uint64_t low = bucket == 0 ? 0 : table_->bucket_ends_[bucket - 1];
      uint64_t high = table_->bucket_ends_[bucket];
      Entry entry;
      // One key may have any number of rows.
      while (high - low > kReadEntries) {
        const uint64_t middle = low + (high - low) / 2;
        RUNJOB_RETURN_IF_ERROR(
            table_->entry_file_.Read(middle * sizeof(Entry), sizeof(Entry), reinterpret_cast<char*>(&entry)));
        if (entry.hash < hash_) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      for (next_ = low; next_ < high; next_++) {
        RUNJOB_RETURN_IF_ERROR(Load(next_, &entry));
        if (entry.hash >= hash_) break;
      }
      return Status::Ok();
    }

    Status Load(uint64_t n, Entry* entry) {
      if (n < held_begin_ || n >= held_end_) {
        held_begin_ = held_end_ = 0;
        const uint64_t end = std::min(n + kReadEntries, table_->count_);
        RUNJOB_RETURN_IF_ERROR(
            table_->entry_file_.Read(n * sizeof(Entry), (end - n) * sizeof(Entry), reinterpret_cast<char*>(held_)));
        held_begin_ = n;
        held_end_ = end;
      }
      *entry = held_[n - held_begin_];
      return Status::Ok();
    }

    const JoinFile* const table_;
    RowReader reader_;
    const Batch* batch_ = nullptr;
    const std::vector<uint32_t>* on_ = nullptr;
    std::string key_;  // whose rows are asked for
    uint64_t hash_ = 0;
    uint64_t next_ = 0;  // entry
    Entry held_[kReadEntries];
    uint64_t held_begin_ = 0;
    uint64_t held_end_ = 0;
    Slice row_;  // that was found
    uint64_t number_ = 0;
    // Of the pairs that are waiting.
    const std::unique_ptr<RowDecoder> rows_;
    const std::string null_row_;
    size_t row_bytes_ = 0;
    uint64_t numbers_[kVectorRows];
    std::vector<bool> marked_;
  };

  Status Put(const Batch& rows, const bool* has_key) override {
    std::vector<const Vector*> columns;
    for (const Vector& column : rows.columns) columns.push_back(&column);
    std::string bytes;
    for (size_t i = 0; i < rows.count; i++) {
      bytes.clear();
      if (has_key[i]) {
        for (const uint32_t column : by()) AppendKey(rows.columns[column], rows.row(i), KeyOrder(), &bytes);
      }
      const size_t key_size = bytes.size();
      if (key_size >= kNoKey) return Status::Error("RECORD_TOO_LARGE", "a key of a join has 4 GiB");
      if (has_key[i]) RUNJOB_RETURN_IF_ERROR(AddEntry(Entry{SpreadHash(bytes), row_file_.size()}));
      if (keep() != Keep::kKeys) AppendRow(columns, rows.row(i), &bytes);
      const RowHead head{has_key[i] ? static_cast<uint32_t>(key_size) : kNoKey,
                         static_cast<uint32_t>(bytes.size() - key_size), number_++};
      RUNJOB_RETURN_IF_ERROR(row_file_.Append(Slice(reinterpret_cast<const char*>(&head), sizeof(head))));
      RUNJOB_RETURN_IF_ERROR(row_file_.Append(bytes));
    }
    return Status::Ok();
  }

  Status AddEntry(Entry entry) {
    count_++;
    buffer_.push_back(entry);
    return buffer_.size() < sort_entries_ ? Status::Ok() : EndRun();
  }

  Status EndRun() {
    std::sort(buffer_.begin(), buffer_.end());
    RUNJOB_RETURN_IF_ERROR(unsorted_.Append(BytesOf(buffer_.data(), buffer_.size())));
    run_ends_.push_back(unsorted_.size() / sizeof(Entry));
    buffer_.clear();
    return Status::Ok();
  }

  Status Complete(size_t max_steps, size_t* steps) override {
    if (completed_) return Status::Ok();
    if (!merging_) RUNJOB_RETURN_IF_ERROR(BeginMerge());
    for (; *steps < max_steps && !first_.empty(); ++*steps) {
      const auto [entry, run] = first_.top();
      first_.pop();
      RUNJOB_RETURN_IF_ERROR(PutEntry(entry));
      RUNJOB_RETURN_IF_ERROR(Pull(run));
    }
    if (!first_.empty()) return Status::Ok();
    *steps = 0;
    completed_ = true;
    for (; filled_bucket_ + 1 < bucket_ends_.size(); filled_bucket_++) {
      bucket_ends_[filled_bucket_ + 1] = bucket_ends_[filled_bucket_];
    }
    readers_.clear();
    unsorted_.Clear();
    RUNJOB_RETURN_IF_ERROR(row_file_.Flush());
    return entry_file_.Flush();
  }

  Status BeginMerge() {
    merging_ = true;
    const uint64_t buckets = std::bit_ceil(count_ / kBucketEntries + 1);
    bucket_bits_ = std::countr_zero(buckets);
    bucket_ends_.resize(buckets);
    if (run_ends_.empty()) {
      std::sort(buffer_.begin(), buffer_.end());
      for (const Entry& entry : buffer_) RUNJOB_RETURN_IF_ERROR(PutEntry(entry));
    } else {
      if (!buffer_.empty()) RUNJOB_RETURN_IF_ERROR(EndRun());
      RUNJOB_RETURN_IF_ERROR(unsorted_.Flush());
      const size_t run_bytes = std::max(kLeastRunBytes, sort_entries_ * sizeof(Entry) / run_ends_.size());
      uint64_t begin = 0;
      for (const uint64_t end : run_ends_) {
        readers_.emplace_back(&unsorted_, begin, end, run_bytes);
        RUNJOB_RETURN_IF_ERROR(Pull(readers_.size() - 1));
        begin = end;
      }
    }
    std::vector<Entry>().swap(buffer_);
    return Status::Ok();
  }

  Status Pull(size_t run) {
    Entry entry;
    bool found = false;
    RUNJOB_RETURN_IF_ERROR(readers_[run].Next(&entry, &found));
    if (found) first_.push(First{entry, run});
    return Status::Ok();
  }

  Status PutEntry(const Entry& entry) {
    // Buckets that are still empty end here, too.
    const size_t bucket = BucketOf(entry.hash);
    for (; filled_bucket_ < bucket; filled_bucket_++) bucket_ends_[filled_bucket_ + 1] = bucket_ends_[filled_bucket_];
    bucket_ends_[bucket]++;
    return entry_file_.Append(BytesOf(&entry, 1));
  }

  size_t BucketOf(uint64_t hash) const {
    return bucket_bits_ == 0 ? 0 : static_cast<size_t>(hash >> (64 - bucket_bits_));
  }

  // The next entry of a run.
  struct First {
    Entry entry;
    size_t run;

    bool operator<(const First& other) const { return other.entry < entry; }  // the smallest is on top
  };

  const size_t sort_entries_;  // in memory
  RowFile row_file_;
  uint64_t number_ = 0;  // of rows
  uint64_t count_ = 0;   // of entries

  std::vector<Entry> buffer_;
  RowFile unsorted_;                // sorted stretches
  std::vector<uint64_t> run_ends_;  // their ends
  std::vector<EntryReader> readers_;
  std::priority_queue<First> first_;
  bool merging_ = false;
  bool completed_ = false;

  RowFile entry_file_;
  int bucket_bits_ = 0;
  std::vector<uint64_t> bucket_ends_;
  size_t filled_bucket_ = 0;
};

}  // namespace

std::unique_ptr<JoinTable> NewJoinFile(Schema schema, std::vector<uint32_t> by, JoinTable::Keep keep, KeySets sets,
                                       const JoinTable::Place& place) {
  return std::make_unique<JoinFile>(std::move(schema), std::move(by), keep, std::move(sets), place);
}

}  // namespace runjob
