// Parts of a compiled expression, and what they are evaluated on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "column/type.h"
#include "column/vector.h"

namespace runjob {

// Which rows of vectors count.
struct Rows {
  size_t size = 0;                      // of the vectors
  const uint16_t* selection = nullptr;  // null: all; else the rows that count, ascending
  size_t count = 0;

  size_t operator[](size_t i) const { return selection == nullptr ? i : selection[i]; }
  // Whether a loop over the rows that count is faster than one over all.
  bool sparse() const { return selection != nullptr && count < size / 4; }
};

inline Rows AllRows(size_t size) { return {size, nullptr, size}; }

struct Frame {
  const std::vector<Vector>* columns;
  Rows rows;
};

class Node {
 public:
  explicit Node(Type type) : type_(std::move(type)) {}
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const Type& type() const { return type_; }
  // As Expression::Evaluate. Bytes of values of type string and binary, and children of lists, may be those of the columns, or
  // of other nodes below. An error's offset is a row.
  virtual Status Evaluate(const Frame& frame, Vector* result) = 0;
  // As Expression::Select.
  virtual Status Select(const Frame& frame, uint16_t* selection, size_t* count);
  // The same value for all rows of all batches.
  virtual bool literal() const { return false; }

 private:
  const Type type_;
};

// A vector of nulls.
Vector NullVector(const Type& type);

// Keeps of the rows that count those that are valid; returns how many. `selection` may be that of `rows`.
size_t SelectValid(const Rows& rows, const Vector& vector, uint16_t* selection);
size_t SelectNull(const Rows& rows, const Vector& vector, uint16_t* selection);

}  // namespace runjob
