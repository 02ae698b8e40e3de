// Which of the pairs of rows that a join has put side by side come out: those for which the residual condition is true, and
// rows that have no such pair, in the places that were kept for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "column/expression.h"
#include "column/program.h"
#include "column/vector.h"
#include "pipeline/join_type.h"

namespace runjob {

class PairFilter {
 public:
  explicit PairFilter(RowJoin type) : type_(type) {}

  // `columns`: of both sides. They must stay where they are.
  Status ReadResidual(ProgramReader* program, const Schema& columns) {
    bool has_residual = false;
    if (!program->Read(&has_residual)) return BadProgram();
    if (!has_residual) return Status::Ok();
    RUNJOB_RETURN_IF_ERROR(Expression::Compile(program, columns, &residual_));
    return residual_->type().id == TypeId::kBoolean ? Status::Ok() : BadProgram();
  }
  bool has_residual() const { return residual_ != nullptr; }

  // What each row of the next batch is, in their order.
  void AddGiven() { kinds_.push_back(kGiven); }  // comes out
  void AddPair() { kinds_.push_back(kPair); }    // comes out if the condition is true, unless the join gives no pairs
  // After the pairs of a left row: that row, which comes out if one of them is true (semi), or none. A left row's pairs may be in more
  // than one batch.
  void AddLeftEnd() { kinds_.push_back(kLeftEnd); }
  // Whether the pairs of a left row are followed by its end.
  bool has_left_ends() const { return has_residual() && (GivesLoneLeft(type_) || type_ == RowJoin::kSemi); }

  // Replaces the selection of the batch, all of whose rows have been added, and calls matched(i) for each pair i that matches. Only
  // the columns that the join gives may be passed on. Valid until the next call.
  template <class Matched>
  Status Select(Batch* pairs, const Matched& matched) {
    size_t count = 0;
    for (size_t i = 0; i < kinds_.size(); i++) {
      if (kinds_[i] == kPair) candidates_[count++] = static_cast<uint16_t>(i);
    }
    size_t matches = 0;
    if (count > 0) {
      pairs->selection = candidates_;
      pairs->count = count;
      RUNJOB_RETURN_IF_ERROR(residual_->Select(*pairs, matches_, &matches));
    }
    size_t given = 0;
    size_t next = 0;
    for (size_t i = 0; i < kinds_.size(); i++) {
      bool comes_out = kinds_[i] == kGiven;
      if (kinds_[i] == kPair && next < matches && matches_[next] == i) {
        next++;
        matched(i);
        left_matched_ = true;
        comes_out = GivesPairs(type_);
      } else if (kinds_[i] == kLeftEnd) {
        comes_out = left_matched_ == (type_ == RowJoin::kSemi);
        left_matched_ = false;
      }
      if (comes_out) selection_[given++] = static_cast<uint16_t>(i);
    }
    kinds_.clear();
    pairs->selection = selection_;
    pairs->count = given;
    return Status::Ok();
  }

 private:
  enum Kind : uint8_t { kGiven, kPair, kLeftEnd };

  const RowJoin type_;
  std::unique_ptr<Expression> residual_;
  std::vector<Kind> kinds_;
  bool left_matched_ = false;  // of the left row whose end is to come
  uint16_t candidates_[kVectorRows];
  uint16_t matches_[kVectorRows];
  uint16_t selection_[kVectorRows];
};

// A row of nulls (column/rows.h).
inline std::string NullRow(size_t columns) {
  std::string row(columns / 8, '\xFF');
  if (columns % 8 != 0) row.push_back(static_cast<char>((1 << columns % 8) - 1));
  return row;
}

// The columns that a join gives.
inline Schema JoinedSchema(RowJoin type, const Schema& left, const Schema& right) {
  Schema joined = left;
  if (!GivesPairs(type)) return joined;
  for (Field& field : joined) field.nullable |= GivesLoneRight(type);
  for (Field field : right) {
    field.nullable |= GivesLoneLeft(type);
    joined.push_back(field);
  }
  return joined;
}

inline Schema BothSides(const Schema& left, const Schema& right) {
  Schema both = left;
  both.insert(both.end(), right.begin(), right.end());
  return both;
}

}  // namespace runjob
