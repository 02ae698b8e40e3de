#include "run_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "hash.h"
#include "lmdb.h"
#include "packed_record.h"

namespace runjob {
namespace {

// Layout on disk: README.md. Little endian, except for LMDB's keys.

constexpr uint32_t kMetaPartition = UINT32_MAX;  // sorts behind every block

struct BlockHeader {
  uint32_t records;
  uint32_t payload_bytes;
  uint64_t checksum;  // Xxh64 of the payload
};
static_assert(sizeof(BlockHeader) == 16);

struct MetaHeader {
  uint64_t checksum;  // Xxh64 of what follows
  uint32_t version;
  uint32_t partitions;
};
static_assert(sizeof(MetaHeader) == 16 && sizeof(PartitionCount) == 16);

// LMDB trusts the pages of its tree: one flipped bit there and it reads wherever that points to. So the file ends with
// a list of these pages and their checksum, verified before LMDB opens the file. Written last, it is the commit, too.
struct Seal {
  uint64_t checksum;   // Xxh64 over: tree pages in list order, the list, the rest of this struct
  uint64_t file_pages;  // the database's, with the two meta pages and all blocks
  uint64_t list_size;
  uint32_t page_bytes;
  uint32_t version;
  uint64_t magic;
};
static_assert(sizeof(Seal) == 40);
constexpr uint64_t kSealMagic = 0x314e55524a4e5552;  // "RUNJRUN1"

// The start of an LMDB page, data format 1 (MDB_page in mdb.c).
struct PageHeader {
  uint64_t number;
  uint16_t pad;
  uint16_t flags;
  uint32_t pages;  // of an overflow page: how many it runs over
};
static_assert(sizeof(PageHeader) == 16);
constexpr uint16_t kOverflowPage = 0x04;

// With its own and LMDB's header, a full block fills 1 MiB of pages exactly.
constexpr size_t kPayloadBytes = kBlockBytes - sizeof(BlockHeader) - sizeof(PageHeader);
// One write(2) moves at most 2 GiB less a page, and LMDB writes a block by one.
constexpr size_t kMaxRecordBytes = (size_t{1} << 31) - (size_t{64} << 10);
// LMDB holds what a transaction has written in memory until it commits.
constexpr size_t kTransactionBytes = size_t{4} << 20;

struct BlockKey {
  unsigned char bytes[8];

