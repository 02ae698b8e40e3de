// An expression over the columns of a batch, compiled once and evaluated batch by batch.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "column/program.h"
#include "column/type.h"
#include "column/vector.h"

namespace runjob {

class Expression {
 public:
  virtual ~Expression() = default;

  // Reads an expression over `input`, which must stay where it is. BAD_ARGUMENT where functions and types do not fit.
  static Status Compile(ProgramReader* program, const Schema& input, std::unique_ptr<Expression>* expression);

  virtual const Type& type() const = 0;
  virtual const std::vector<uint32_t>& columns() const = 0;  // that it reads: each once, ascending
  // The values of the rows that count, by row of the batch: nothing is moved together. Values of other rows are anything.
  // Valid until the next call, and as long as the batch. An error in a row that does not count never happens.
  virtual Status Evaluate(const Batch& batch, Vector* result) = 0;
  // REQUIRES: type() is boolean. The rows that count and are true, ascending: up to kVectorRows of them. `selection` may be
  // the batch's own.
  virtual Status Select(const Batch& batch, uint16_t* selection, size_t* count) = 0;
};

}  // namespace runjob
