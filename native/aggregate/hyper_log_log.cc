#include "aggregate/hyper_log_log.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace runjob {

namespace {

// sigma and tau of the paper: sums of series, until no more terms count.
double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double sum = x, weight = 1;
  for (double last = -1; sum != last; weight += weight) {
    x *= x;
    last = sum;
    sum += x * weight;
  }
  return sum;
}

// Of a register.
constexpr uint32_t MostRank(uint32_t precision) { return 64 - precision + 1; }

double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double sum = 1 - x, weight = 1;
  for (double last = -1; sum != last;) {
    x = std::sqrt(x);
    last = sum;
    weight *= 0.5;
    sum -= (1 - x) * (1 - x) * weight;
  }
  return sum / 3;
}

}  // namespace

void HyperLogLog::Add(uint64_t hash, uint32_t precision, Arena* arena) {
  if (size_ == kRegisters) return Raise(hash, precision);
  uint64_t* const place = std::lower_bound(hashes(), hashes() + size_, hash);
  const size_t at = static_cast<size_t>(place - hashes());
  if (at < size_ && *place == hash) return;
  if (size_ == MostHashes(precision)) {
    MakeRegisters(precision, arena);
    return Raise(hash, precision);
  }
  if (size_ == capacity_) {
    capacity_ = static_cast<uint32_t>(std::min<size_t>(std::max<size_t>(2, 2 * capacity_), MostHashes(precision)));
    char* const data = arena->Allocate(capacity_ * sizeof(uint64_t));
    if (size_ > 0) std::memcpy(data, data_, size_ * sizeof(uint64_t));
    data_ = data;
  }
  std::copy_backward(hashes() + at, hashes() + size_, hashes() + size_ + 1);
  hashes()[at] = hash;
  size_++;
}

void HyperLogLog::MakeRegisters(uint32_t precision, Arena* arena) {
  const uint64_t* const old = hashes();
  const uint32_t count = size_;
  const size_t m = size_t{1} << precision;
  data_ = arena->Allocate(m);
  std::memset(data_, 0, m);
  size_ = kRegisters;
  for (uint32_t i = 0; i < count; i++) Raise(old[i], precision);
}

// The first bits say which register; it has the largest number of zeros behind them, plus 1.
void HyperLogLog::Raise(uint64_t hash, uint32_t precision) {
  uint8_t& held = registers()[hash >> (64 - precision)];
  const uint64_t rest = hash << precision | uint64_t{1} << (precision - 1);
  held = std::max(held, static_cast<uint8_t>(std::countl_zero(rest) + 1));
}

uint64_t HyperLogLog::Estimate(uint32_t precision) const {
  if (size_ != kRegisters) return size_;
  const size_t m = size_t{1} << precision;
  const uint32_t most = MostRank(precision);
  uint32_t counts[64] = {};
  for (size_t i = 0; i < m; i++) counts[registers()[i]]++;
  const double size = static_cast<double>(m);
  double z = size * Tau(1 - counts[most] / size);
  for (uint32_t k = most - 1; k >= 1; k--) z = 0.5 * (z + counts[k]);
  z += size * Sigma(counts[0] / size);
  constexpr double kAlpha = 0.721347520444481703680;  // 1 / (2 ln 2)
  return static_cast<uint64_t>(std::min(std::round(kAlpha * size * size / z), 0x1p62));
}

bool HyperLogLog::Merge(Slice other, uint32_t precision, Arena* arena) {
  const size_t m = size_t{1} << precision;
  if (other.size < m) {
    if (other.size % sizeof(uint64_t) != 0) return false;
    for (size_t at = 0; at < other.size; at += sizeof(uint64_t)) {
      uint64_t hash;
      std::memcpy(&hash, other.data + at, sizeof(hash));
      Add(hash, precision, arena);
    }
    return true;
  }
  if (other.size > m) return false;
  if (size_ != kRegisters) MakeRegisters(precision, arena);
  for (size_t i = 0; i < m; i++) {
    const uint8_t rank = static_cast<uint8_t>(other.data[i]);
    if (rank > MostRank(precision)) return false;
    registers()[i] = std::max(registers()[i], rank);
  }
  return true;
}

}  // namespace runjob
