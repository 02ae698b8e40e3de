// Reads runs: one verified, shared map per file, and cursors over the partitions in it.
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <numeric>
#include <span>
#include <utility>

#include "base/file.h"
#include "base/hash.h"
#include "run/held_runs.h"
#include "run/run_block.h"
#include "run/run_file.h"
#include "run/run_format.h"

namespace runjob {
namespace {

// An open run. One per file and process, whatever the thread: LMDB forbids a second, and a map of it is
// wanted once.
class SharedRun {
 public:
  struct Release {
    void operator()(SharedRun* run) const;
  };
  using Handle = std::unique_ptr<SharedRun, Release>;

  static Status Acquire(const std::string& path, Handle* out);

  ~SharedRun() {
    if (env_ != nullptr) mdb_env_close(env_);
  }

  const std::string& path() const { return path_; }
  const RunInfo& info() const { return info_; }
  MDB_env* env() const { return env_; }
  MDB_dbi dbi() const { return dbi_; }
  size_t page_bytes() const { return page_bytes_; }
  uint64_t file_pages() const { return file_pages_; }

 private:
  using FileId = std::pair<dev_t, ino_t>;
  struct Registry {
    std::mutex mutex;
    std::map<FileId, SharedRun*> open;
  };
  // Never destroyed: worker threads may outlive the statics.
  static Registry& GlobalRegistry() {
    static Registry& registry = *new Registry;
    return registry;
  }

  SharedRun(std::string path, FileId id) : path_(std::move(path)), id_(id) {}
  Status Open(int fd, uint64_t file_bytes);
  Status CheckSeal(int fd, uint64_t file_bytes, Seal* seal) const;
  Status ReadMeta();
  Status ParseMeta(Slice value);

  const std::string path_;
  const FileId id_;
  int references_ = 0;  // under the registry's mutex
  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
  size_t page_bytes_ = 0;
  uint64_t file_pages_ = 0;
  RunInfo info_;
};

Status SharedRun::Acquire(const std::string& path, Handle* out) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) {
    return errno == ENOENT ? Status::Error("RUN_MISSING", path) : RunIoError(path, "open", errno);
  }
  struct stat stat;
  if (fstat(file.fd, &stat) != 0) return RunIoError(path, "open", errno);
  if (!S_ISREG(stat.st_mode)) return RunCorrupt(path, "not a file");
  const FileId id(stat.st_dev, stat.st_ino);

  Registry& registry = GlobalRegistry();
  const std::lock_guard<std::mutex> lock(registry.mutex);
  auto found = registry.open.find(id);
  if (found == registry.open.end()) {
    std::unique_ptr<SharedRun> run(new SharedRun(path, id));
    RUNJOB_RETURN_IF_ERROR(run->Open(file.fd, static_cast<uint64_t>(stat.st_size)));
    found = registry.open.emplace(id, run.get()).first;
    run.release();
  }
  found->second->references_++;
  out->reset(found->second);
  return Status::Ok();
}

void SharedRun::Release::operator()(SharedRun* run) const {
  Registry& registry = GlobalRegistry();
  const std::lock_guard<std::mutex> lock(registry.mutex);
  if (--run->references_ > 0) return;
  registry.open.erase(run->id_);
  delete run;
}

Status SharedRun::Open(int fd, uint64_t file_bytes) {
  Seal seal;
  RUNJOB_RETURN_IF_ERROR(CheckSeal(fd, file_bytes, &seal));
  int rc = mdb_env_create(&env_);
  if (rc != 0) return RunIoError(path_, "open", rc);
  // The file's own size, not the writer's generous guess: a wide merge has many of these maps.
  rc = mdb_env_set_mapsize(env_, seal.file_pages * seal.page_bytes);
  if (rc != 0) return RunIoError(path_, "open", rc);
  rc = mdb_env_open(env_, path_.c_str(), MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0);
  if (rc != 0) return RunIoError(path_, "open", rc);
  int env_fd;
  struct stat stat;
  if (mdb_env_get_fd(env_, &env_fd) != 0 || fstat(env_fd, &stat) != 0 || FileId(stat.st_dev, stat.st_ino) != id_) {
    return Status::Error("RUN_IO", path_ + ": replaced while it was being opened");
  }
  page_bytes_ = seal.page_bytes;
  file_pages_ = seal.file_pages;
  return ReadMeta();
}

