#include "pipeline/held_rows.h"

#include <algorithm>
#include <cstring>

namespace runjob {

namespace {

constexpr size_t kBufferBytes = size_t{256} << 10;

}  // namespace

Status HeldRows::Add(Slice row) {
  if (row.size > UINT32_MAX) return Status::Error("RECORD_TOO_LARGE", "a row of a join has more than 4 GiB");
  if (filed_ == 0 && rows_.size() + row.size + (ends_.size() + 1) * sizeof(size_t) <= memory_bytes_) {
    rows_.append(row.data, row.size);
    ends_.push_back(rows_.size());
    return Status::Ok();
  }
  const uint32_t size = static_cast<uint32_t>(row.size);
  RUNJOB_RETURN_IF_ERROR(file_.Append(Slice(reinterpret_cast<const char*>(&size), sizeof(size))));
  filed_++;
  return file_.Append(row);
}

void HeldRows::Clear() {
  rows_.clear();
  ends_.clear();
  filed_ = 0;
  file_.Clear();
}

Status HeldRows::ReadNext(Reader* reader, Slice* row) {
  uint32_t size;
  RUNJOB_RETURN_IF_ERROR(Fill(reader, sizeof(size)));
  std::memcpy(&size, buffer_.data() + reader->next, sizeof(size));
  reader->next += sizeof(size);
  RUNJOB_RETURN_IF_ERROR(Fill(reader, size));
  *row = Slice(buffer_.data() + reader->next, size);
  reader->next += size;
  return Status::Ok();
}

Status HeldRows::Fill(Reader* reader, size_t bytes) {
  if (reader->end - reader->next >= bytes) return Status::Ok();
  reader->at += reader->next;
  const size_t size = static_cast<size_t>(std::min<uint64_t>(std::max(bytes, kBufferBytes), file_.size() - reader->at));
  if (buffer_.size() < size) buffer_.resize(size);
  RUNJOB_RETURN_IF_ERROR(file_.Read(reader->at, size, buffer_.data()));
  reader->next = 0;
  reader->end = size;
  return Status::Ok();
}

}  // namespace runjob
