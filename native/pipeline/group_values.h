// The aggregates of groups, and the states of all of them together.
//
//   values   u32 count, value...
//   value    u8 function (GroupFn), field of the result, u32 k, u8 whether nulls are ignored, u32 count, f64 fraction...,
//            u8 tag, u32 count, argument...
//
// An argument is an expression where rows come in, and a type where states do. A function with a tag sees its values in their order: they
// are part of the keys (group_table.h), and no state that is written holds them. Those of a kind with equal arguments share a tag, from 1 on.
// Where it does not matter how often a value came, the values of the tag are in the state while they are few (few_values.h). Where all values
// count, a table gathers them (value_list.h), and what it writes has them in blocks (value_blocks.h).
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/prefetch.h"
#include "base/status.h"
#include "column/expression.h"
#include "column/program.h"
#include "column/vector.h"
#include "pipeline/few_values.h"
#include "pipeline/group_function.h"
#include "pipeline/group_summary.h"
#include "pipeline/value_blocks.h"

namespace runjob {

class GroupValues {
 public:
  // `input`: of the rows that come in; null: states do. It must stay where it is.
  Status Read(ProgramReader* program, const Schema* input);

  size_t width() const { return width_; }  // of a state, which is zeros at first
  size_t size() const { return parts_.size(); }
  const Field& result(size_t i) const { return parts_[i].call.result; }
  // Whether a state of the i-th value holds all that came in.
  bool holds_values(size_t i) const;

  // The j-th has tag j + 1.
  struct Tag {
    TagKind kind;
    std::vector<size_t> values;  // that have it
    size_t offset = 0;           // in a state: of the few values, or of the list
  };
  const std::vector<Tag>& tags() const { return tags_; }
  bool has(TagKind kind) const;  // one of the tags
  bool all_ranked() const;       // all of them: states hold all values

  // Evaluates the arguments for a batch; an error's offset is its row. Valid until the next call, and as long as the batch.
  Status Evaluate(const Batch& batch);
  const std::vector<Vector>& args(size_t i) const { return parts_[i].values; }
  // Adds rows of this batch. `by_state`: null, or the same rows (GroupRows).
  void Update(const Batch& batch, size_t first, size_t n, char* const* states, const std::vector<StateRows>* by_state,
              Arena* arena);

  // Fetches what Write will read outside of the state.
  RUNJOB_PREFETCHER void PrefetchFew(const char* state) const {
    for (const Tag& tag : tags_) {
      if (tag.kind == TagKind::kDistinct) FewValues::Prefetch(state + tag.offset);
    }
  }
  void Write(const char* state, std::string* out) const;
  // What states have of the values of a tag.
  struct TagValues {
    std::string few;  // one behind another
    RankedValues ranked;
  };
  // `values`: of each tag. RUN_CORRUPT: the bytes are no state.
  Status Merge(char* state, Slice bytes, Arena* arena, std::vector<TagValues>* values) const;
  // As GroupFunction::AddValue and AddRanked, for all with that tag.
  void AddValue(char* state, const Tag& tag, Slice key, uint64_t times, Arena* arena) const;
  void AddRanked(char* state, const Tag& tag, const RankedRun& run, Arena* arena) const;
  // Replaces `row` with the results as a row.
  Status Finish(const char* state, std::string* row) const;

 private:
  struct Part {
    GroupCall call;
    std::unique_ptr<GroupFunction> function;
    size_t offset = 0;
    std::vector<std::unique_ptr<Expression>> expressions;
    std::vector<Vector> values;
    bool summarized = false;  // one of the summaries updates it
  };
  // Of all parts with the same argument.
  struct Summary {
    GroupSummary summary;
    Slice argument;  // in the program
    std::vector<size_t> parts;
  };

  void Summarize(size_t part, Slice argument);

  std::deque<Part> parts_;  // functions refer to their calls' types
  std::vector<Summary> summaries_;
  std::vector<Tag> tags_;
  size_t width_ = 0;
};

}  // namespace runjob