  BlockKey(uint32_t partition, uint32_t block) {
    const uint32_t words[2] = {__builtin_bswap32(partition), __builtin_bswap32(block)};
    std::memcpy(bytes, words, 8);
  }
};

Status IoError(const std::string& path, const char* what, int error) {
  bool full = error == ENOSPC || error == EDQUOT;
  // LMDB reports a short write as EIO; mostly it is a full disk.
  struct statvfs fs;
  if (error == EIO && statvfs(path.c_str(), &fs) == 0) full = fs.f_bavail * fs.f_frsize < kBlockBytes;
  return Status::Error(full ? "DISK_FULL" : "RUN_IO", path + ": " + what + ": " + mdb_strerror(error));
}

Status Corrupt(const std::string& path, const std::string& what) {
  return Status::Error("RUN_CORRUPT", path + ": " + what);
}

// Reads or writes all of it. False: errno says why (0: the file ends before).
bool ReadAt(int fd, void* data, size_t n, uint64_t offset) {
  char* p = static_cast<char*>(data);
  while (n > 0) {
    const ssize_t got = pread(fd, p, n, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (got == 0) errno = 0;
      return false;
    }
    p += got;
    n -= static_cast<size_t>(got);
    offset += static_cast<uint64_t>(got);
  }
  return true;
}

bool WriteAt(int fd, const void* data, size_t n, uint64_t offset) {
  const char* p = static_cast<const char*>(data);
  while (n > 0) {
    const ssize_t put = pwrite(fd, p, n, static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    p += put;
    n -= static_cast<size_t>(put);
    offset += static_cast<uint64_t>(put);
  }
  return true;
}

struct File {
  int fd = -1;

  ~File() {
    if (fd >= 0) close(fd);
  }
};

// The checksum a seal should have. False as ReadAt.
bool SealChecksum(int fd, const Seal& seal, const std::vector<uint64_t>& tree_pages, uint64_t* checksum) {
  std::vector<char> page(seal.page_bytes);
  uint64_t hash = 0;
  for (const uint64_t number : tree_pages) {
    if (!ReadAt(fd, page.data(), page.size(), number * seal.page_bytes)) return false;
    hash = Xxh64(Slice(page.data(), page.size()), hash);
  }
  hash = Xxh64(Slice(reinterpret_cast<const char*>(tree_pages.data()), tree_pages.size() * sizeof(uint64_t)), hash);
  const char* rest = reinterpret_cast<const char*>(&seal) + sizeof(seal.checksum);
  *checksum = Xxh64(Slice(rest, sizeof(seal) - sizeof(seal.checksum)), hash);
  return true;
}

class LmdbRunWriter : public RunWriter {
 public:
  LmdbRunWriter(std::string path, uint32_t partitions) : path_(std::move(path)), counts_(partitions), buffer_(kPayloadBytes) {}

  ~LmdbRunWriter() override {
    Close();
    if (created_ && !finished_) unlink(path_.c_str());
  }

  Status Create(uint64_t estimated_bytes) {
    // What an attempt that died may have left behind.
    if (unlink(path_.c_str()) != 0 && errno != ENOENT) return IoError(path_, "remove", errno);
    int rc = mdb_env_create(&env_);
    if (rc != 0) return IoError(path_, "create", rc);
    map_bytes_ = RoundToPages(estimated_bytes + estimated_bytes / 8 + (size_t{64} << 20));
    rc = mdb_env_set_mapsize(env_, map_bytes_);
    if (rc != 0) return IoError(path_, "create", rc);
    created_ = true;
    // The engine decides about syncing, for all runs at once; no one else has the file, so no lock.
    rc = mdb_env_open(env_, path_.c_str(), MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC | MDB_NOMEMINIT, 0644);
    if (rc != 0) return IoError(path_, "create", rc);
    MDB_stat stat;
    rc = mdb_env_stat(env_, &stat);
    if (rc != 0) return IoError(path_, "create", rc);
    page_bytes_ = stat.ms_psize;
    return Status::Ok();
  }

  Status Add(uint32_t partition, Slice key, Slice value) override {
    if (partition != partition_) RUNJOB_RETURN_IF_ERROR(StartPartition(partition));
    const size_t bytes = key.size + value.size;
    if (bytes + 2 * kMaxVarintBytes > kPayloadBytes - used_) {
      const size_t packed = PackedSize(key.size, value.size);
      if (packed > kPayloadBytes - used_) RUNJOB_RETURN_IF_ERROR(FlushBlock());
      if (packed > kPayloadBytes) return AddLarge(key, value);
    }
    used_ = static_cast<size_t>(Pack(buffer_.data() + used_, key, value) - buffer_.data());
    block_records_++;
    records_++;
    bytes_ += bytes;
    return Status::Ok();
  }

  Status Finish(Slice meta) override {
    RUNJOB_RETURN_IF_ERROR(EndPartition());
    RUNJOB_RETURN_IF_ERROR(PutMeta(meta));
    RUNJOB_RETURN_IF_ERROR(Commit());
    MDB_envinfo info;
    const int rc = mdb_env_info(env_, &info);
    if (rc != 0) return IoError(path_, "finish", rc);
    Close();
    RUNJOB_RETURN_IF_ERROR(WriteSeal(info.me_last_pgno + 1));
    finished_ = true;
    return Status::Ok();
  }

  const std::vector<PartitionCount>& partitions() const override { return counts_; }
  uint64_t file_bytes() const override { return file_bytes_; }

 private:
  void Close() {
    if (txn_ != nullptr) mdb_txn_abort(txn_);
    if (env_ != nullptr) mdb_env_close(env_);
    txn_ = nullptr;
    env_ = nullptr;
  }

  static uint64_t RoundToPages(uint64_t n) { return (n + 0xffff) & ~uint64_t{0xffff}; }

  static char* Pack(char* p, Slice key, Slice value) {
    p = PutVarint(p, key.size);
    p = PutVarint(p, value.size);
    // A collector's records lie in memory as they are packed.
    if (key.data + key.size == value.data) return CopyBytes(p, key.data, key.size + value.size);
    p = CopyBytes(p, key.data, key.size);
    return CopyBytes(p, value.data, value.size);
  }

  Status StartPartition(uint32_t partition) {
    if (partition >= counts_.size() || partition < partition_) {
      return Status::Error("BAD_ARGUMENT", path_ + ": partition " + std::to_string(partition) + " of " +
                                               std::to_string(counts_.size()) + " after " + std::to_string(partition_));
    }
    RUNJOB_RETURN_IF_ERROR(EndPartition());
    partition_ = partition;
    return Status::Ok();
  }

  Status EndPartition() {
    if (used_ > 0) RUNJOB_RETURN_IF_ERROR(FlushBlock());
    counts_[partition_] = PartitionCount{records_, bytes_};
    records_ = bytes_ = 0;
    block_ = 0;
    return Status::Ok();
  }

  Status FlushBlock() {
    if (used_ == 0) return Status::Ok();
    char* place = nullptr;
    RUNJOB_RETURN_IF_ERROR(Reserve(sizeof(BlockHeader) + used_, &place));
    std::memcpy(place + sizeof(BlockHeader), buffer_.data(), used_);
    // Hashed where it was gathered: that is still in the cache.
    PutHeader(place, block_records_, Slice(buffer_.data(), used_));
    used_ = 0;
    block_records_ = 0;
    return Status::Ok();
  }

  // A record that fits no block gets one of its own size.
  Status AddLarge(Slice key, Slice value) {
    const size_t packed = PackedSize(key.size, value.size);
    if (packed > kMaxRecordBytes) {
      return Status::Error("RECORD_TOO_LARGE", "a record of " + std::to_string(packed) + " bytes; a run takes at most " +
                                                   std::to_string(kMaxRecordBytes));
    }
    char* place = nullptr;
    RUNJOB_RETURN_IF_ERROR(Reserve(sizeof(BlockHeader) + packed, &place));
    Pack(place + sizeof(BlockHeader), key, value);
    PutHeader(place, 1, Slice(place + sizeof(BlockHeader), packed));
    records_++;
    bytes_ += key.size + value.size;
    return Status::Ok();
  }

  static void PutHeader(char* place, uint32_t records, Slice payload) {
    const BlockHeader header{records, static_cast<uint32_t>(payload.size), Xxh64(payload, 0)};
    std::memcpy(place, &header, sizeof(header));
  }

  Status Reserve(size_t bytes, char** place) {
    return ReserveAt(BlockKey(partition_, block_++), bytes, place);
  }

  // Room for a value at the end of the database, good until the next call.
  Status ReserveAt(BlockKey key, size_t bytes, char** place) {
    if (pending_bytes_ >= kTransactionBytes || (txn_ != nullptr && bytes > kTransactionBytes)) {
      RUNJOB_RETURN_IF_ERROR(Commit());
    }
    if (txn_ == nullptr) RUNJOB_RETURN_IF_ERROR(Begin(bytes));
    MDB_val k{sizeof(key.bytes), key.bytes};
    MDB_val v{bytes, nullptr};
    const int rc = mdb_put(txn_, dbi_, &k, &v, MDB_APPEND | MDB_RESERVE);
    if (rc != 0) return IoError(path_, "write", rc);
    *place = static_cast<char*>(v.mv_data);
    pending_bytes_ += bytes + 4096;  // pages are not filled, and the tree has some, too
    return Status::Ok();
  }

  // The map must have room for all a transaction may write: it can grow between transactions only.
  Status Begin(size_t first_bytes) {
    MDB_envinfo info;
    int rc = mdb_env_info(env_, &info);
    if (rc != 0) return IoError(path_, "write", rc);
    const uint64_t needed = (info.me_last_pgno + 1) * page_bytes_ + 4 * kTransactionBytes + first_bytes;
    if (needed > map_bytes_) {
      map_bytes_ = RoundToPages(std::max(needed, 2 * map_bytes_));
      rc = mdb_env_set_mapsize(env_, map_bytes_);
      if (rc != 0) return IoError(path_, "grow", rc);
    }
    rc = mdb_txn_begin(env_, nullptr, 0, &txn_);
    if (rc != 0) return IoError(path_, "write", rc);
    rc = mdb_dbi_open(txn_, nullptr, 0, &dbi_);
    if (rc != 0) return IoError(path_, "write", rc);
    return Status::Ok();
  }

  Status Commit() {
    pending_bytes_ = 0;
    if (txn_ == nullptr) return Status::Ok();
    const int rc = mdb_txn_commit(std::exchange(txn_, nullptr));
    return rc == 0 ? Status::Ok() : IoError(path_, "write", rc);
  }

  Status PutMeta(Slice meta) {
    MetaHeader header{0, kRunFormatVersion, static_cast<uint32_t>(counts_.size())};
    const size_t counts_bytes = counts_.size() * sizeof(PartitionCount);
    std::string value(sizeof(header), '\0');
    value.append(reinterpret_cast<const char*>(counts_.data()), counts_bytes);
    value.append(meta.data, meta.size);
    std::memcpy(value.data(), &header, sizeof(header));
    header.checksum = Xxh64(Slice(value.data() + 8, value.size() - 8), 0);
    std::memcpy(value.data(), &header.checksum, 8);
    char* place = nullptr;
    RUNJOB_RETURN_IF_ERROR(ReserveAt(BlockKey(kMetaPartition, 0), value.size(), &place));
    std::memcpy(place, value.data(), value.size());
    return Status::Ok();
  }

  Status WriteSeal(uint64_t file_pages) {
    File file;
    file.fd = open(path_.c_str(), O_RDWR | O_CLOEXEC);
    if (file.fd < 0) return IoError(path_, "seal", errno);
    // The last pages may have been taken and freed again, and so never written.
    if (ftruncate(file.fd, static_cast<off_t>(file_pages * page_bytes_)) != 0) return IoError(path_, "seal", errno);
    // Every page but those of the blocks: their first page's header tells how many follow.
    std::vector<uint64_t> tree_pages;
    for (uint64_t number = 0; number < file_pages;) {
      PageHeader header;
      if (!ReadAt(file.fd, &header, sizeof(header), number * page_bytes_)) return IoError(path_, "seal", errno);
      if ((header.flags & kOverflowPage) != 0) {
        number += std::max(header.pages, 1u);
      } else {
        tree_pages.push_back(number++);
      }
    }
    Seal seal{0, file_pages, tree_pages.size(), static_cast<uint32_t>(page_bytes_), kRunFormatVersion, kSealMagic};
    if (!SealChecksum(file.fd, seal, tree_pages, &seal.checksum)) return IoError(path_, "seal", errno);

    std::string end(reinterpret_cast<const char*>(tree_pages.data()), tree_pages.size() * sizeof(uint64_t));
    end.append(reinterpret_cast<const char*>(&seal), sizeof(seal));
    file_bytes_ = file_pages * page_bytes_ + end.size();
    if (!WriteAt(file.fd, end.data(), end.size(), file_pages * page_bytes_)) return IoError(path_, "seal", errno);
    return Status::Ok();
  }

  const std::string path_;
  std::vector<PartitionCount> counts_;
  std::vector<char> buffer_;  // the block being gathered
  size_t used_ = 0;
  uint32_t block_records_ = 0;
  uint32_t partition_ = 0;
  uint32_t block_ = 0;    // number of the next block in the partition
  uint64_t records_ = 0;  // of the partition
  uint64_t bytes_ = 0;

  MDB_env* env_ = nullptr;
  MDB_txn* txn_ = nullptr;
  MDB_dbi dbi_ = 0;
  size_t page_bytes_ = 0;
  uint64_t map_bytes_ = 0;
  size_t pending_bytes_ = 0;  // in the transaction
  uint64_t file_bytes_ = 0;
  bool created_ = false;
  bool finished_ = false;
};

// An open run. One per file and process, whatever the thread: LMDB forbids a second, and a map of it is wanted once.
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
  const char* map_end() const { return map_end_; }

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
  const char* map_end_ = nullptr;
  RunInfo info_;
};

Status SharedRun::Acquire(const std::string& path, Handle* out) {
  File file;
  file.fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file.fd < 0) {
    return errno == ENOENT ? Status::Error("RUN_MISSING", path) : IoError(path, "open", errno);
  }
  struct stat stat;
  if (fstat(file.fd, &stat) != 0) return IoError(path, "open", errno);
  if (!S_ISREG(stat.st_mode)) return Corrupt(path, "not a file");
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
  if (rc != 0) return IoError(path_, "open", rc);
  // The file's own size, not the writer's generous guess: a wide merge has many of these maps.
  rc = mdb_env_set_mapsize(env_, seal.file_pages * seal.page_bytes);
  if (rc != 0) return IoError(path_, "open", rc);
  rc = mdb_env_open(env_, path_.c_str(), MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0);
  if (rc != 0) return IoError(path_, "open", rc);
  int env_fd;
  struct stat stat;
  if (mdb_env_get_fd(env_, &env_fd) != 0 || fstat(env_fd, &stat) != 0 || FileId(stat.st_dev, stat.st_ino) != id_) {
    return Status::Error("RUN_IO", path_ + ": replaced while it was being opened");
  }
  MDB_envinfo info;
  rc = mdb_env_info(env_, &info);
  if (rc != 0) return IoError(path_, "open", rc);
  map_end_ = static_cast<char*>(info.me_mapaddr) + info.me_mapsize;
  return ReadMeta();
}

Status SharedRun::CheckSeal(int fd, uint64_t file_bytes, Seal* seal) const {
  const auto unreadable = [&] {
    return errno == 0 ? Corrupt(path_, "cut off") : IoError(path_, "open", errno);
  };
  if (file_bytes < sizeof(Seal)) return Corrupt(path_, "not finished, or cut off");
  const uint64_t seal_start = file_bytes - sizeof(Seal);
  if (!ReadAt(fd, seal, sizeof(Seal), seal_start)) return unreadable();
  if (seal->magic != kSealMagic) return Corrupt(path_, "not finished, or cut off");
  if (seal->version != kRunFormatVersion) {
    return Status::Error("RUN_VERSION", path_ + ": format version " + std::to_string(seal->version) + ", not " +
                                            std::to_string(kRunFormatVersion));
  }
  const uint64_t page_bytes = seal->page_bytes;
  if (page_bytes < 512 || page_bytes > 65536 || seal->file_pages > seal_start / page_bytes ||
      seal->list_size != (seal_start - seal->file_pages * page_bytes) / 8 ||
      seal->file_pages * page_bytes + seal->list_size * 8 != seal_start) {
    return Corrupt(path_, "sizes do not match");
  }
  std::vector<uint64_t> tree_pages(seal->list_size);
  if (!ReadAt(fd, tree_pages.data(), tree_pages.size() * 8, seal->file_pages * page_bytes)) return unreadable();
  for (const uint64_t number : tree_pages) {
    if (number >= seal->file_pages) return Corrupt(path_, "checksum of the tree does not match");
  }
  uint64_t checksum;
  if (!SealChecksum(fd, *seal, tree_pages, &checksum)) return unreadable();
  return checksum == seal->checksum ? Status::Ok() : Corrupt(path_, "checksum of the tree does not match");
}

Status SharedRun::ReadMeta() {
  MDB_txn* txn;
  int rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (rc != 0) return IoError(path_, "open", rc);
  rc = mdb_dbi_open(txn, nullptr, 0, &dbi_);
  BlockKey key(kMetaPartition, 0);
  MDB_val k{sizeof(key.bytes), key.bytes};
  MDB_val v{0, nullptr};
  if (rc == 0) rc = mdb_get(txn, dbi_, &k, &v);
  Status status = rc == 0 ? ParseMeta(Slice(static_cast<char*>(v.mv_data), v.mv_size))
                          : Corrupt(path_, std::string("no meta entry: ") + mdb_strerror(rc));
  mdb_txn_abort(txn);
  return status;
}

Status SharedRun::ParseMeta(Slice value) {
  MetaHeader header;
  if (value.size < sizeof(header)) return Corrupt(path_, "meta entry too short");
  std::memcpy(&header, value.data, sizeof(header));
  const size_t counts_bytes = size_t{header.partitions} * sizeof(PartitionCount);
  if (header.checksum != Xxh64(Slice(value.data + 8, value.size - 8), 0) ||
      counts_bytes > value.size - sizeof(header)) {
    return Corrupt(path_, "checksum of the meta entry does not match");
  }
  const char* counts = value.data + sizeof(header);
  info_.partitions.resize(header.partitions);
  if (counts_bytes > 0) std::memcpy(info_.partitions.data(), counts, counts_bytes);
  info_.meta.assign(counts + counts_bytes, value.size - sizeof(header) - counts_bytes);
  return Status::Ok();
}

class RunCursor : public Cursor {
 public:
  RunCursor(SharedRun::Handle run, uint32_t partition) : run_(std::move(run)), partition_(partition) {}

