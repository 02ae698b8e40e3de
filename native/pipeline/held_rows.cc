#include "pipeline/held_rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

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
  unwritten_.append(reinterpret_cast<const char*>(&size), sizeof(size));
  unwritten_.append(row.data, row.size);
  filed_++;
  return unwritten_.size() < kBufferBytes ? Status::Ok() : WriteOut();
}

void HeldRows::Clear() {
  rows_.clear();
  ends_.clear();
  unwritten_.clear();
  filed_ = 0;
  file_bytes_ = 0;
  file_.reset();  // gives the disk space back
}

Status HeldRows::Open() {
  int fd = open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    // Not every filesystem has files without names.
    std::string path = folder_ + "/rows-XXXXXX";
    fd = mkostemp(path.data(), O_CLOEXEC);
    if (fd >= 0) unlink(path.c_str());
  }
  if (fd < 0) return Failed("create a file in", errno);
  file_ = std::make_unique<File>(fd);
  return Status::Ok();
}

Status HeldRows::WriteOut() {
  if (unwritten_.empty()) return Status::Ok();
  if (file_ == nullptr) RUNJOB_RETURN_IF_ERROR(Open());
  if (!WriteAt(file_->fd, unwritten_.data(), unwritten_.size(), file_bytes_)) {
    return Failed("write rows of a join to", errno);
  }
  file_bytes_ += unwritten_.size();
  unwritten_.clear();
  return Status::Ok();
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
  const size_t size = static_cast<size_t>(std::min<uint64_t>(std::max(bytes, kBufferBytes), file_bytes_ - reader->at));
  if (buffer_.size() < size) buffer_.resize(size);
  if (size < bytes || !ReadAt(file_->fd, buffer_.data(), size, reader->at))
    return Failed("read rows of a join from", errno);
  reader->next = 0;
  reader->end = size;
  return Status::Ok();
}

Status HeldRows::Failed(const char* what, int error) const {
  const char* const code = IsDiskFull(folder_, error) ? "DISK_FULL" : "FILE_IO";
  return Status::Error(code, std::string("cannot ") + what + " " + folder_ + ": " + std::strerror(error));
}

}  // namespace runjob
