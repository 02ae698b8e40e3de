// How many different values there are, about, in a sketch of a fixed size: HyperLogLog.
//
// Sources: Flajolet et al., HyperLogLog (2007), for the registers; Ertl, New cardinality estimation algorithms for HyperLogLog sketches
// (2017), algorithm 6, for the estimate, which needs no corrections by tables.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/arena.h"
#include "base/slice.h"

namespace runjob {

// In an arena; all zeros: empty. With few values it has their hashes, and the count is exact; with more, registers of a byte each. Which of
// the two follows from the values alone, as all else, so neither their order nor that of merging shows.
class HyperLogLog {
 public:
  static constexpr uint32_t kLeastPrecision = 4;
  static constexpr uint32_t kMostPrecision = 18;

  // 2^precision registers, which must be the same in all calls: the standard error is 1.04 / sqrt(2^precision).
  void Add(uint64_t hash, uint32_t precision, Arena* arena);
  uint64_t Estimate(uint32_t precision) const;

  // What Merge takes; valid until something is added.
  Slice slice(uint32_t precision) const {
    return Slice(data_, size_ == kRegisters ? size_t{1} << precision : size_ * sizeof(uint64_t));
  }
  // Adds all of another one. False: these bytes are none.
  bool Merge(Slice other, uint32_t precision, Arena* arena);

 private:
  static constexpr uint32_t kRegisters = UINT32_MAX;  // as size_

  // As many as take less room than the registers.
  static size_t MostHashes(uint32_t precision) { return ((size_t{1} << precision) - 1) / sizeof(uint64_t); }
  uint64_t* hashes() const { return reinterpret_cast<uint64_t*>(data_); }
  uint8_t* registers() const { return reinterpret_cast<uint8_t*>(data_); }
  void MakeRegisters(uint32_t precision, Arena* arena);
  void Raise(uint64_t hash, uint32_t precision);

  char* data_;
  uint32_t size_;  // hashes, ascending
  uint32_t capacity_;
};

}  // namespace runjob
