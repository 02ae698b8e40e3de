// Memory for bytes that will be written: not zeroed, so that a size that a damaged file promises costs nothing until it is used.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>

namespace runjob {

class Buffer {
 public:
  // Readable after the bytes that were asked for, with any content: decoders load whole words.
  static constexpr size_t kPadding = 64;

  char* data() { return data_.get(); }
  const char* data() const { return data_.get(); }
  size_t capacity() const { return capacity_; }

  // Room for `bytes`, of which the first `keep` stay what they are.
  char* Reserve(size_t bytes, size_t keep = 0) {
    if (bytes <= capacity_ && data_) return data_.get();
    const size_t capacity = bytes + bytes / 4;
    std::unique_ptr<char[]> data(new char[capacity + kPadding]);
    std::memset(data.get() + capacity, 0, kPadding);
    if (keep > 0) std::memcpy(data.get(), data_.get(), keep);
    data_ = std::move(data);
    capacity_ = capacity;
    return data_.get();
  }
  template <class T>
  T* As(size_t count, size_t keep = 0) {
    return reinterpret_cast<T*>(Reserve(count * sizeof(T), keep * sizeof(T)));
  }

 private:
  std::unique_ptr<char[]> data_;
  size_t capacity_ = 0;
};

}  // namespace runjob
