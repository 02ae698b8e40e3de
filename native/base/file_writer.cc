#include "base/file_writer.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <system_error>
#include <utility>

namespace runjob {

FileWriter::FileWriter(int fd) : file_(fcntl(fd, F_DUPFD_CLOEXEC, 0)) {
  if (file_.fd < 0) error_ = errno;
}

FileWriter::~FileWriter() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

int FileWriter::Write(Slice bytes) {
  hash_.Add(bytes);
  bytes_ += bytes.size;
  while (bytes.size > 0) {
    if (buffers_[filling_].data() == nullptr) buffers_[filling_] = PageArray<char>(kBufferBytes);
    const size_t n = std::min(bytes.size, kBufferBytes - filled_);
    std::memcpy(buffers_[filling_].data() + filled_, bytes.data, n);
    filled_ += n;
    bytes = Slice(bytes.data + n, bytes.size - n);
    if (filled_ < kBufferBytes) break;
    const int error = HandOver();
    if (error != 0) return error;
  }
  return 0;
}

int FileWriter::Finish() {
  const int error = WaitUntilIdle();
  if (error != 0) return error;
  // The rest may not fill a page.
  if (direct_) direct_ = SetDirect(file_.fd, false);
  return WriteNow(buffers_[filling_].data(), std::exchange(filled_, 0));
}

void FileWriter::Start() {
  started_ = true;
  direct_ = SetDirect(file_.fd, true);
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
    // If there are too many threads, the caller waits for each buffer.
  }
}

int FileWriter::HandOver() {
  const int error = WaitUntilIdle();
  if (error != 0) return error;
  if (!started_) Start();
  const char* const buffer = buffers_[filling_].data();
  filled_ = 0;
  if (!thread_.joinable()) return error_ = WriteNow(buffer, kBufferBytes);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    pending_ = buffer;
  }
  changed_.notify_all();
  filling_ ^= 1;
  return 0;
}

int FileWriter::WaitUntilIdle() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return pending_ == nullptr; });
  return error_;
}

void FileWriter::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return pending_ != nullptr || ends_; });
    if (pending_ == nullptr) return;
    lock.unlock();
    const int error = WriteNow(pending_, kBufferBytes);
    lock.lock();
    error_ = error;
    pending_ = nullptr;
    changed_.notify_all();
  }
}

int FileWriter::WriteNow(const char* data, size_t n) {
  bool done = WriteAt(file_.fd, data, n, written_);
  if (!done && errno == EINVAL && direct_) {
    // A filesystem that wants more than pages, or a write that ended within one.
    direct_ = SetDirect(file_.fd, false);
    done = WriteAt(file_.fd, data, n, written_);
  }
  if (!done) return errno;
  written_ += n;
  return 0;
}

}  // namespace runjob
