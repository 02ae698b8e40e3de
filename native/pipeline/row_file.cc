#include "pipeline/row_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstring>

namespace runjob {

namespace {

constexpr size_t kBufferBytes = size_t{256} << 10;

}  // namespace

Status RowFile::Append(Slice bytes) {
  unwritten_.append(bytes.data, bytes.size);
  return unwritten_.size() < kBufferBytes ? Status::Ok() : Flush();
}

Status RowFile::Flush() {
  if (unwritten_.empty()) return Status::Ok();
  if (file_ == nullptr) RUNJOB_RETURN_IF_ERROR(Open());
  if (!WriteAt(file_->fd, unwritten_.data(), unwritten_.size(), written_)) {
    return Failed("write rows to", errno);
  }
  written_ += unwritten_.size();
  unwritten_.clear();
  return Status::Ok();
}

Status RowFile::Read(uint64_t offset, size_t size, char* bytes) const {
  if (size == 0 || ReadAt(file_->fd, bytes, size, offset)) return Status::Ok();
  return Failed("read rows from", errno);
}

void RowFile::Clear() {
  file_.reset();  // gives the disk space back
  written_ = 0;
  unwritten_.clear();
}

Status RowFile::Open() {
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

Status RowFile::Failed(const char* what, int error) const {
  const char* const code = IsDiskFull(folder_, error) ? "DISK_FULL" : "FILE_IO";
  return Status::Error(code, std::string("cannot ") + what + " " + folder_ + ": " + std::strerror(error));
}

}  // namespace runjob
