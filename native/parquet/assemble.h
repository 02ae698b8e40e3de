// Puts lists and structs together from the levels of their leaves.
//
// Source: Melnik et al., "Dremel: Interactive Analysis of Web-Scale Datasets", VLDB 2010
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "column/vector.h"
#include "parquet/leaf.h"
#include "parquet/leaf_reader.h"

namespace runjob::parquet {

class Assembler {
 public:
  // `readers` has one for each leaf of the node. All must stay where they are.
  Assembler(const Node& node, const Type& type, const std::vector<std::unique_ptr<LeafReader>>& readers);

  // Of `rows` rows, which all leaves have read. Valid until the next call, and as long as the readers' values.
  Status Assemble(size_t rows, Vector* vector) { return Build(0, 0, rows, vector); }

 private:
  // Finds the `count` values in what an element of a list, or a row, has: entries with this definition level at least, and a repetition
  // level of this one at most.
  Status Build(uint8_t definition, uint8_t repetition, size_t count, Vector* vector);
  Status BuildLeaf(uint8_t definition, size_t count, Vector* vector);
  Status BuildStruct(uint8_t definition, uint8_t repetition, size_t count, Vector* vector);
  Status BuildList(uint8_t definition, uint8_t repetition, size_t count, Vector* vector);
  void BuildNulls(size_t count, Vector* vector);
  // The lists as a leaf has them. False where it has another number.
  bool Ranges(const LeafReader& reader, uint8_t definition, uint8_t repetition, size_t count, ListRange* ranges,
              uint64_t* validity, size_t* elements) const;
  uint64_t* NewValidity(size_t count);
  Status Inconsistent() const;

  const Node& node_;
  const Type& type_;
  std::vector<const LeafReader*> leaves_;  // below the node
  std::vector<std::unique_ptr<Assembler>> children_;
  Buffer validity_;
  Buffer values_;
  Buffer others_;  // kList: ranges of another leaf
};

}  // namespace runjob::parquet
