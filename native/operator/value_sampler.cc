// A sample of the values that pass by: of the records whose number has a hash that ends in so many zero bits that few are left. So neither
// what is in them nor a pattern in their order decides, and the same records give the same sample.
#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "operator/operators.h"

namespace runjob {
namespace {

constexpr size_t kMostValues = 2048;
constexpr size_t kMostBytes = size_t{1} << 20;
constexpr int kMostZeroBits = 63;

class Sampler : public ValueSampler {
 public:
  explicit Sampler(std::unique_ptr<Cursor> input) : input_(std::move(input)) {}

  uint64_t records_in() const override { return number_; }

  std::vector<std::string> Values() const override {
    std::vector<std::string> values;
    for (const Kept& kept : kept_) values.push_back(kept.value);
    return values;
  }

 private:
  struct Kept {
    uint64_t hash;
    std::string value;
  };

  Status Begin() override { return Pass(input_->Start()); }
  Status Read() override { return Pass(input_->NextReady()); }

  Status Pass(Status status) {
    if (!status.ok() || !input_->valid()) return status;
    const Record* const end = input_->ready_end();
    for (const Record* record = input_->ready_begin(); record != end; record++) {
      const uint64_t hash = hash_internal::HashShort(number_++, 0, sizeof(number_));
      if ((hash & mask_) == 0) Keep(hash, record->value);
    }
    SetReady(input_->ready_begin(), end);
    return Status::Ok();
  }

  void Keep(uint64_t hash, Slice value) {
    kept_.push_back(Kept{hash, value.ToString()});
    bytes_ += value.size;
    while ((kept_.size() > kMostValues || bytes_ > kMostBytes) && zero_bits_ < kMostZeroBits) {
      mask_ = (uint64_t{1} << ++zero_bits_) - 1;
      kept_.erase(
          std::remove_if(kept_.begin(), kept_.end(), [this](const Kept& kept) { return (kept.hash & mask_) != 0; }),
          kept_.end());
      bytes_ = 0;
      for (const Kept& kept : kept_) bytes_ += kept.value.size();
    }
  }

  const std::unique_ptr<Cursor> input_;
  std::vector<Kept> kept_;
  size_t bytes_ = 0;
  int zero_bits_ = 0;
  uint64_t mask_ = 0;
  uint64_t number_ = 0;
};

}  // namespace

std::unique_ptr<ValueSampler> NewValueSampler(std::unique_ptr<Cursor> input) {
  return std::make_unique<Sampler>(std::move(input));
}

}  // namespace runjob
