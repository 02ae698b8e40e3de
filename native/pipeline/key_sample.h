// Whether keys that a table has given away come again later: of some of them, chosen by their hashes, the hashes stay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_set>

namespace runjob {

class KeySample {
 public:
  // A key that is given away.
  void Add(uint64_t hash) {
    if (hash % kOneOf != 0) return;
    keys_++;
    if (hashes_.count(hash) > 0) {
      found_++;
    } else if (hashes_.size() < kMost) {
      hashes_.insert(hash);
    }
  }
  // Ends what is given away at a time: whether so many of its keys had been given away before that a larger table is worth it.
  bool FoundMany() {
    const bool many = found_ * kFew > keys_;
    keys_ = found_ = 0;
    return many;
  }

 private:
  static constexpr uint64_t kOneOf = 64;
  static constexpr size_t kMost = 16384;
  static constexpr size_t kFew = 5;

  std::unordered_set<uint64_t> hashes_;
  size_t keys_ = 0;
  size_t found_ = 0;
};

}  // namespace runjob
