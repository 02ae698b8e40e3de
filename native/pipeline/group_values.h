// The aggregates of groups, and the states of all of them together.
//
//   values   u32 count, value...
//   value    u8 function (GroupFn), field of the result, u32 k, u8 whether nulls are ignored, u32 count, argument...
//
// An argument is an expression where rows come in, and a type where states do.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/status.h"
#include "column/expression.h"
#include "column/program.h"
#include "column/vector.h"
#include "pipeline/group_function.h"

namespace runjob {

class GroupValues {
 public:
  // `input`: of the rows that come in; null: states do. It must stay where it is.
  Status Read(ProgramReader* program, const Schema* input);

  size_t width() const { return width_; }  // of a state, which is zeros at first
  size_t size() const { return parts_.size(); }
  const Field& result(size_t i) const { return parts_[i].call.result; }
  // Whether the i-th value is a list of what came in.
  bool is_list(size_t i) const { return parts_[i].call.fn >= GroupFn::kCollectList; }
  // The values that count distinct: the j-th has tag j + 1.
  const std::vector<size_t>& distincts() const { return distincts_; }

  // Evaluates the arguments for a batch; an error's offset is its row. Valid until the next call, and as long as the batch.
  Status Evaluate(const Batch& batch);
  const std::vector<Vector>& args(size_t i) const { return parts_[i].values; }
  // Adds rows of this batch. The states' parts of a value begin at `offset`.
  void Update(const Batch& batch, size_t first, size_t n, char* const* states, Arena* arena);

  void Write(const char* state, std::string* out) const;
  // RUN_CORRUPT: the bytes are no state.
  Status Merge(char* state, Slice bytes, Arena* arena) const;
  // Counts one more value of the j-th of distincts().
  void CountDistinct(char* state, size_t j) const;
  // Replaces `row` with the results as a row.
  Status Finish(const char* state, std::string* row) const;

 private:
  struct Part {
    GroupCall call;
    std::unique_ptr<GroupFunction> function;
    size_t offset = 0;
    std::vector<std::unique_ptr<Expression>> expressions;
    std::vector<Vector> values;
  };

  std::deque<Part> parts_;  // functions refer to their calls' types
  std::vector<size_t> distincts_;
  size_t width_ = 0;
};

}  // namespace runjob
