// States of groups by the codes of their columns: what has few values in a dictionary is looked up in a table once for each
// combination of them, not once for each row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "column/vector.h"
#include "pipeline/group_function.h"

namespace runjob {

class CodeStates {
 public:
  // Prepares for a batch, all of whose columns by which rows are grouped have codes: dictionaries and booleans. False: some have
  // none, or there are too many combinations; then all states are forgotten.
  bool Begin(const Batch& batch, const std::vector<uint32_t>& columns);

  // The combination of a row that counts, by its number among them. REQUIRES: Begin() was true.
  uint32_t operator[](size_t i) const { return combinations_[i]; }
  // Combinations in the batch whose states were not set, each once, and for each a row of the batch that has it. There is room for all rows.
  // Until the next Clear(), they count as set. REQUIRES: Begin() was true.
  size_t FindNew(const Batch& batch, uint16_t* rows, uint32_t* combinations);
  // Its state.
  char*& state(uint32_t combination) { return states_[combination]; }
  // How many are set: none where Begin() met other dictionaries.
  size_t size() const { return size_; }
  // Forgets all states.
  void Clear() { Reset(states_.size()); }

  // The rows that count, by state; null if there are many states for them. Valid until the next Begin(). REQUIRES: their states are set.
  const std::vector<StateRows>* SortRows(const Batch& batch);

 private:
  void Reset(size_t combinations) {
    states_.assign(combinations, nullptr);
    size_ = 0;
  }
  // Room for the states of a batch's combinations; those of the batch before stay if its dictionaries were the same.
  bool Prepare(const Batch& batch, const std::vector<uint32_t>& columns);

  std::vector<uint64_t> dictionaries_;  // of the columns, for which the states are
  std::vector<char*> states_;
  size_t size_ = 0;
  std::vector<uint32_t> combinations_;
  // Of SortRows(): by combination, rows of each half of the batch, all 0 between calls.
  std::vector<uint16_t> counts_[2];
  std::vector<uint32_t> present_;  // the combinations that there are
  std::vector<uint16_t> rows_;
  std::vector<StateRows> by_state_;
};

}  // namespace runjob
