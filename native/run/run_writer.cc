#include "run/run_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/file.h"
#include "base/hash.h"
#include "run/held_runs.h"
#include "run/run_format.h"

namespace runjob {
namespace {

uint64_t RoundToPages(uint64_t n) { return (n + 0xffff) & ~uint64_t{0xffff}; }

// Before a block's payload.
void PutHeader(char* payload, uint32_t records, size_t payload_bytes) {
  const BlockHeader header{records, static_cast<uint32_t>(payload_bytes), Xxh64(Slice(payload, payload_bytes), 0)};
  std::memcpy(payload - sizeof(header), &header, sizeof(header));
}

}  // namespace

Status RunWriter::Open(const std::string& path, uint32_t partitions, uint64_t estimated_bytes,
                       std::unique_ptr<RunWriter>* out) {
  if (partitions == 0 || partitions == kMetaPartition) {
    return Status::Error("BAD_ARGUMENT", path + ": a run of " + std::to_string(partitions) + " partitions");
  }
  std::unique_ptr<RunWriter> writer(new RunWriter(path, partitions, estimated_bytes, HeldRuns::Of(path)));
  // The remains of a dead attempt.
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return RunIoError(path, "remove", errno);
  if (writer->folder_ != nullptr) writer->held_ = writer->folder_->Begin();
  if (writer->held_ == nullptr) RUNJOB_RETURN_IF_ERROR(writer->Create());
  *out = std::move(writer);
  return Status::Ok();
}

Status RunWriter::Save(const HeldRun& run, const std::string& path, uint64_t* file_bytes) {
  const RunInfo& info = run.info();
  uint64_t bytes = 0;
  for (const HeldRun::Block& block : run.blocks()) bytes += block.payload_bytes;
  RunWriter writer(path, static_cast<uint32_t>(info.partitions.size()), bytes, nullptr);
  RUNJOB_RETURN_IF_ERROR(writer.Create());
  RUNJOB_RETURN_IF_ERROR(writer.CopyBlocks(run));
  writer.counts_ = info.partitions;
  writer.blocks_ = info.blocks;
  RUNJOB_RETURN_IF_ERROR(writer.FinishFile(info.meta));
  writer.finished_ = true;
  *file_bytes = writer.file_bytes_;
  return Status::Ok();
}

RunWriter::RunWriter(const std::string& path, uint32_t partitions, uint64_t estimated_bytes,
                     std::shared_ptr<HeldRuns> folder)
    : path_(path),
      estimated_bytes_(estimated_bytes),
      folder_(std::move(folder)),
      counts_(partitions),
      block_(kPayloadBytes) {}

RunWriter::~RunWriter() {
  Close();
  if (created_ && !finished_) unlink(path_.c_str());
}

Status RunWriter::Create() {
  int rc = mdb_env_create(&env_);
  if (rc != 0) return RunIoError(path_, "create", rc);
  // Address space only; a wild guess must not ask for more than there is.
  const uint64_t guess = std::min(estimated_bytes_, uint64_t{1} << 40);
  map_bytes_ = RoundToPages(guess + guess / 8 + (uint64_t{64} << 20));
  rc = mdb_env_set_mapsize(env_, map_bytes_);
  if (rc != 0) return RunIoError(path_, "create", rc);
  created_ = true;
  // The engine decides about syncing, for all runs at once; no one else has the file, so no lock.
  rc = mdb_env_open(env_, path_.c_str(), MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC | MDB_NOMEMINIT, 0644);
  if (rc != 0) return RunIoError(path_, "create", rc);
  MDB_stat stat;
  rc = mdb_env_stat(env_, &stat);
  if (rc != 0) return RunIoError(path_, "create", rc);
  page_bytes_ = stat.ms_psize;
  return Status::Ok();
}

Status RunWriter::AddElsewhere(uint32_t partition, Slice key, Slice value) {
  if (partition != partition_) RUNJOB_RETURN_IF_ERROR(StartPartition(partition));
  if (block_.Add(key, value)) return Status::Ok();
  RUNJOB_RETURN_IF_ERROR(FlushBlock());
  return block_.Add(key, value) ? Status::Ok() : AddLarge(key, value);
}

Status RunWriter::Finish(Slice meta) {
  RUNJOB_RETURN_IF_ERROR(EndPartition());
  if (held_ == nullptr) {
    RUNJOB_RETURN_IF_ERROR(FinishFile(meta));
  } else {
    folder_->Add(path_, std::move(held_), RunInfo{std::string(meta.data, meta.size), counts_, blocks_});
  }
  finished_ = true;
  return Status::Ok();
}

Status RunWriter::FinishFile(Slice meta) {
  RUNJOB_RETURN_IF_ERROR(PutMeta(meta));
  RUNJOB_RETURN_IF_ERROR(Commit());
  MDB_envinfo info;
  const int rc = mdb_env_info(env_, &info);
  if (rc != 0) return RunIoError(path_, "finish", rc);
  Close();
  return WriteSeal(info.me_last_pgno + 1);
}

Status RunWriter::MoveToFile() {
  const std::unique_ptr<HeldRun> held = std::move(held_);
  RUNJOB_RETURN_IF_ERROR(Create());
  return CopyBlocks(*held);
}

Status RunWriter::CopyBlocks(const HeldRun& run) {
  uint32_t number = 0;  // of the block in its partition
  const HeldRun::Block* last = nullptr;
  for (const HeldRun::Block& block : run.blocks()) {
    number = last != nullptr && last->partition == block.partition ? number + 1 : 0;
    char* place = nullptr;
    RUNJOB_RETURN_IF_ERROR(
        ReserveAt(BlockKey(block.partition, number), sizeof(BlockHeader) + block.payload_bytes, &place));
    char* const payload = place + sizeof(BlockHeader);
    std::memcpy(payload, block.payload, block.payload_bytes);
    PutHeader(payload, block.records, block.payload_bytes);
    last = &block;
  }
  return Status::Ok();
}

void RunWriter::Close() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
  if (env_ != nullptr) mdb_env_close(env_);
  txn_ = nullptr;
  env_ = nullptr;
}