Status SharedRun::CheckSeal(int fd, uint64_t file_bytes, Seal* seal) const {
  const auto unreadable = [&] { return errno == 0 ? RunCorrupt(path_, "cut off") : RunIoError(path_, "open", errno); };
  if (file_bytes < sizeof(Seal)) return RunCorrupt(path_, "not finished, or cut off");
  const uint64_t seal_start = file_bytes - sizeof(Seal);
  if (!ReadAt(fd, seal, sizeof(Seal), seal_start)) return unreadable();
  if (seal->magic != kSealMagic) return RunCorrupt(path_, "not finished, or cut off");
  if (seal->version != kRunFormatVersion) {
    return Status::Error("RUN_VERSION", path_ + ": format version " + std::to_string(seal->version) + ", not " +
                                            std::to_string(kRunFormatVersion));
  }
  const uint64_t page_bytes = seal->page_bytes;
  if (page_bytes < 512 || page_bytes > 65536 || seal->file_pages > seal_start / page_bytes ||
      seal->list_size != (seal_start - seal->file_pages * page_bytes) / 8 ||
      seal->file_pages * page_bytes + seal->list_size * 8 != seal_start) {
    return RunCorrupt(path_, "sizes do not match");
  }
  std::vector<uint64_t> tree_pages(seal->list_size);
  if (!ReadAt(fd, tree_pages.data(), tree_pages.size() * 8, seal->file_pages * page_bytes)) {
    return unreadable();
  }
  for (const uint64_t number : tree_pages) {
    if (number >= seal->file_pages) return RunCorrupt(path_, "checksum of the tree does not match");
  }
  uint64_t checksum;
  if (!SealChecksum(fd, *seal, tree_pages, &checksum)) return unreadable();
  return checksum == seal->checksum ? Status::Ok() : RunCorrupt(path_, "checksum of the tree does not match");
}

Status SharedRun::ReadMeta() {
  MDB_txn* txn;
  int rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (rc != 0) return RunIoError(path_, "open", rc);
  rc = mdb_dbi_open(txn, nullptr, 0, &dbi_);
  BlockKey key(kMetaPartition, 0);
  MDB_val k{sizeof(key.bytes), key.bytes};
  MDB_val v{0, nullptr};
  if (rc == 0) rc = mdb_get(txn, dbi_, &k, &v);
  Status status = rc == 0 ? ParseMeta(Slice(static_cast<char*>(v.mv_data), v.mv_size))
                          : RunCorrupt(path_, std::string("no meta entry: ") + mdb_strerror(rc));
  mdb_txn_abort(txn);
  return status;
}

Status SharedRun::ParseMeta(Slice value) {
  MetaHeader header;
  if (value.size < sizeof(header)) return RunCorrupt(path_, "meta entry too short");
  std::memcpy(&header, value.data, sizeof(header));
  if (header.checksum != Xxh64(Slice(value.data + 8, value.size - 8), 0)) {
    return RunCorrupt(path_, "checksum of the meta entry does not match");
  }
  const auto too_short = [this] { return RunCorrupt(path_, "meta entry too short"); };
  Slice rest(value.data + sizeof(header), value.size - sizeof(header));
  const auto take = [&rest](void* to, size_t bytes) {
    if (bytes > rest.size) return false;
    if (bytes > 0) std::memcpy(to, rest.data, bytes);
    rest = Slice(rest.data + bytes, rest.size - bytes);
    return true;
  };
  if (header.partitions > rest.size / sizeof(PartitionCount)) return too_short();
  info_.partitions.resize(header.partitions);
  uint64_t blocks = 0;
  if (!take(info_.partitions.data(), header.partitions * sizeof(PartitionCount)) || !take(&blocks, sizeof(blocks)) ||
      blocks > rest.size / sizeof(uint32_t)) {
    return too_short();
  }
  info_.blocks.resize(blocks);
  if (!take(info_.blocks.data(), blocks * sizeof(uint32_t))) return too_short();
  info_.meta = rest.ToString();
  return Status::Ok();
}

