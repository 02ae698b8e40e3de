#include "run_format.h"

#include <errno.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "hash.h"
#include "lmdb.h"

namespace runjob {

File::~File() {
  if (fd >= 0) close(fd);
}

bool IsDiskFull(const std::string& path, int error) {
  if (error == ENOSPC || error == EDQUOT) return true;
  // LMDB reports a short write as EIO; mostly the disk is full.
  struct statvfs fs;
  return error == EIO && statvfs(path.c_str(), &fs) == 0 && fs.f_bavail * fs.f_frsize < kBlockBytes;
}

Status RunIoError(const std::string& path, const char* what, int error) {
  const bool full = IsDiskFull(path, error);
  if (full && error == EIO) error = ENOSPC;
  return Status::Error(full ? "DISK_FULL" : "RUN_IO", path + ": " + what + ": " + mdb_strerror(error));
}

Status RunCorrupt(const std::string& path, const std::string& what) {
  return Status::Error("RUN_CORRUPT", path + ": " + what);
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

bool SealChecksum(int fd, const Seal& seal, const std::vector<uint64_t>& tree_pages, uint64_t* checksum) {
  std::vector<char> page(seal.page_bytes);
  uint64_t hash = 0;
  for (const uint64_t number : tree_pages) {
    if (!ReadAt(fd, page.data(), page.size(), number * seal.page_bytes)) return false;
    hash = Xxh64(Slice(page.data(), page.size()), hash);
  }
  const char* list = reinterpret_cast<const char*>(tree_pages.data());
  hash = Xxh64(Slice(list, tree_pages.size() * sizeof(uint64_t)), hash);
  const char* rest = reinterpret_cast<const char*>(&seal) + sizeof(seal.checksum);
  *checksum = Xxh64(Slice(rest, sizeof(seal) - sizeof(seal.checksum)), hash);
  return true;
}

}  // namespace runjob
