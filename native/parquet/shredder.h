// Takes lists and structs apart into the levels and values of their leaves: the opposite of assemble.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "column/vector.h"
#include "parquet/chunk_writer.h"

namespace runjob::parquet {

// Of one leaf below a column.
class Shredder {
 public:
  // From the column to the leaf.
  struct Step {
    TypeId id;
    bool nullable;
    uint32_t child;      // kStruct: which field
    uint8_t absent;      // definition level of a null
    uint8_t present;     // of a value; of a list, of an empty one
    uint8_t repetition;  // kList: of elements after the first
  };

  // `chunk` must stay where it is.
  Shredder(std::vector<Step> steps, ChunkWriter* chunk) : steps_(std::move(steps)), chunk_(chunk) {}

  // Of the column.
  Status AddRows(const Vector& column, const uint32_t* rows, size_t count);

 private:
  bool Walk(const Vector& vector, size_t row, size_t depth, uint8_t repetition);

  const std::vector<Step> steps_;
  ChunkWriter* const chunk_;
  std::vector<uint32_t> values_;  // of a row, by their place in the leaf's vector
};

}  // namespace runjob::parquet