// Records of each block of a partition.
std::span<const uint32_t> BlocksOf(const RunInfo& info, uint32_t partition) {
  const std::span<const uint32_t> all(info.blocks);
  size_t begin = 0;
  size_t end = 0;
  for (uint32_t i = 0; i <= partition; i++) {
    begin = end;
    for (uint64_t records = 0; records < info.partitions[i].records && end < all.size(); end++) records += all[end];
  }
  return all.subspan(begin, end - begin);
}

// The records of one partition.
class PartitionReader : public SeekableSource {
 public:
  PartitionReader(SharedRun::Handle run, uint32_t partition)
      : run_(std::move(run)), partition_(partition), blocks_(BlocksOf(run_->info(), partition)) {}

  ~PartitionReader() override {
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
    if (txn_ != nullptr) mdb_txn_abort(txn_);
    DropBlock();
  }

  Status Start() {
    int rc = mdb_txn_begin(run_->env(), nullptr, MDB_RDONLY, &txn_);
    if (rc == 0) rc = mdb_cursor_open(txn_, run_->dbi(), &cursor_);
    return rc == 0 ? Status::Ok() : RunIoError(run_->path(), "read", rc);
  }

  Status Read(const SortedRecord** begin, const SortedRecord** end) override {
    for (;;) {
      if (!block_.Read(begin, end)) return CorruptBlock(next_block_ - 1, "a record does not fit");
      if (*begin != *end || next_block_ == blocks_.size()) return Status::Ok();
      RUNJOB_RETURN_IF_ERROR(OpenBlock(next_block_, is_next_ ? MDB_NEXT : MDB_SET_RANGE));
      is_next_ = true;
      next_block_++;
    }
  }

 protected:
  std::span<const uint32_t> block_records() const override { return blocks_; }

  void GoTo(size_t block) override {
    DropBlock();
    block_ = BlockDecoder();
    next_block_ = static_cast<uint32_t>(block);
    is_next_ = false;
  }

 private:
  Status CorruptBlock(uint32_t block, const std::string& what) const {
    return RunCorrupt(run_->path(),
                      "partition " + std::to_string(partition_) + ", block " + std::to_string(block) + ": " + what);
  }

  Status OpenBlock(uint32_t block, MDB_cursor_op move) {
    DropBlock();
    BlockKey wanted(partition_, block);
    MDB_val k{sizeof(wanted.bytes), wanted.bytes};
    MDB_val v{0, nullptr};
    const int rc = mdb_cursor_get(cursor_, &k, &v, move);
    if (rc != 0) return CorruptBlock(block, mdb_strerror(rc));  // the meta entry, at least, always follows
    if (k.mv_size != sizeof(wanted.bytes) || std::memcmp(k.mv_data, wanted.bytes, k.mv_size) != 0) {
      return CorruptBlock(block, "missing");
    }
    BlockHeader header;
    const char* data = static_cast<const char*>(v.mv_data);
    if (v.mv_size < sizeof(header)) return CorruptBlock(block, "too short");
    std::memcpy(&header, data, sizeof(header));
    const Slice payload(data + sizeof(header), v.mv_size - sizeof(header));
    if (v.mv_size >= kAdvisedBytes) AdviseBlock(data - sizeof(PageHeader), v.mv_size + sizeof(PageHeader));
    if (header.payload_bytes != payload.size || header.checksum != Xxh64(payload, 0)) {
      return CorruptBlock(block, "checksum does not match");
    }
    return block_.Begin(payload) ? Status::Ok() : CorruptBlock(block, "too short");
  }

  // Has the disk read this block and, while it is being used, the next: page faults would fetch it in small
  // pieces, which makes a wide merge of runs that are not in memory twenty times slower.
  void AdviseBlock(const char* start, size_t size) {
    block_start_ = start;
    block_size_ = size;
    PageHeader page;
    std::memcpy(&page, start, sizeof(page));
    const uint64_t pages_left = run_->file_pages() - std::min(page.number, run_->file_pages());
    madvise(const_cast<char*>(start), std::min<uint64_t>(size + kBlockBytes, pages_left * run_->page_bytes()),
            MADV_WILLNEED);
  }

  // Removes a block that was read from this process's resident memory, where it would count; it stays in the page
  // cache.
  void DropBlock() {
    if (block_size_ > 0) madvise(const_cast<char*>(block_start_), block_size_, MADV_DONTNEED);
    block_size_ = 0;
  }

  static constexpr size_t kAdvisedBytes = 64 << 10;  // smaller blocks are not worth the system calls

