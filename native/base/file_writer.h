// Writes a file from its start, past the page cache, in the background: a separate thread writes one buffer while the
// caller fills the other.
//
// For files that must be on disk before they count. In the page cache they would displace data that is read again,
// cost a copy, and flushing would wait for all of it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "base/hash.h"
#include "base/page_array.h"
#include "base/slice.h"

namespace runjob {

class FileWriter {
 public:
  // `fd` is that of an empty file, which is opened once more: a thread that is ended may leave `fd` closed, or to another file.
  explicit FileWriter(int fd);
  // Data that is not written by then may be missing.
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  // Both return 0, or the errno of this write or of one before; nothing more is written then.
  int Write(Slice bytes);
  // Waits until everything is written, a partial buffer too. Nothing may be written afterwards.
  int Finish();

  // Of all that was given to Write.
  uint64_t bytes() const { return bytes_; }
  uint64_t Digest() const { return hash_.Digest(); }

 private:
  static constexpr size_t kBufferBytes = size_t{1} << 20;

  void Start();
  // Passes the full buffer to the thread, once it has written the other one.
  int HandOver();
  int WaitUntilIdle();
  void Run();
  // Appends to what is written; returns 0 or the errno.
  int WriteNow(const char* data, size_t n);

  const File file_;
  PageArray<char> buffers_[2];
  size_t filling_ = 0;  // the buffer that is being filled
  size_t filled_ = 0;
  uint64_t bytes_ = 0;
  Xxh64Stream hash_;

  // Of the thread, or of the caller while the thread is idle.
  uint64_t written_ = 0;
  bool direct_ = false;

  bool started_ = false;
  std::thread thread_;  // if it could be had
  std::mutex mutex_;    // guards what follows
  std::condition_variable changed_;
  const char* pending_ = nullptr;  // a buffer that is to be written
  int error_ = 0;
  bool ends_ = false;
};

}  // namespace runjob
