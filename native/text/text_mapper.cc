#include "text/text_mapper.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/simd.h"

namespace runjob {

size_t BytesBeforeLimit(Slice chunk, uint64_t chunk_start, uint64_t limit, bool* cut) {
  *cut = false;
  if (limit == 0) {
    *cut = true;
    return 0;
  }
  // The first line that starts at or after the limit follows the first newline at or after limit - 1.
  const uint64_t from = std::max(limit - 1, chunk_start) - chunk_start;
  if (from >= chunk.size) return chunk.size;
  const void* newline = std::memchr(chunk.data + from, '\n', chunk.size - from);
  if (newline == nullptr) return chunk.size;
  *cut = true;
  return static_cast<size_t>(static_cast<const char*>(newline) - chunk.data) + 1;
}

size_t AfterLastNewline(Slice text) {
  size_t end = text.size;
  // Eight bytes at a time over the part of a long line.
  for (; end >= 8; end -= 8) {
    uint64_t word;
    std::memcpy(&word, text.data + end - 8, 8);
    if (portable::ZeroBytes(word ^ portable::kOnes * '\n') != 0) break;
  }
  while (end > 0 && text.data[end - 1] != '\n') end--;
  return end;
}

namespace {

// More than what mappers append at a time: a key that is longer has begun before.
constexpr uint64_t kLeastLimitBytes = 16 << 10;

RecordLimit AtLeast(RecordLimit limit) { return {std::max(limit.max_bytes, kLeastLimitBytes), limit.keep_bad}; }

}  // namespace

TextMapper::TextMapper(BatchSink* sink, RecordLimit limit)
    : keys_(sink, AtLeast(limit).max_bytes), limit_(AtLeast(limit)) {}

Status TextMapper::CheckLength(uint64_t line_start) {
  std::string excerpt;
  if (!keys_.TakeTooLong(&excerpt)) return Status::Ok();
  Status bad = limit_.TooLong("a word or line", line_start);
  if (!limit_.keep_bad) return bad;
  if (last_bad_ != bad.offset()) {
    last_bad_ = bad.offset();
    bad_.Add({std::move(bad), std::move(excerpt)});
  }
  return Status::Ok();
}

Status TextMapper::Push(Slice chunk, uint64_t limit, bool last, bool* done) {
  bool cut;
  const Slice text(chunk.data, BytesBeforeLimit(chunk, taken_, limit, &cut));
  const bool final = cut || last;
  RUNJOB_RETURN_IF_ERROR(Take(text, final));
  const size_t whole = AfterLastNewline(text);
  if (whole > 0) position_ = taken_ + whole;
  taken_ += text.size;
  if (final) {
    if (keys_.open()) RUNJOB_RETURN_IF_ERROR(keys_.Close());
    if (position_ < taken_) records_in_++;  // the last line, without a newline
    position_ = taken_;
  }
  RUNJOB_RETURN_IF_ERROR(keys_.Flush());
  records_out_ = keys_.added();
  *done = final;
  return Status::Ok();
}

}  // namespace runjob
