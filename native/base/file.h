// Files by their descriptors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace runjob {

// A file descriptor that closes itself.
struct File {
  explicit File(int descriptor) : fd(descriptor) {}
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const int fd;
};

// Read or write all of it. False: errno says why (0: the file ends before).
bool ReadAt(int fd, void* data, size_t n, uint64_t offset);
bool WriteAt(int fd, const void* data, size_t n, uint64_t offset);

// Whether reads and writes go past the page cache from now on (O_DIRECT); they must begin and end at pages then, in memory and
// in the file. Returns whether they do: not every filesystem can.
bool SetDirect(int fd, bool direct);

// `error`: the errno of a failed write to `path`.
bool IsDiskFull(const std::string& path, int error);

}  // namespace runjob