  ~RunCursor() override {
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
    if (txn_ != nullptr) mdb_txn_abort(txn_);
    DropBlock();
  }

  Status Start() override {
    int rc = mdb_txn_begin(run_->env(), nullptr, MDB_RDONLY, &txn_);
    if (rc == 0) rc = mdb_cursor_open(txn_, run_->dbi(), &cursor_);
    if (rc != 0) return IoError(run_->path(), "read", rc);
    return Next();
  }

  Status Next() override {
    if (p_ == end_) {
      Status status = NextBlock();
      if (!status.ok() || p_ == end_) {
        valid_ = false;
        return status;
      }
    }
    p_ = ReadPacked(p_, end_, &key_, &value_);
    // Of a wide merge's many streams the processor follows only some by itself.
    __builtin_prefetch(p_);
    __builtin_prefetch(p_ + 64);
    if (p_ == nullptr) {
      end_ = nullptr;
      valid_ = false;
      return CorruptBlock(next_block_ - 1, "a record does not fit");
    }
    records_++;
    valid_ = true;
    return Status::Ok();
  }

  uint64_t records_in() const override { return records_; }

 private:
  Status CorruptBlock(uint32_t block, const std::string& what) const {
    return Corrupt(run_->path(),
                   "partition " + std::to_string(partition_) + ", block " + std::to_string(block) + ": " + what);
  }

