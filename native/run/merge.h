// Many sorted runs as one.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "record/cursor.h"
#include "record/sorted_record.h"

namespace runjob {

constexpr size_t kMaxMergeInputs = size_t{1} << kSpareBits;

// Merges sorted sources, at most kMaxMergeInputs, into one; equal keys keep the order of `inputs`.
// Cost: O(log inputs) comparisons a record, on copies of the keys' first 14 bytes.
// Source: Knuth, TAOCP vol. 3, 5.4.1 (loser tree).
std::unique_ptr<Cursor> NewMerge(std::vector<std::unique_ptr<RecordSource>> inputs, bool descending);

}  // namespace runjob
