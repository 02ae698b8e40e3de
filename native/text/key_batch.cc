#include "text/key_batch.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "record/bad_record.h"

namespace runjob {

Status KeyBatch::Reserve(size_t bytes) {
  const size_t needed = used_ + bytes;
  if (needed > UINT32_MAX) {
    return Status::Error("RECORD_TOO_LARGE", "a key of " + std::to_string(needed - open_start_) +
                                                 " bytes or more; a key may have " + std::to_string(UINT32_MAX));
  }
  if (needed + kBatchPadding > capacity_) Resize(std::max(needed + kBatchPadding, capacity_ * 2));
  return Status::Ok();
}

void KeyBatch::Resize(size_t capacity) {
  std::unique_ptr<char[]> bytes(new char[capacity]);
  if (used_ > 0) std::memcpy(bytes.get(), bytes_.get(), used_);
  std::memset(bytes.get() + used_, 0, kBatchPadding);  // may be read before it is written
  bytes_ = std::move(bytes);
  capacity_ = capacity;
}

void KeyBatch::Shrink() {
  if (capacity_ > 4 * kFlushBytes && used_ < kFlushBytes) Resize(2 * kFlushBytes);
}

Status KeyBatch::Append(const char* text, size_t size, const uint32_t* bounds, size_t pieces, bool last_stays_open) {
  RUNJOB_RETURN_IF_ERROR(Reserve(size));
  const size_t closing = pieces - (last_stays_open ? 1 : 0);
  size_t piece = 0;
  if (open() && closing > 0) {
    const size_t length = used_ - open_start_ + bounds[1] - bounds[0];
    if (!skips_ && length > max_key_bytes_) DropOpen();
    if (skips_) {
      skips_ = false;
      piece = 1;
    }
  }
  if (takes_bounds_) {
    if (open() && piece < closing) RUNJOB_RETURN_IF_ERROR(Copy(text, bounds, &piece, 1));
    const size_t rest = closing - piece;
    if (rest > 0) {
      RecordBatch batch;
      batch.count = rest;
      batch.key_bytes = text;
      batch.key_bounds = bounds + 2 * piece;
      RUNJOB_RETURN_IF_ERROR(sink_->Add(batch));
      added_ += rest;
    }
  } else {
    RUNJOB_RETURN_IF_ERROR(Copy(text, bounds, &piece, closing));
  }
  if (last_stays_open && !skips_) {
    const size_t length = bounds[2 * closing + 1] - bounds[2 * closing];
    std::memcpy(bytes_.get() + used_, text + bounds[2 * closing], length);
    used_ += length;
    if (used_ - open_start_ > max_key_bytes_) DropOpen();
  }
  return used_ >= kFlushBytes ? Flush() : Status::Ok();
}

void KeyBatch::DropOpen() {
  too_long_ = true;
  excerpt_ = Excerpt(Slice(bytes_.get() + open_start_, used_ - open_start_));
  used_ = open_start_;
  skips_ = true;
  Shrink();
}

bool KeyBatch::TakeTooLong(std::string* excerpt) {
  if (!too_long_) return false;
  too_long_ = false;
  *excerpt = std::move(excerpt_);
  return true;
}

Status KeyBatch::Copy(const char* text, const uint32_t* bounds, size_t* piece, size_t end) {
  while (*piece < end) {
    const size_t stop = std::min(end, *piece + (kKeys - count_));
    char* const bytes = bytes_.get();
    size_t used = used_;
    size_t count = count_;
    for (; *piece < stop; ++*piece) {
      const char* from = text + bounds[2 * *piece];
      const size_t length = bounds[2 * *piece + 1] - bounds[2 * *piece];
      // Most words fit 32 bytes: always copy those, whatever the length. The padding of both sides allows it.
      std::memcpy(bytes + used, from, 32);
      if (length > 32) std::memcpy(bytes + used + 32, from + 32, length - 32);
      used += length;
      ends_[count++] = static_cast<uint32_t>(used);
    }
    used_ = open_start_ = used;
    count_ = count;
    if (count_ == kKeys) RUNJOB_RETURN_IF_ERROR(Flush());
  }
  return Status::Ok();
}

Status KeyBatch::Close() {
  if (skips_) {
    skips_ = false;
    return Status::Ok();
  }
  RUNJOB_RETURN_IF_ERROR(Reserve(0));
  ends_[count_++] = static_cast<uint32_t>(used_);
  open_start_ = used_;
  return count_ == kKeys ? Flush() : Status::Ok();
}

Status KeyBatch::Flush() {
  if (count_ == 0) return Status::Ok();
  RecordBatch batch;
  batch.count = count_;
  batch.key_bytes = bytes_.get();
  batch.key_ends = ends_;
  RUNJOB_RETURN_IF_ERROR(sink_->Add(batch));
  added_ += count_;
  count_ = 0;
  const size_t open_bytes = used_ - open_start_;
  if (open_bytes > 0) std::memmove(bytes_.get(), bytes_.get() + open_start_, open_bytes);
  used_ = open_bytes;
  open_start_ = 0;
  Shrink();
  return Status::Ok();
}

}  // namespace runjob
