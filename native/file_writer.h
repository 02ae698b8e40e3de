// Writes a file from its start, past the page cache, while the caller goes on: a buffer is filled as the one before is being
// written, by a thread of its own.
//
// For files that must be on the disk before they count. In the page cache they would take memory from what is read again, and
// a copy, and what flushed them would wait for all of it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>

#include "file.h"
#include "hash.h"
#include "page_array.h"
#include "slice.h"

namespace runjob {

class FileWriter {
 public:
  // `fd` is that of an empty file, which is opened once more: a thread that is ended may leave `fd` closed, or to another file.
  explicit FileWriter(int fd);
  // What has not been written by then may be missing.
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  // Both return 0, or the errno of this write or of one before; nothing more is written then.
  int Write(Slice bytes);
  // Waits until all is written, the rest that fills no buffer, too. Nothing may be written afterwards.
  int Finish();

  // Of all that was given to Write.
  uint64_t bytes() const { return bytes_; }
  uint64_t Digest() const { return hash_.Digest(); }

 private:
  static constexpr size_t kBufferBytes = size_t{1} << 20;

  void Start();
  // Hands the full buffer over to the thread, when that is done with the other one.
  int HandOver();
  int WaitUntilIdle();
  void Run();
  // Writes behind what is written; returns 0 or the errno.
  int WriteNow(const char* data, size_t n);

  const File file_;
  PageArray<char> buffers_[2];
  size_t filling_ = 0;  // the buffer that is being filled
  size_t filled_ = 0;
  uint64_t bytes_ = 0;
  Xxh64Stream hash_;

  // Of whoever writes: the thread, or the caller while that has nothing to do.
  uint64_t written_ = 0;
  bool direct_ = false;

  bool started_ = false;
  std::thread thread_;  // if it could be had
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  const char* pending_ = nullptr;  // a buffer that is to be written
  int error_ = 0;
  bool ends_ = false;
};

}  // namespace runjob