  // Leaves p_ == end_ behind the last block, and after an error.
  Status NextBlock() {
    DropBlock();
    const uint32_t block = next_block_;
    BlockKey wanted(partition_, block);
    MDB_val k{sizeof(wanted.bytes), wanted.bytes};
    MDB_val v{0, nullptr};
    const int rc = mdb_cursor_get(cursor_, &k, &v, block == 0 ? MDB_SET_RANGE : MDB_NEXT);
    if (rc != 0) return CorruptBlock(block, mdb_strerror(rc));  // the meta entry, at least, is always behind
    if (k.mv_size != sizeof(wanted.bytes) || std::memcmp(k.mv_data, wanted.bytes, k.mv_size) != 0) {
      if (records_ == run_->info().partitions[partition_].records) return Status::Ok();
      return CorruptBlock(block, "missing");
    }
    next_block_++;
    BlockHeader header;
    const char* data = static_cast<const char*>(v.mv_data);
    if (v.mv_size < sizeof(header)) return CorruptBlock(block, "too short");
    std::memcpy(&header, data, sizeof(header));
    const Slice payload(data + sizeof(header), v.mv_size - sizeof(header));
    if (v.mv_size >= kAdvisedBytes) AdviseBlock(data - sizeof(PageHeader), v.mv_size + sizeof(PageHeader));
    if (header.payload_bytes != payload.size || header.checksum != Xxh64(payload, 0)) {
      return CorruptBlock(block, "checksum does not match");
    }
    p_ = payload.data;
    end_ = payload.data + payload.size;
    return Status::Ok();
  }