  SharedRun::Handle run_;
  const uint32_t partition_;
  MDB_txn* txn_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
  const std::span<const uint32_t> blocks_;
  uint32_t next_block_ = 0;
  bool is_next_ = false;  // the cursor is at the block before it
  BlockDecoder block_;
  const char* block_start_ = nullptr;
  size_t block_size_ = 0;
};

const SortedRecord* FirstAtOrAfter(const SortedRecord* begin, const SortedRecord* end, Slice key) {
  return std::partition_point(begin, end, [key](const SortedRecord& record) { return Compare(record.key, key) < 0; });
}

// Those of a partition's records that are in a range.
class RangeReader : public RecordSource {
 public:
  RangeReader(std::unique_ptr<SeekableSource> partition, KeyRange range)
      : partition_(std::move(partition)), range_(std::move(range)) {}

  Status Read(const SortedRecord** begin, const SortedRecord** end) override {
    *begin = *end = nullptr;
    while (!is_over_) {
      RUNJOB_RETURN_IF_ERROR(partition_->Read(begin, end));
      if (*begin == *end) break;
      if (is_before_) {
        *begin = FirstAtOrAfter(*begin, *end, Slice(range_.from));
        if (*begin == *end) continue;
        is_before_ = false;
      }
      if (range_.to && Compare((*end - 1)->key, Slice(*range_.to)) >= 0) {
        is_over_ = true;
        *end = FirstAtOrAfter(*begin, *end, Slice(*range_.to));
      }
      break;
    }
    return Status::Ok();
  }

 private:
  const std::unique_ptr<SeekableSource> partition_;
  const KeyRange range_;
  bool is_before_ = true;
  bool is_over_ = false;
};

// Those of a partition's records from a number on.
class ShareReader : public RecordSource {
 public:
  // @param skipped before the first of them
  ShareReader(std::unique_ptr<SeekableSource> partition, uint64_t skipped, uint64_t records)
      : partition_(std::move(partition)), skipped_(skipped), left_(records) {}

  Status Read(const SortedRecord** begin, const SortedRecord** end) override {
    *begin = *end = nullptr;
    while (left_ > 0) {
      RUNJOB_RETURN_IF_ERROR(partition_->Read(begin, end));
      if (*begin == *end) return Status::Error("INTERNAL", "a run has fewer records than it says");
      const uint64_t before = std::min(skipped_, static_cast<uint64_t>(*end - *begin));
      skipped_ -= before;
      *begin += before;
      if (*begin == *end) continue;
      *end = *begin + std::min(left_, static_cast<uint64_t>(*end - *begin));
      left_ -= static_cast<uint64_t>(*end - *begin);
      break;
    }
    return Status::Ok();
  }

 private:
  const std::unique_ptr<SeekableSource> partition_;
  uint64_t skipped_;
  uint64_t left_;
};

Status OpenPartition(const std::string& path, uint32_t partition, std::unique_ptr<SeekableSource>* out) {
  std::shared_ptr<const HeldRun> held = HeldRuns::Find(path);
  SharedRun::Handle run;
  if (held == nullptr) RUNJOB_RETURN_IF_ERROR(SharedRun::Acquire(path, &run));
  const size_t partitions = (held == nullptr ? run->info() : held->info()).partitions.size();
  if (partition >= partitions) {
    return RunCorrupt(path,
                      "partition " + std::to_string(partition) + " of " + std::to_string(partitions) + " is wanted");
  }
  if (held != nullptr) {
    *out = NewHeldReader(std::move(held), partition);
    return Status::Ok();
  }
  auto reader = std::make_unique<PartitionReader>(std::move(run), partition);
  RUNJOB_RETURN_IF_ERROR(reader->Start());
  *out = std::move(reader);
  return Status::Ok();
}

}  // namespace

Status SeekableSource::FindBlock(Slice key, size_t* block) {
  *block = 0;
  for (size_t end = block_records().size(); end > *block + 1;) {
    const size_t middle = *block + (end - *block) / 2;
    GoTo(middle);
    const SortedRecord* first = nullptr;
    const SortedRecord* last = nullptr;
    RUNJOB_RETURN_IF_ERROR(Read(&first, &last));
    (first != last && Compare(first->key, key) < 0 ? *block : end) = middle;
  }
  return Status::Ok();
}

