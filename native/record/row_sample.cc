#include "record/row_sample.h"

#include <algorithm>

namespace runjob {

void RowSample::Keep(uint64_t hash, Slice key) {
  Kept& kept = kept_[hash];
  if (kept.count++ == 0) kept.key.assign(key.data, std::min(key.size, kKeyBytes));
  while (kept_.size() > kMostValues) {
    mask_ = (uint64_t{1} << ++zero_bits_) - 1;
    std::erase_if(kept_, [this](const auto& entry) { return (entry.first & mask_) != 0; });
  }
}

std::string RowSample::Encode() const {
  std::string bytes;
  const auto append = [&bytes](auto number) { bytes.append(reinterpret_cast<const char*>(&number), sizeof(number)); };
  append(zero_bits_);
  for (const auto& [hash, kept] : kept_) {
    append(hash);
    append(kept.count);
    append(static_cast<uint32_t>(kept.key.size()));
    bytes.append(kept.key);
  }
  return bytes;
}

}  // namespace runjob
