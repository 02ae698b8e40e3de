// How the values of a group (value_list.h) go through an exchange to a function that asks for them by their places.
//
//   in a state    varint count, then the values if they are at most kBlock: u64...
//   block         key: its smallest value, u64 big endian; value: varint how often each comes, then all others: u64...
//
// Blocks of one list overlap in nothing but equal values, and all come in the order of their smallest. So what a reader has not yet
// passed on is at most a block of each list.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "pipeline/group_function.h"
#include "pipeline/value_list.h"

namespace runjob {

class ValueBlocks {
 public:
  static constexpr size_t kBlock = 128;  // values, a kilobyte

  // What is in a state.
  static void WriteState(const char* list, std::string* out) {
    const size_t n = Count(list);
    PutVarint(n, out);
    if (n > kBlock) return;
    ValueList::Each(list, [out](const uint64_t* values, size_t count) {
      out->append(reinterpret_cast<const char*>(values), count * sizeof(uint64_t));
    });
  }

  // Calls emit(key, value) for each block. A long list is cut into pieces, as if it were several lists.
  template <class Emit>
  Status Write(const char* list, const Emit& emit) {
    if (Count(list) <= kBlock) return Status::Ok();
    Status status;
    ValueList::Each(list, [&](const uint64_t* values, size_t count) {
      piece_.insert(piece_.end(), values, values + count);
      if (piece_.size() >= kPiece && status.ok()) status = WritePiece(emit);
    });
    return status.ok() ? WritePiece(emit) : status;
  }

 private:
  static constexpr size_t kPiece = size_t{1} << 16;  // half a megabyte

  static size_t Count(const char* list) {
    size_t n = 0;
    ValueList::Each(list, [&n](const uint64_t*, size_t count) { n += count; });
    return n;
  }

  template <class Emit>
  Status WritePiece(const Emit& emit) {
    const Status status = Divide(piece_.data(), piece_.data() + piece_.size(), emit);
    piece_.clear();
    return status;
  }

  // Quicksort, as far as blocks.
  template <class Emit>
  Status Divide(uint64_t* begin, uint64_t* end, const Emit& emit) {
    if (begin == end) return Status::Ok();
    if (static_cast<size_t>(end - begin) <= kBlock) {
      std::iter_swap(begin, std::min_element(begin, end));
      return WriteBlock(*begin, 1, begin + 1, end, emit);
    }
    uint64_t* const middle = begin + (end - begin) / 2;
    std::nth_element(begin, middle, end);
    const uint64_t value = *middle;
    const size_t times = static_cast<size_t>(std::count(begin, end, value));
    if (times <= kBlock) {
      RUNJOB_RETURN_IF_ERROR(Divide(begin, middle, emit));
      return Divide(middle, end, emit);
    }
    uint64_t* const equal = std::partition(begin, middle, [value](uint64_t x) { return x < value; });
    uint64_t* const larger = std::partition(middle, end, [value](uint64_t x) { return x == value; });
    RUNJOB_RETURN_IF_ERROR(Divide(begin, equal, emit));
    RUNJOB_RETURN_IF_ERROR(WriteBlock(value, times, end, end, emit));
    return Divide(larger, end, emit);
  }

  template <class Emit>
  Status WriteBlock(uint64_t least, uint64_t times, const uint64_t* begin, const uint64_t* end, const Emit& emit) {
    const uint64_t key = __builtin_bswap64(least);
    value_.clear();
    PutVarint(times, &value_);
    value_.append(reinterpret_cast<const char*>(begin), static_cast<size_t>(end - begin) * sizeof(uint64_t));
    return emit(Slice(reinterpret_cast<const char*>(&key), sizeof(key)), Slice(value_));
  }

