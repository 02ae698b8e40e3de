// Measures a link of a pipeline from outside: the rows that it gets, and its time, with all that it passes them on to.
#pragma once

#include <chrono>
#include <cstdint>

#include "column/vector.h"

namespace runjob {

class Meter : public ColumnSink {
 public:
  explicit Meter(ColumnSink* link) : link_(link) {}

  Status Add(const Batch& batch) override {
    const Clock clock(&nanoseconds_);
    RUNJOB_RETURN_IF_ERROR(link_->Add(batch));
    rows_ += batch.count;
    return Status::Ok();
  }
  Status Finish() override {
    const Clock clock(&nanoseconds_);
    return link_->Finish();
  }
  bool done() const override { return link_->done(); }

  uint64_t rows() const { return rows_; }
  uint64_t nanoseconds() const { return nanoseconds_; }

 private:
  class Clock {
   public:
    explicit Clock(uint64_t* total) : total_(total), start_(std::chrono::steady_clock::now()) {}
    ~Clock() {
      const auto taken = std::chrono::steady_clock::now() - start_;
      *total_ += static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(taken).count());
    }

   private:
    uint64_t* const total_;
    const std::chrono::steady_clock::time_point start_;
  };

  ColumnSink* const link_;
  uint64_t rows_ = 0;
  uint64_t nanoseconds_ = 0;
};

}  // namespace runjob
