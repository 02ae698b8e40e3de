// Runs in memory. A folder may hold runs while they fit: a RunWriter begins in memory and goes on in a file where there is
// no room, and OpenRun() finds either. What is held needs no checksums, and is gone with the process.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "run/run_file.h"

namespace runjob {

// The memory of a folder's runs. Thread-safe.
class HeldBytes {
 public:
  explicit HeldBytes(uint64_t limit) : limit_(limit) {}
  // False: there is no room.
  bool Take(uint64_t bytes);
  void Return(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> used_{0};
};

// The blocks of a run. Written by one thread, then only read, by any.
class HeldRun {
 public:
  struct Block {
    uint32_t partition;  // they are in this order
    uint32_t records;
    char* payload;  // run_block.h
    size_t payload_bytes;
  };

  explicit HeldRun(std::shared_ptr<HeldBytes> bytes) : bytes_(std::move(bytes)) {}
  ~HeldRun();
  HeldRun(const HeldRun&) = delete;
  HeldRun& operator=(const HeldRun&) = delete;

  // A block to be filled. Null: there is no room. REQUIRES: partition >= the last one.
  char* AddBlock(uint32_t partition, uint32_t records, size_t payload_bytes);
  const std::vector<Block>& blocks() const { return blocks_; }
  const RunInfo& info() const { return info_; }

 private:
  friend class HeldRuns;

  struct Piece {
    char* data;
    size_t size;
  };

  // Null: there is no room.
  char* Allocate(size_t bytes);
  bool AddPiece(size_t bytes);

  const std::shared_ptr<HeldBytes> bytes_;
  std::vector<Piece> pieces_;  // of memory, for blocks
  size_t held_bytes_ = 0;      // in all of them
  char* next_ = nullptr;       // what is left of the last one
  size_t left_ = 0;
  std::vector<Block> blocks_;
  RunInfo info_;
};

std::unique_ptr<SeekableSource> NewHeldReader(std::shared_ptr<const HeldRun> run, uint32_t partition);

// The runs that a folder holds, by name. Thread-safe; one for each folder and process, for all threads.
class HeldRuns {
 public:
  // Runs that writers begin within `duration` are held, up to `limit_bytes`. Closes what was open for this folder.
  static std::shared_ptr<HeldRuns> Open(const std::string& dir, uint64_t limit_bytes,
                                        std::chrono::milliseconds duration);
  // Those of the folder that `path` is in. Null: it holds none.
  static std::shared_ptr<HeldRuns> Of(const std::string& path);
  // Null: no such run is held.
  static std::shared_ptr<const HeldRun> Find(const std::string& path);

  // An empty run. Null: it is too late, it belongs in a file.
  std::unique_ptr<HeldRun> Begin() const;
  // From now on there is this run.
  void Add(const std::string& path, std::unique_ptr<HeldRun> run, RunInfo info);
  bool Has(const std::string& name) const;
  std::vector<std::string> Names() const;
  // Readers that are open keep the run.
  void Drop(const std::string& name);
  // Drops all; nothing is held from now on.
  void Close();

 private:
  HeldRuns(std::string dir, uint64_t limit_bytes, std::chrono::milliseconds duration);

  const std::string dir_;
  const std::shared_ptr<HeldBytes> bytes_;
  const std::chrono::steady_clock::time_point end_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const HeldRun>> runs_;
  bool closed_ = false;
};

}  // namespace runjob