  std::vector<uint64_t> piece_;
  std::string value_;
};

// The values of a group again, from all states, then all blocks in the order of their keys. RUN_CORRUPT where the bytes are none.
class RankedValues {
 public:
  // What ValueBlocks has written into a state. False: there are too few bytes.
  bool MergeState(StateReader* in) {
    uint64_t count;
    if (!in->ReadVarint(&count) || count > INT64_MAX - total_) return false;
    total_ += count;
    Slice values;
    if (count > ValueBlocks::kBlock) return true;
    if (!in->ReadBytes(count * sizeof(uint64_t), &values)) return false;
    Hold(values);
    return true;
  }

  // Calls take(values) for those that no later block comes before.
  template <class Take>
  Status AddBlock(Slice key, Slice value, const Take& take) {
    StateReader reader(value);
    uint64_t least, times;
    if (key.size != sizeof(least) || !reader.ReadVarint(&times) || times == 0) return Corrupt();
    std::memcpy(&least, key.data, sizeof(least));
    least = __builtin_bswap64(least);
    const Slice others = reader.rest();
    if (others.size % sizeof(uint64_t) != 0 || (times > 1 && others.size > 0)) return Corrupt();
    if (held_.size() + repeated_.size() >= most_) {
      const auto end = std::partition(held_.begin(), held_.end(), [least](uint64_t x) { return x < least; });
      RUNJOB_RETURN_IF_ERROR(PassOn(static_cast<size_t>(end - held_.begin()), take));
      most_ = std::max(kMost, 2 * held_.size());
    }
    if (times > 1) {
      repeated_.push_back({least, times});
      return Status::Ok();
    }
    held_.push_back(least);
    Hold(others);
    return Status::Ok();
  }

  // The group has no more: calls take(values) for all that are left.
  template <class Take>
  Status End(const Take& take) {
    RUNJOB_RETURN_IF_ERROR(PassOn(held_.size(), take));
    if (given_ != total_) return Corrupt();
    total_ = given_ = 0;
    most_ = kMost;
    return Status::Ok();
  }

  size_t bytes() const { return held_.capacity() * sizeof(uint64_t) + repeated_.capacity() * sizeof(Repeated); }

 private:
  struct Repeated {
    uint64_t value;
    uint64_t times;
  };

  static constexpr size_t kMost = size_t{1} << 16;

  static Status Corrupt() { return Status::Error("RUN_CORRUPT", "a group has not the values that were counted"); }

  void Hold(Slice values) {
    if (values.size == 0) return;
    const size_t n = held_.size();
    held_.resize(n + values.size / sizeof(uint64_t));
    std::memcpy(held_.data() + n, values.data, values.size);
  }

  // The first n that are held, and what repeats: no other value is smaller.
  template <class Take>
  Status PassOn(size_t n, const Take& take) {
    uint64_t* begin = held_.data();
    uint64_t* const end = begin + n;
    if (!repeated_.empty()) std::sort(begin, end);
    for (Repeated& repeated : repeated_) {
      uint64_t* const next = std::lower_bound(begin, end, repeated.value);
      RUNJOB_RETURN_IF_ERROR(Give(begin, static_cast<size_t>(next - begin), 1, take));
      RUNJOB_RETURN_IF_ERROR(Give(&repeated.value, 1, repeated.times, take));
      begin = next;
    }
    RUNJOB_RETURN_IF_ERROR(Give(begin, static_cast<size_t>(end - begin), 1, take));
    repeated_.clear();
    held_.erase(held_.begin(), held_.begin() + static_cast<ptrdiff_t>(n));
    return Status::Ok();
  }

  template <class Take>
  Status Give(uint64_t* values, size_t n, uint64_t times, const Take& take) {
    if (n == 0) return Status::Ok();
    if (times > total_ || n * times > total_ - given_) return Corrupt();
    take(RankedRun{values, n, times, given_, total_});
    given_ += n * times;
    return Status::Ok();
  }

  std::vector<uint64_t> held_;      // in any order
  std::vector<Repeated> repeated_;  // in their order
  size_t most_ = kMost;             // of both, before some are passed on
  uint64_t total_ = 0;              // of the group
  uint64_t given_ = 0;              // of these, passed on
};

}  // namespace runjob
