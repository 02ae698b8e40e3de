#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace runjob {

File::~File() {
  if (fd >= 0) close(fd);
}

bool ReadAt(int fd, void* data, size_t n, uint64_t offset) {
  char* p = static_cast<char*>(data);
  while (n > 0) {
    const ssize_t got = pread(fd, p, n, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (got == 0) errno = 0;
      return false;
    }
    p += got;
    n -= static_cast<size_t>(got);
    offset += static_cast<uint64_t>(got);
  }
  return true;
}

bool WriteAt(int fd, const void* data, size_t n, uint64_t offset) {
  const char* p = static_cast<const char*>(data);
  while (n > 0) {
    const ssize_t put = pwrite(fd, p, n, static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    p += put;
    n -= static_cast<size_t>(put);
    offset += static_cast<uint64_t>(put);
  }
  return true;
}

bool SetDirect(int fd, bool direct) {
#ifdef O_DIRECT
  // For a pipe the flag has another meaning.
  struct stat file;
  if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode)) return false;
  const int flags = fcntl(fd, F_GETFL);
  const bool set = flags >= 0 && fcntl(fd, F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
  return set && direct;
#else
  static_cast<void>(fd);
  static_cast<void>(direct);
  return false;
#endif
}

bool IsDiskFull(const std::string& path, int error) {
  if (error == ENOSPC || error == EDQUOT) return true;
  // LMDB reports a short write as EIO; usually the disk is full.
  constexpr uint64_t kHardlyAny = 1 << 20;
  struct statvfs fs;
  return error == EIO && statvfs(path.c_str(), &fs) == 0 && fs.f_bavail * fs.f_frsize < kHardlyAny;
}

}  // namespace runjob
