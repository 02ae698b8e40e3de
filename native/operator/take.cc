// Operators that only watch the stream: the first records, and the largest.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "operator/operators.h"

namespace runjob {
namespace {

class TakeCursor : public Cursor {
 public:
  TakeCursor(std::unique_ptr<Cursor> input, uint64_t count) : input_(std::move(input)), count_(count) {}

  uint64_t records_in() const override { return records_; }

 private:
  // Nothing after the last wanted record is read.
  Status Begin() override { return count_ == 0 ? Status::Ok() : Take(input_->Start()); }
  Status Read() override { return records_ == count_ ? Status::Ok() : Take(input_->Next()); }

  Status Take(Status status) {
    if (status.ok() && input_->valid()) {
      records_++;
      SetReady(input_->key(), input_->value());
    }
    return status;
  }

  const std::unique_ptr<Cursor> input_;
  const uint64_t count_;
  uint64_t records_ = 0;
};

class HeapTracker : public TopTracker {
 public:
  HeapTracker(std::unique_ptr<Cursor> input, const Layout& layout, size_t n) : input_(std::move(input)), n_(n) {
    const auto number = std::find(layout.begin(), layout.end(), ValueKind::kNumber);
    has_number_ = number != layout.end();
    fields_before_ = static_cast<size_t>(number - layout.begin());
  }

  uint64_t records_in() const override { return records_; }

  std::vector<Entry> Top() const override {
    std::vector<Entry> top = heap_;
    std::sort(top.begin(), top.end(), Better);
    return top;
  }

 private:
  Status Begin() override { return Watch(input_->Start()); }
  Status Read() override { return Watch(input_->Next()); }

  Status Watch(Status status) {
    if (!status.ok() || !input_->valid()) return status;
    records_++;
    SetReady(input_->key(), input_->value());
    double number;
    if (n_ > 0 && has_number_ && FirstNumber(value(), &number)) Offer(key(), number);
    return status;
  }

  // The fields before it, if any, are bytes with their length.
  bool FirstNumber(Slice value, double* number) const {
    size_t at = 0;
    for (size_t i = 0; i < fields_before_; i++) {
      uint32_t size;
      if (at + sizeof(size) > value.size) return false;
      std::memcpy(&size, value.data + at, sizeof(size));
      at += sizeof(size) + size;
    }
    if (at + sizeof(*number) > value.size) return false;
    std::memcpy(number, value.data + at, sizeof(*number));
    return !std::isnan(*number);
  }

  // heap_ has the worst entry on top, where the next one that is better replaces it.
  void Offer(Slice key, double number) {
    if (heap_.size() < n_) {
      heap_.push_back(Entry{key.ToString(), number});
      std::push_heap(heap_.begin(), heap_.end(), Better);
      return;
    }
    const Entry& worst = heap_.front();
    if (number < worst.number || (number == worst.number && Compare(key, worst.key) >= 0)) return;
    std::pop_heap(heap_.begin(), heap_.end(), Better);
    heap_.back() = Entry{key.ToString(), number};
    std::push_heap(heap_.begin(), heap_.end(), Better);
  }

  static bool Better(const Entry& a, const Entry& b) {
    if (a.number != b.number) return a.number > b.number;
    return Compare(a.key, b.key) < 0;
  }

  const std::unique_ptr<Cursor> input_;
  const size_t n_;
  bool has_number_ = false;
  size_t fields_before_ = 0;
  std::vector<Entry> heap_;
  uint64_t records_ = 0;
};

}  // namespace

std::unique_ptr<Cursor> NewTake(std::unique_ptr<Cursor> input, uint64_t count) {
  return std::make_unique<TakeCursor>(std::move(input), count);
}

std::unique_ptr<TopTracker> NewTopTracker(std::unique_ptr<Cursor> input, Layout layout, size_t n) {
  return std::make_unique<HeapTracker>(std::move(input), layout, n);
}

}  // namespace runjob
