#include <algorithm>

#include "function/call.h"
#include "function/functions.h"

namespace runjob {

namespace {

// Three-valued; `decisive`: false decides an `and`, true an `or`, and the right side is not asked then.
template <bool decisive>
class LogicNode : public Node {
 public:
  LogicNode(Type type, std::vector<std::unique_ptr<Node>> args)
      : Node(std::move(type)), left_(std::move(args[0])), right_(std::move(args[1])), out_(this->type()) {}

  Status Evaluate(const Frame& frame, Vector* result) override {
    Vector left;
    RUNJOB_RETURN_IF_ERROR(left_->Evaluate(frame, &left));
    out_.Reset(frame.rows.size);
    uint8_t* const results = out_.values<uint8_t>();
    Rows open{frame.rows.size, selection_, 0};
    for (size_t i = 0; i < frame.rows.count; i++) {
      const size_t row = frame.rows[i];
      const bool valid = left.valid(row);
      const bool decided = valid & ((left.at<uint8_t>(row) != 0) == decisive);
      if (!valid) out_.SetNull(row);
      results[row] = decided ? decisive : !decisive;
      selection_[open.count] = static_cast<uint16_t>(row);
      open.count += decided ? 0 : 1;
    }
    if (open.count > 0) {
      Vector right;
      RUNJOB_RETURN_IF_ERROR(right_->Evaluate({frame.columns, open}, &right));
      for (size_t i = 0; i < open.count; i++) {
        const size_t row = selection_[i];
        if (!right.valid(row)) {
          out_.SetNull(row);
        } else if ((right.at<uint8_t>(row) != 0) == decisive) {
          results[row] = decisive;
          out_.SetValid(row);
        }
      }
    }
    *result = out_.vector();
    return Status::Ok();
  }

  Status Select(const Frame& frame, uint16_t* selection, size_t* count) override {
    if constexpr (!decisive) {
      RUNJOB_RETURN_IF_ERROR(left_->Select(frame, selection, count));
      const size_t kept = *count;
      return right_->Select({frame.columns, {frame.rows.size, selection, kept}}, selection, count);
    } else {
      size_t left = 0;
      RUNJOB_RETURN_IF_ERROR(left_->Select(frame, selected_, &left));
      // What the left side has not taken.
      size_t open = 0;
      for (size_t i = 0, taken = 0; i < frame.rows.count; i++) {
        const auto row = static_cast<uint16_t>(frame.rows[i]);
        const bool is_taken = taken < left && selected_[taken] == row;
        taken += is_taken ? 1 : 0;
        selection_[open] = row;
        open += is_taken ? 0 : 1;
      }
      size_t right = 0;
      RUNJOB_RETURN_IF_ERROR(right_->Select({frame.columns, {frame.rows.size, selection_, open}}, selection_, &right));
      std::merge(selected_, selected_ + left, selection_, selection_ + right, selection);
      *count = left + right;
      return Status::Ok();
    }
  }

 private:
  const std::unique_ptr<Node> left_;
  const std::unique_ptr<Node> right_;
  VectorBuffer out_;
  uint16_t selection_[kVectorRows];
  uint16_t selected_[kVectorRows];
};

template <bool decisive>
std::unique_ptr<Node> MakeLogic(Call* call) {
  if (!call->Is({TypeId::kBoolean, TypeId::kBoolean}, TypeId::kBoolean)) return nullptr;
  return std::make_unique<LogicNode<decisive>>(call->type, std::move(call->args));
}

std::unique_ptr<Node> MakeNot(Call* call) {
  if (!call->Is({TypeId::kBoolean}, TypeId::kBoolean)) return nullptr;
  return MakeCall(call, Total<uint8_t, uint8_t>([](uint8_t a) { return static_cast<uint8_t>(a == 0); }));
}

}  // namespace

std::vector<Function> LogicFunctions() {
  return {{"and", MakeLogic<false>}, {"or", MakeLogic<true>}, {"not", MakeNot}};
}

}  // namespace runjob
