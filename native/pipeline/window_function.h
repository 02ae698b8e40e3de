// Window functions: what each makes of the rows around a row.
//
//   function   u8 0, u8 which (WindowRank), u32 n, field              of the place of a row: row_number, rank ... ntile(n)
//              u8 1, i64 distance, field, expression, u8 has other, expression if so
//                                                                      the value so many rows after the row, else the other one: lag, lead
//              u8 2, frame, u32 n, field, expression                  the n-th value of the frame, from 1 on
//              u8 3, frame, values (group_values.h)                   aggregates of the frame
//
// Expressions are over the rows themselves.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "column/expression.h"
#include "column/program.h"
#include "column/rows.h"
#include "column/type.h"
#include "column/vector.h"
#include "pipeline/window_rows.h"

namespace runjob {

enum class WindowRank : uint8_t {
  kRowNumber = 0,
  kRank = 1,
  kDenseRank = 2,
  kPercentRank = 3,
  kCumeDist = 4,
  kNtile = 5,
};

class WindowFunction {
 public:
  virtual ~WindowFunction() = default;

  const Schema& results() const { return results_; }
  // Adds results for rows up to `end`, which can be seen, in their order. `ready`: for all of them. Otherwise some depend on rows that
  // cannot be seen yet: call again.
  Status Run(uint64_t end, bool* ready) {
    for (; next_ < end; next_++) {
      RUNJOB_RETURN_IF_ERROR(current_.Seek(next_));
      RUNJOB_RETURN_IF_ERROR(Next(next_, current_.flags(), ready));
      if (!*ready) return Status::Ok();
    }
    *ready = true;
    return Status::Ok();
  }
  // Those that were added since Clear().
  const Batch& batch() { return decoder_->batch(); }
  size_t result_bytes() const { return result_bytes_; }
  // Drops the results, and begins with so many rows of nulls.
  Status Clear(size_t nulls) {
    const std::string row((results_.size() + 7) / 8, '\xFF');
    decoder_->Clear();
    for (size_t i = 0; i < nulls; i++) RUNJOB_RETURN_IF_ERROR(decoder_->Add(row));
    result_bytes_ = 0;
    return Status::Ok();
  }
  // The first row that it may still look at.
  uint64_t needs() const { return std::min(next_, Oldest()); }
  virtual size_t bytes() const { return decoder_->bytes(); }

 protected:
  explicit WindowFunction(WindowRows* rows) : current_(rows) {}
  void SetResults(Schema results) {
    results_ = std::move(results);
    decoder_ = NewRowDecoder(results_);
  }

  // A row of results.
  Status Give(Slice row) {
    result_bytes_ += row.size;
    return decoder_->Add(row);
  }
  // Gives the results for a row, unless it is not `known` yet.
  virtual Status Next(uint64_t row, uint8_t flags, bool* known) = 0;
  virtual uint64_t Oldest() const { return next_; }

 private:
  WindowPlace current_;  // of the next row
  uint64_t next_ = 0;
  Schema results_;
  std::unique_ptr<RowDecoder> decoder_;
  size_t result_bytes_ = 0;
};

// An expression's value in any row.
class WindowValue {
 public:
  explicit WindowValue(WindowRows* rows) : place_(rows) {}
  Status Read(ProgramReader* program, const Schema& schema) {
    return Expression::Compile(program, schema, &expression_);
  }
  const Type& type() const { return expression_->type(); }
  // Replaces `result` with the value as a row of this one column.
  Status At(uint64_t row, std::string* result);

 private:
  std::unique_ptr<Expression> expression_;
  WindowPlace place_;
  std::shared_ptr<const WindowChunk> evaluated_;  // of which `values_` are
  std::vector<Vector> values_{1};
};

// Each reads what follows the byte that names it. `schema` must stay where it is.
Status CompileWindowRank(ProgramReader* program, WindowRows* rows, std::unique_ptr<WindowFunction>* function);
Status CompileWindowShift(ProgramReader* program, const Schema& schema, WindowRows* rows,
                          std::unique_ptr<WindowFunction>* function);
Status CompileWindowNth(ProgramReader* program, const Schema& schema, WindowRows* rows,
                        std::unique_ptr<WindowFunction>* function);
Status CompileWindowAggregates(ProgramReader* program, const Schema& schema, WindowRows* rows,
                               std::unique_ptr<WindowFunction>* function);

}  // namespace runjob
