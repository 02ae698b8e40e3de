#include "pipeline/window_rows.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace runjob {

namespace {

// Of the rows of a chunk: some of them must fit into memory.
size_t ChunkBytes(size_t memory_bytes) { return std::clamp(memory_bytes / 8, size_t{16} << 10, size_t{4} << 20); }

}  // namespace

WindowRows::WindowRows(const Schema& schema, size_t memory_bytes, std::string folder)
    : schema_(schema), memory_bytes_(memory_bytes), chunk_bytes_(ChunkBytes(memory_bytes)), file_(std::move(folder)) {}

Status WindowRows::Add(Slice row, uint8_t flags) {
  if (open_ == nullptr) open_ = NewChunk(end_);
  RUNJOB_RETURN_IF_ERROR(open_->decoder->Add(row));
  if ((flags & kBeginsPartition) != 0) starts_.push_back(open_->end());
  open_->flags.push_back(flags);
  open_bytes_ += row.size;
  if (open_->flags.size() == kVectorRows || open_bytes_ >= chunk_bytes_) Close();
  return Status::Ok();
}

void WindowRows::End() {
  if (open_ != nullptr) Close();
  ended_ = true;
}

void WindowRows::Close() {
  Entry& entry = queue_.emplace_back();
  entry.first = open_->first;
  entry.end = end_ = open_->end();
  open_->batch();  // ready for those who only read it
  entry.bytes = open_->decoder->bytes() + open_->flags.capacity();
  held_ += entry.bytes;
  entry.chunk = std::move(open_);
  open_ = nullptr;
  open_bytes_ = 0;
}

std::shared_ptr<WindowChunk> WindowRows::NewChunk(uint64_t first) {
  std::shared_ptr<WindowChunk> chunk = std::move(spare_);
  spare_ = nullptr;
  if (chunk == nullptr) {
    chunk = std::make_shared<WindowChunk>(schema_);
  } else {
    chunk->decoder->Clear();
    chunk->flags.clear();
  }
  chunk->first = first;
  return chunk;
}

bool WindowRows::PartitionEnd(uint64_t row, uint64_t* end) const {
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), row);
  if (next == starts_.end()) {
    *end = end_;
    return ended_;
  }
  *end = *next;
  return true;
}

Status WindowRows::Get(uint64_t row, std::shared_ptr<const WindowChunk>* chunk) {
  const auto entry =
      std::upper_bound(queue_.begin(), queue_.end(), row, [](uint64_t at, const Entry& one) { return at < one.end; });
  if (entry->chunk != nullptr) {
    *chunk = entry->chunk;
    return Status::Ok();
  }
  *chunk = entry->borrowed.lock();
  if (*chunk != nullptr) return Status::Ok();
  std::shared_ptr<WindowChunk> loaded;
  RUNJOB_RETURN_IF_ERROR(Load(*entry, &loaded));
  entry->borrowed = loaded;
  *chunk = std::move(loaded);
  return Status::Ok();
}

void WindowRows::Release(uint64_t row) {
  while (!queue_.empty() && queue_.front().end <= row) {
    Entry& entry = queue_.front();
    begin_ = entry.end;
    if (entry.chunk != nullptr) {
      held_ -= entry.bytes;
      if (entry.chunk.use_count() == 1) spare_ = std::move(entry.chunk);
    }
    if (entry.filed && --filed_ == 0) file_.Clear();
    queue_.pop_front();
  }
  while (!starts_.empty() && starts_.front() < begin_) starts_.pop_front();
}

Status WindowRows::Spill() {
  // The first chunks are looked at next.
  for (size_t i = queue_.size(); i-- > 2 && held_ > memory_bytes_;) {
    Entry& entry = queue_[i];
    if (entry.chunk == nullptr) continue;
    if (!entry.filed) RUNJOB_RETURN_IF_ERROR(File(&entry));
    entry.borrowed = entry.chunk;
    held_ -= entry.bytes;
    entry.chunk = nullptr;
  }
  return Status::Ok();
}

Status WindowRows::File(Entry* entry) {
  const Batch& batch = entry->chunk->batch();
  std::vector<const Vector*> columns;
  for (const Vector& column : batch.columns) columns.push_back(&column);
  buffer_.clear();
  for (size_t i = 0; i < batch.rows; i++) {
    buffer_.push_back(static_cast<char>(entry->chunk->flags[i]));
    const size_t at = buffer_.size();
    buffer_.append(sizeof(uint32_t), '\0');
    AppendRow(columns, i, &buffer_);
    const size_t size = buffer_.size() - at - sizeof(uint32_t);
    if (size > UINT32_MAX) return Status::Error("RECORD_TOO_LARGE", "a row of a window has more than 4 GiB");
    const uint32_t written = static_cast<uint32_t>(size);
    std::memcpy(buffer_.data() + at, &written, sizeof(written));
  }
  entry->offset = file_.size();
  entry->size = buffer_.size();
  RUNJOB_RETURN_IF_ERROR(file_.Append(buffer_));
  entry->filed = true;
  filed_++;
  return Status::Ok();
}

Status WindowRows::Load(const Entry& entry, std::shared_ptr<WindowChunk>* chunk) {
  RUNJOB_RETURN_IF_ERROR(file_.Flush());
  buffer_.resize(entry.size);
  RUNJOB_RETURN_IF_ERROR(file_.Read(entry.offset, entry.size, buffer_.data()));
  *chunk = NewChunk(entry.first);
  const char* next = buffer_.data();
  for (uint64_t row = entry.first; row < entry.end; row++) {
    (*chunk)->flags.push_back(static_cast<uint8_t>(*next++));
    uint32_t size;
    std::memcpy(&size, next, sizeof(size));
    next += sizeof(size);
    RUNJOB_RETURN_IF_ERROR((*chunk)->decoder->Add(Slice(next, size)));
    next += size;
  }
  (*chunk)->batch();
  return Status::Ok();
}

size_t WindowRows::bytes() const {
  return held_ + open_bytes_ + file_.bytes() + buffer_.capacity() + starts_.size() * sizeof(uint64_t);
}

}  // namespace runjob
