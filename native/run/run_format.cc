#include "run/run_format.h"

#include <errno.h>
#include <lmdb.h>

#include "base/file.h"
#include "base/hash.h"

namespace runjob {

Status RunIoError(const std::string& path, const char* what, int error) {
  const bool full = IsDiskFull(path, error);
  if (full && error == EIO) error = ENOSPC;
  return Status::Error(full ? "DISK_FULL" : "RUN_IO", path + ": " + what + ": " + mdb_strerror(error));
}

Status RunCorrupt(const std::string& path, const std::string& what) {
  return Status::Error("RUN_CORRUPT", path + ": " + what);
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
