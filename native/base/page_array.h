#pragma once

#include <cstddef>
#include <utility>

#include "base/arena.h"

namespace runjob {

// An array directly from the system: zeroed, on huge pages, and returned to the system.
template <class T>
class PageArray {
 public:
  PageArray() = default;
  explicit PageArray(size_t n) : size_(n) {
    if (n > 0) data_ = reinterpret_cast<T*>(AllocatePages(n * sizeof(T)));
  }
  PageArray(PageArray&& other) noexcept { swap(other); }
  PageArray& operator=(PageArray&& other) noexcept {
    PageArray(std::move(other)).swap(*this);
    return *this;
  }
  ~PageArray() {
    if (data_ != nullptr) FreePages(reinterpret_cast<char*>(data_), size_ * sizeof(T));
  }
  T* data() const { return data_; }
  T& operator[](size_t i) const { return data_[i]; }

 private:
  void swap(PageArray& other) noexcept {
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
  }

  size_t size_ = 0;
  T* data_ = nullptr;
};

}  // namespace runjob
