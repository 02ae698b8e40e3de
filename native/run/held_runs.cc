#include "run/held_runs.h"

#include <new>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "record/sorted_record.h"
#include "run/run_block.h"

namespace runjob {
namespace {

// Directly from the system, so that they are returned to it. Many smaller pieces would waste pages.
constexpr size_t kOwnPagesBytes = 64 << 10;
// A run that has some of this gets more of it at a time: huge pages, two full blocks each, are touched and freed fast.
constexpr size_t kHugePieceBytes = kArenaBlockBytes;
constexpr size_t kAlignment = 64;
// Of what the system and our lists keep beside a piece.
constexpr size_t kOverheadBytes = 64;

struct Folders {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<HeldRuns>> open;
};
// Never destroyed: worker threads may outlive the statics.
Folders& GlobalFolders() {
  static Folders& folders = *new Folders;
  return folders;
}

size_t EndOfFolder(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? 0 : slash;
}
std::string NameOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

class HeldReader : public SeekableSource {
 public:
  HeldReader(std::shared_ptr<const HeldRun> run, uint32_t partition) : run_(std::move(run)) {
    const std::vector<HeldRun::Block>& blocks = run_->blocks();
    while (first_ < blocks.size() && blocks[first_].partition < partition) first_++;
    for (end_ = first_; end_ < blocks.size() && blocks[end_].partition == partition;) end_++;
    next_ = first_;
  }

  Status Read(const SortedRecord** begin, const SortedRecord** end) override {
    for (;;) {
      if (!block_.Read(begin, end)) return Damaged();
      if (*begin != *end || next_ == end_) return Status::Ok();
      const HeldRun::Block& block = run_->blocks()[next_++];
      if (!block_.Begin(Slice(block.payload, block.payload_bytes))) return Damaged();
    }
  }

 protected:
  std::span<const uint32_t> block_records() const override {
    return std::span<const uint32_t>(run_->info().blocks).subspan(first_, end_ - first_);
  }

  void GoTo(size_t block) override {
    block_ = BlockDecoder();
    next_ = first_ + block;
  }

 private:
  Status Damaged() const { return Status::Error("INTERNAL", "a run in memory is damaged"); }

  const std::shared_ptr<const HeldRun> run_;
  // Of the partition's blocks.
  size_t first_ = 0;
  size_t end_ = 0;
  size_t next_ = 0;
  BlockDecoder block_;
};

}  // namespace

bool HeldBytes::Take(uint64_t bytes) {
  uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (bytes > limit_ || used > limit_ - bytes) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return true;
}

HeldRun::~HeldRun() {
  for (const Piece& piece : pieces_) {
    if (piece.size >= kOwnPagesBytes) {
      FreePages(piece.data, piece.size);
    } else {
      delete[] piece.data;
    }
    bytes_->Return(piece.size + kOverheadBytes);
  }
}

char* HeldRun::AddBlock(uint32_t partition, uint32_t records, size_t payload_bytes) {
  blocks_.push_back({partition, records, nullptr, payload_bytes});
  char* const payload = Allocate(payload_bytes);
  if (payload == nullptr) {
    blocks_.pop_back();
  } else {
    blocks_.back().payload = payload;
  }
  return payload;
}

char* HeldRun::Allocate(size_t bytes) {
  const size_t size = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  if (size > left_) {
    const bool is_huge = held_bytes_ >= kHugePieceBytes / 2 && size <= kHugePieceBytes;
    if (!(is_huge && AddPiece(kHugePieceBytes)) && !AddPiece(size)) return nullptr;
  }
  char* const place = next_;
  next_ += size;
  left_ -= size;
  return place;
}

bool HeldRun::AddPiece(size_t bytes) {
  if (!bytes_->Take(bytes + kOverheadBytes)) return false;
  try {
    pieces_.push_back({nullptr, bytes});
  } catch (const std::bad_alloc&) {
    bytes_->Return(bytes + kOverheadBytes);
    throw;
  }
  next_ = pieces_.back().data = bytes >= kOwnPagesBytes ? AllocatePages(bytes) : new char[bytes];
  left_ = bytes;
  held_bytes_ += bytes;
  return true;
}

std::unique_ptr<SeekableSource> NewHeldReader(std::shared_ptr<const HeldRun> run, uint32_t partition) {
  return std::make_unique<HeldReader>(std::move(run), partition);
}

HeldRuns::HeldRuns(std::string dir, uint64_t limit_bytes, std::chrono::milliseconds duration)
    : dir_(std::move(dir)),
      bytes_(std::make_shared<HeldBytes>(limit_bytes)),
      end_(std::chrono::steady_clock::now() + duration) {}

std::shared_ptr<HeldRuns> HeldRuns::Open(const std::string& dir, uint64_t limit_bytes,
                                         std::chrono::milliseconds duration) {
  std::shared_ptr<HeldRuns> runs(new HeldRuns(dir, limit_bytes, duration));
  std::shared_ptr<HeldRuns> before;
  {
    Folders& folders = GlobalFolders();
    const std::lock_guard<std::mutex> lock(folders.mutex);
    before = std::exchange(folders.open[dir], runs);
  }
  if (before != nullptr) before->Close();
  return runs;
}

std::shared_ptr<HeldRuns> HeldRuns::Of(const std::string& path) {
  Folders& folders = GlobalFolders();
  const std::lock_guard<std::mutex> lock(folders.mutex);
  const auto found = folders.open.find(path.substr(0, EndOfFolder(path)));
  return found == folders.open.end() ? nullptr : found->second;
}

std::shared_ptr<const HeldRun> HeldRuns::Find(const std::string& path) {
  const std::shared_ptr<HeldRuns> runs = Of(path);
  if (runs == nullptr) return nullptr;
  const std::lock_guard<std::mutex> lock(runs->mutex_);
  const auto found = runs->runs_.find(NameOf(path));
  return found == runs->runs_.end() ? nullptr : found->second;
}

std::unique_ptr<HeldRun> HeldRuns::Begin() const {
  if (std::chrono::steady_clock::now() >= end_) return nullptr;
  return std::make_unique<HeldRun>(bytes_);
}

void HeldRuns::Add(const std::string& path, std::unique_ptr<HeldRun> run, RunInfo info) {
  run->info_ = std::move(info);
  std::shared_ptr<const HeldRun> sealed = std::move(run);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!closed_) runs_[NameOf(path)].swap(sealed);
}

bool HeldRuns::Has(const std::string& name) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return runs_.find(name) != runs_.end();
}

std::vector<std::string> HeldRuns::Names() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, run] : runs_) names.push_back(name);
  return names;
}

void HeldRuns::Drop(const std::string& name) {
  std::shared_ptr<const HeldRun> run;  // freed after the lock is
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = runs_.find(name);
  if (found == runs_.end()) return;
  run = std::move(found->second);
  runs_.erase(found);
}

void HeldRuns::Close() {
  {
    Folders& folders = GlobalFolders();
    const std::lock_guard<std::mutex> lock(folders.mutex);
    const auto found = folders.open.find(dir_);
    if (found != folders.open.end() && found->second.get() == this) folders.open.erase(found);
  }
  std::map<std::string, std::shared_ptr<const HeldRun>> runs;  // freed after the lock is
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  runs.swap(runs_);
}

}  // namespace runjob