  // Has the disk read this block and, while it is being used, the next: page faults would fetch it in small pieces, which
  // makes a wide merge of runs that are not in memory twenty times slower.
  void AdviseBlock(const char* start, size_t size) {
    block_start_ = start;
    block_size_ = size;
    const size_t ahead = std::min(size + kBlockBytes, static_cast<size_t>(run_->map_end() - start));
    madvise(const_cast<char*>(start), ahead, MADV_WILLNEED);
  }

  // Takes a block that has been read out of this process's resident memory; it stays in the page cache.
  void DropBlock() {
    if (block_size_ > 0) madvise(const_cast<char*>(block_start_), block_size_, MADV_DONTNEED);
    block_size_ = 0;
  }

  static constexpr size_t kAdvisedBytes = 64 << 10;  // smaller blocks are not worth the system calls

  SharedRun::Handle run_;
  const uint32_t partition_;
  MDB_txn* txn_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
  uint32_t next_block_ = 0;
  uint64_t records_ = 0;
  const char* p_ = nullptr;
  const char* end_ = nullptr;
  const char* block_start_ = nullptr;
  size_t block_size_ = 0;
};

}  // namespace

Status RunWriter::Open(const std::string& path, uint32_t partitions, uint64_t estimated_bytes,
                       std::unique_ptr<RunWriter>* out) {
  if (partitions == 0 || partitions == kMetaPartition) {
    return Status::Error("BAD_ARGUMENT", path + ": a run of " + std::to_string(partitions) + " partitions");
  }
  auto writer = std::make_unique<LmdbRunWriter>(path, partitions);
  RUNJOB_RETURN_IF_ERROR(writer->Create(estimated_bytes));
  *out = std::move(writer);
  return Status::Ok();
}

Status ReadRunInfo(const std::string& path, RunInfo* out) {
  SharedRun::Handle run;
  RUNJOB_RETURN_IF_ERROR(SharedRun::Acquire(path, &run));
  *out = run->info();
  return Status::Ok();
}

Status OpenRun(const std::string& path, uint32_t partition, std::unique_ptr<Cursor>* out) {
  SharedRun::Handle run;
  RUNJOB_RETURN_IF_ERROR(SharedRun::Acquire(path, &run));
  const size_t partitions = run->info().partitions.size();
  if (partition >= partitions) {
    return Corrupt(path, "partition " + std::to_string(partition) + " of " + std::to_string(partitions) + " is wanted");
  }
  *out = std::make_unique<RunCursor>(std::move(run), partition);
  return Status::Ok();
}

}  // namespace runjob
