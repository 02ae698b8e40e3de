// The rows that window functions look at: a queue in the order of their partitions, numbered from 0 on. A partition may be larger than
// memory: from a limit on, chunks of rows are in a file, and are read again where someone looks at them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/rows.h"
#include "column/type.h"
#include "column/vector.h"
#include "pipeline/row_file.h"

namespace runjob {

// Of a row. One that begins a partition begins peers: rows that are equal in what orders them.
constexpr uint8_t kBeginsPartition = 1;
constexpr uint8_t kBeginsPeers = 2;

// Neighbours, decoded.
struct WindowChunk {
  explicit WindowChunk(const Schema& schema) : decoder(NewRowDecoder(schema)) {}

  uint64_t end() const { return first + flags.size(); }
  const Batch& batch() const { return decoder->batch(); }

  uint64_t first = 0;
  std::vector<uint8_t> flags;
  const std::unique_ptr<RowDecoder> decoder;
};

class WindowRows {
 public:
  WindowRows(const Schema& schema, size_t memory_bytes, std::string folder);

  // Copies the row, which can be seen once its chunk is full, or with the last one.
  Status Add(Slice row, uint8_t flags);
  void End();

  uint64_t begin() const { return begin_; }  // rows before it are gone
  uint64_t end() const { return end_; }      // rows before it can be seen
  // The end of a row's partition; false if it has not been seen yet.
  bool PartitionEnd(uint64_t row, uint64_t* end) const;
  // REQUIRES: the row can be seen. It stays as it is while someone holds it. DISK_FULL, FILE_IO, RUN_CORRUPT.
  Status Get(uint64_t row, std::shared_ptr<const WindowChunk>* chunk);
  // Rows before this one are not asked for any more.
  void Release(uint64_t row);
  // Moves rows that will be needed last to the file, if memory has too many. DISK_FULL, FILE_IO.
  Status Spill();
  size_t bytes() const;  // of memory
  size_t memory_bytes() const { return memory_bytes_; }

 private:
  // A chunk in the queue.
  struct Entry {
    uint64_t first = 0;
    uint64_t end = 0;
    std::shared_ptr<WindowChunk> chunk;         // null: in the file
    std::weak_ptr<const WindowChunk> borrowed;  // as it was read again
    size_t bytes = 0;                           // of the chunk in memory
    bool filed = false;
    uint64_t offset = 0;  // in the file, of so many bytes: for each row u8 flags, u32 size, row
    size_t size = 0;
  };

  Status Load(const Entry& entry, std::shared_ptr<WindowChunk>* chunk);
  Status File(Entry* entry);
  void Close();
  std::shared_ptr<WindowChunk> NewChunk(uint64_t first);

  const Schema& schema_;
  const size_t memory_bytes_;
  const size_t chunk_bytes_;
  std::shared_ptr<WindowChunk> open_;  // takes rows
  size_t open_bytes_ = 0;
  std::deque<Entry> queue_;
  std::deque<uint64_t> starts_;  // of partitions, of rows that can be seen or come next
  std::shared_ptr<WindowChunk> spare_;
  size_t held_ = 0;  // bytes of the chunks in memory
  uint64_t begin_ = 0;
  uint64_t end_ = 0;
  bool ended_ = false;
  RowFile file_;
  size_t filed_ = 0;  // chunks in it that are not released
  std::string buffer_;
};

// A row among them that someone looks at.
class WindowPlace {
 public:
  explicit WindowPlace(WindowRows* rows) : rows_(rows) {}

  // As WindowRows::Get.
  Status Seek(uint64_t row) {
    row_ = row;
    if (chunk_ != nullptr && row >= chunk_->first && row < chunk_->end()) return Status::Ok();
    return rows_->Get(row, &chunk_);
  }
  const std::shared_ptr<const WindowChunk>& chunk() const { return chunk_; }
  size_t index() const { return static_cast<size_t>(row_ - chunk_->first); }  // of the row in its chunk
  uint8_t flags() const { return chunk_->flags[index()]; }

 private:
  WindowRows* const rows_;
  uint64_t row_ = 0;
  std::shared_ptr<const WindowChunk> chunk_;
};

}  // namespace runjob
