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
  // Its state, null if it was not set.
  char*& state(uint32_t combination) { return states_[combination]; }
  // Forgets all states.
  void Clear() { states_.assign(states_.size(), nullptr); }

  // The rows that count, by state; null if there are many states for them. Valid until the next Begin(). REQUIRES: their states are set.
  const std::vector<StateRows>* SortRows(const Batch& batch);

 private:
  // Room for the states of a batch's combinations; those of the batch before stay if its dictionaries were the same.
  bool Prepare(const Batch& batch, const std::vector<uint32_t>& columns);

  std::vector<uint64_t> dictionaries_;  // of the columns, for which the states are
  std::vector<char*> states_;
  std::vector<uint32_t> combinations_;
  // Of SortRows(): by combination, rows of each half of the batch, all 0 between calls.
  std::vector<uint16_t> counts_[2];
  std::vector<uint32_t> present_;  // the combinations that there are
  std::vector<uint16_t> rows_;
  std::vector<StateRows> by_state_;
};

}  // namespace runjob