Status SeekableSource::Seek(Slice key) {
  size_t block = 0;
  RUNJOB_RETURN_IF_ERROR(FindBlock(key, &block));
  GoTo(block);
  return Status::Ok();
}

Status SeekableSource::SeekRecord(uint64_t number, uint64_t* before) {
  const std::span<const uint32_t> records = block_records();
  size_t block = 0;
  for (; block < records.size() && number >= records[block]; block++) number -= records[block];
  *before = number;
  GoTo(block);
  return Status::Ok();
}

Status SeekableSource::CountBefore(Slice key, uint64_t* records) {
  size_t block = 0;
  RUNJOB_RETURN_IF_ERROR(FindBlock(key, &block));
  GoTo(block);
  const std::span<const uint32_t> before = block_records().first(block);
  *records = std::accumulate(before.begin(), before.end(), uint64_t{0});
  for (;;) {
    const SortedRecord* begin = nullptr;
    const SortedRecord* end = nullptr;
    RUNJOB_RETURN_IF_ERROR(Read(&begin, &end));
    const SortedRecord* const first = FirstAtOrAfter(begin, end, key);
    *records += static_cast<uint64_t>(first - begin);
    if (first != end || begin == end) return Status::Ok();
  }
}

Status ReadRunInfo(const std::string& path, RunInfo* out) {
  if (const std::shared_ptr<const HeldRun> held = HeldRuns::Find(path)) {
    *out = held->info();
    return Status::Ok();
  }
  SharedRun::Handle run;
  RUNJOB_RETURN_IF_ERROR(SharedRun::Acquire(path, &run));
  *out = run->info();
  return Status::Ok();
}

Status OpenRun(const std::string& path, uint32_t partition, std::unique_ptr<RecordSource>* out) {
  std::unique_ptr<SeekableSource> reader;
  RUNJOB_RETURN_IF_ERROR(OpenPartition(path, partition, &reader));
  *out = std::move(reader);
  return Status::Ok();
}

Status OpenRun(const std::string& path, uint32_t partition, const KeyRange& range, std::unique_ptr<RecordSource>* out) {
  std::unique_ptr<SeekableSource> reader;
  RUNJOB_RETURN_IF_ERROR(OpenPartition(path, partition, &reader));
  RUNJOB_RETURN_IF_ERROR(reader->Seek(Slice(range.from)));
  *out = std::make_unique<RangeReader>(std::move(reader), range);
  return Status::Ok();
}

Status OpenShare(const std::vector<std::string>& paths, uint32_t partition, const KeyRange& range, Share share,
                 std::vector<std::unique_ptr<RecordSource>>* out) {
  struct Place {
    uint64_t begin = 0;  // in the partition
    uint64_t end = 0;
  };
  std::vector<Place> places(paths.size());
  std::vector<std::unique_ptr<SeekableSource>> readers(paths.size());
  uint64_t all = 0;
  for (size_t i = 0; i < paths.size(); i++) {
    RUNJOB_RETURN_IF_ERROR(OpenPartition(paths[i], partition, &readers[i]));
    RUNJOB_RETURN_IF_ERROR(readers[i]->CountBefore(Slice(range.from), &places[i].begin));
    RUNJOB_RETURN_IF_ERROR(readers[i]->CountBefore(Slice(*range.to), &places[i].end));
    all += places[i].end - places[i].begin;
  }
  const auto bound = [&](uint64_t index) {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(all) * index / share.of);
  };
  const uint64_t from = bound(share.index);
  const uint64_t to = bound(share.index + uint64_t{1});
  uint64_t before = 0;  // in the runs before
  for (size_t i = 0; i < paths.size(); i++) {
    const uint64_t records = places[i].end - places[i].begin;
    const uint64_t begin = std::clamp(from, before, before + records) - before;
    const uint64_t end = std::clamp(to, before, before + records) - before;
    before += records;
    if (begin == end) continue;
    uint64_t skipped = 0;
    RUNJOB_RETURN_IF_ERROR(readers[i]->SeekRecord(places[i].begin + begin, &skipped));
    out->push_back(std::make_unique<ShareReader>(std::move(readers[i]), skipped, end - begin));
  }
  return Status::Ok();
}

}  // namespace runjob