Status RunWriter::StartPartition(uint32_t partition) {
  if (partition >= counts_.size() || partition < partition_) {
    return Status::Error("BAD_ARGUMENT", path_ + ": partition " + std::to_string(partition) + " of " +
                                             std::to_string(counts_.size()) + " after " + std::to_string(partition_));
  }
  RUNJOB_RETURN_IF_ERROR(EndPartition());
  partition_ = partition;
  return Status::Ok();
}

Status RunWriter::EndPartition() {
  RUNJOB_RETURN_IF_ERROR(FlushBlock());
  counts_[partition_] = PartitionCount{records_, bytes_};
  records_ = bytes_ = 0;
  next_block_ = 0;
  return Status::Ok();
}

Status RunWriter::FlushBlock() {
  if (!block_.empty()) {
    const Slice payload = block_.Finish();
    char* place = nullptr;
    RUNJOB_RETURN_IF_ERROR(OpenBlock(block_.records(), payload.size, &place));
    std::memcpy(place, payload.data, payload.size);
    CloseBlock(place, block_.records(), payload.size);
  }
  block_.Clear();
  return Status::Ok();
}

// A record that fits in no block gets a block of its size.
Status RunWriter::AddLarge(Slice key, Slice value) {
  const size_t size = BlockEncoder::SizeOfOne(key, value);
  if (size > kMaxRecordBytes) {
    return Status::Error("RECORD_TOO_LARGE", "a record of " + std::to_string(key.size + value.size) +
                                                 " bytes; a run takes at most " + std::to_string(kMaxRecordBytes));
  }
  char* place = nullptr;
  RUNJOB_RETURN_IF_ERROR(OpenBlock(1, size, &place));
  BlockEncoder::PutOne(key, value, place);
  CloseBlock(place, 1, size);
  return Status::Ok();
}

Status RunWriter::OpenBlock(uint32_t records, size_t payload_bytes, char** payload) {
  const uint32_t number = next_block_++;
  blocks_.push_back(records);
  if (held_ != nullptr) {
    *payload = held_->AddBlock(partition_, records, payload_bytes);
    if (*payload != nullptr) return Status::Ok();
    RUNJOB_RETURN_IF_ERROR(MoveToFile());
  }
  char* place = nullptr;
  RUNJOB_RETURN_IF_ERROR(ReserveAt(BlockKey(partition_, number), sizeof(BlockHeader) + payload_bytes, &place));
  *payload = place + sizeof(BlockHeader);
  return Status::Ok();
}

void RunWriter::CloseBlock(char* payload, uint32_t records, size_t payload_bytes) {
  // Hashed here, because it is still in the cache.
  if (held_ == nullptr) PutHeader(payload, records, payload_bytes);
}

Status RunWriter::ReserveAt(BlockKey key, size_t bytes, char** place) {
  if (pending_bytes_ >= kTransactionBytes || (txn_ != nullptr && bytes > kTransactionBytes)) {
    RUNJOB_RETURN_IF_ERROR(Commit());
  }
  if (txn_ == nullptr) RUNJOB_RETURN_IF_ERROR(Begin(bytes));
  MDB_val k{sizeof(key.bytes), key.bytes};
  MDB_val v{bytes, nullptr};
  const int rc = mdb_put(txn_, dbi_, &k, &v, MDB_APPEND | MDB_RESERVE);
  if (rc != 0) return RunIoError(path_, "write", rc);
  *place = static_cast<char*>(v.mv_data);
  pending_bytes_ += bytes + 4096;  // pages are not filled, and the tree has some, too
  return Status::Ok();
}

