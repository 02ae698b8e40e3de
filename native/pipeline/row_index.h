// The rows of a join's table in memory, by their keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "aggregate/distinct.h"
#include "base/status.h"
#include "column/type.h"
#include "column/vector.h"

namespace runjob {

constexpr uint32_t kNoRow = UINT32_MAX;
constexpr size_t kMostTableRows = UINT32_MAX - 2;  // they have smaller numbers

// Filled by one thread, then read by any number of them.
class RowIndex {
 public:
  // Of about so many rows. `linked`: next() will be asked.
  static std::unique_ptr<RowIndex> Make(const std::vector<Type>& key_types, size_t rows, bool linked);
  virtual ~RowIndex() = default;

  // Takes the rows that count, none of which has a null in its key: the i-th one is row numbers[i] of the table. Numbers ascend.
  virtual Status Add(const Batch& batch, const std::vector<uint32_t>& on, const uint32_t* numbers) = 0;
  virtual void Complete() {}

  // Sets first[i] to the first row with the key of the i-th row that counts; kNoRow: there is none, or the key has a null. `keys` is
  // memory to work with.
  virtual Status Find(const Batch& batch, const std::vector<uint32_t>& on, KeyList* keys, uint32_t* first) const = 0;
  // The next one with the same key, in the order in which they were added, or kNoRow.
  uint32_t next(uint32_t row) const { return row < next_.size() ? next_[row] - 1 : kNoRow; }
  bool is_unique() const { return next_.empty(); }

  virtual size_t bytes() const { return next_.capacity() * sizeof(uint32_t); }

 protected:
  RowIndex(size_t rows, bool linked) : rows_(rows), linked_(linked) {}

  // First and last row of a key, each plus 1; 0: none.
  struct Rows {
    uint32_t first;
    uint32_t last;
  };
  void Append(Rows* rows, uint32_t number) {
    if (rows->first == 0) {
      rows->first = number + 1;
    } else if (linked_) {
      Link(rows->last - 1, number);
    }
    rows->last = number + 1;
  }

  const size_t rows_;

 private:
  void Link(uint32_t last, uint32_t number);

  const bool linked_;
  std::vector<uint32_t> next_;  // plus 1; empty while no key has come twice
};

// What one thread looks up.
class RowFinder {
 public:
  explicit RowFinder(const RowIndex* index) : index_(index) {}

  // As RowIndex::Find. Each entry of a dictionary is looked for once.
  Status Find(const Batch& batch, const std::vector<uint32_t>& on, uint32_t* first);

  size_t bytes() const { return of_code_.capacity() * sizeof(uint32_t); }

 private:
  Status FindCodes(const Batch& batch, const Vector& column, uint32_t* first);

  const RowIndex* const index_;
  KeyList keys_;
  uint64_t dictionary_ = 0;  // whose codes these are:
  std::vector<uint32_t> of_code_;
  uint16_t rows_[kVectorRows];
  uint32_t found_[kVectorRows];
};

}  // namespace runjob