// The map must have room for all a transaction may write: it can grow between transactions only.
Status RunWriter::Begin(size_t first_bytes) {
  MDB_envinfo info;
  int rc = mdb_env_info(env_, &info);
  if (rc != 0) return RunIoError(path_, "write", rc);
  const uint64_t needed = (info.me_last_pgno + 1) * page_bytes_ + 4 * kTransactionBytes + first_bytes;
  if (needed > map_bytes_) {
    map_bytes_ = RoundToPages(std::max(needed, 2 * map_bytes_));
    rc = mdb_env_set_mapsize(env_, map_bytes_);
    if (rc != 0) return RunIoError(path_, "grow", rc);
  }
  rc = mdb_txn_begin(env_, nullptr, 0, &txn_);
  if (rc != 0) return RunIoError(path_, "write", rc);
  rc = mdb_dbi_open(txn_, nullptr, 0, &dbi_);
  if (rc != 0) return RunIoError(path_, "write", rc);
  return Status::Ok();
}

Status RunWriter::Commit() {
  pending_bytes_ = 0;
  if (txn_ == nullptr) return Status::Ok();
  const int rc = mdb_txn_commit(std::exchange(txn_, nullptr));
  return rc == 0 ? Status::Ok() : RunIoError(path_, "write", rc);
}

Status RunWriter::PutMeta(Slice meta) {
  MetaHeader header{0, kRunFormatVersion, static_cast<uint32_t>(counts_.size())};
  const size_t counts_bytes = counts_.size() * sizeof(PartitionCount);
  std::string value(sizeof(header), '\0');
  value.append(reinterpret_cast<const char*>(counts_.data()), counts_bytes);
  const uint64_t blocks = blocks_.size();
  value.append(reinterpret_cast<const char*>(&blocks), sizeof(blocks));
  value.append(reinterpret_cast<const char*>(blocks_.data()), blocks_.size() * sizeof(uint32_t));
  value.append(meta.data, meta.size);
  std::memcpy(value.data(), &header, sizeof(header));
  header.checksum = Xxh64(Slice(value.data() + 8, value.size() - 8), 0);
  std::memcpy(value.data(), &header.checksum, 8);
  char* place = nullptr;
  RUNJOB_RETURN_IF_ERROR(ReserveAt(BlockKey(kMetaPartition, 0), value.size(), &place));
  std::memcpy(place, value.data(), value.size());
  return Status::Ok();
}

Status RunWriter::WriteSeal(uint64_t file_pages) {
  const File file(open(path_.c_str(), O_RDWR | O_CLOEXEC));
  if (file.fd < 0) return RunIoError(path_, "seal", errno);
  // The last pages may have been taken and freed again, and so never written.
  const uint64_t end_of_pages = file_pages * page_bytes_;
  if (ftruncate(file.fd, static_cast<off_t>(end_of_pages)) != 0) return RunIoError(path_, "seal", errno);
  // Every page but those of the blocks: their first page's header tells how many follow.
  std::vector<uint64_t> tree_pages;
  for (uint64_t number = 0; number < file_pages;) {
    PageHeader header;
    if (!ReadAt(file.fd, &header, sizeof(header), number * page_bytes_)) {
      return RunIoError(path_, "seal", errno);
    }
    if ((header.flags & kOverflowPage) != 0) {
      number += std::max(header.pages, 1u);
    } else {
      tree_pages.push_back(number++);
    }
  }
  Seal seal{};
  seal.file_pages = file_pages;
  seal.list_size = tree_pages.size();
  seal.page_bytes = static_cast<uint32_t>(page_bytes_);
  seal.version = kRunFormatVersion;
  seal.magic = kSealMagic;
  if (!SealChecksum(file.fd, seal, tree_pages, &seal.checksum)) return RunIoError(path_, "seal", errno);

  std::string end(reinterpret_cast<const char*>(tree_pages.data()), tree_pages.size() * sizeof(uint64_t));
  end.append(reinterpret_cast<const char*>(&seal), sizeof(seal));
  if (!WriteAt(file.fd, end.data(), end.size(), end_of_pages)) return RunIoError(path_, "seal", errno);
  file_bytes_ = end_of_pages + end.size();
  return Status::Ok();
}

}  // namespace runjob
