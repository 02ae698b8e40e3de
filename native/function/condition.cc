#include <algorithm>

#include "function/by_type.h"
#include "function/call.h"
#include "function/functions.h"
#include "function/order.h"

namespace runjob {

namespace {

// Values that come from one branch or another, by row. A branch is evaluated for the rows that take it, and no others.
class BranchNode : public Node {
 public:
  BranchNode(Type type, std::vector<std::unique_ptr<Node>> args)
      : Node(std::move(type)), args_(std::move(args)), out_(this->type()) {}

 protected:
  void Start(const Frame& frame) {
    out_.Reset(frame.rows.size);
    open_ = {frame.rows.size, rest_, frame.rows.count};
    for (size_t i = 0; i < frame.rows.count; i++) rest_[i] = static_cast<uint16_t>(frame.rows[i]);
  }
  // The rows of `taken`, ascending, are not open any more.
  void Close(const uint16_t* taken, size_t count) {
    size_t left = 0;
    for (size_t i = 0, k = 0; i < open_.count; i++) {
      const bool is_taken = k < count && taken[k] == rest_[i];
      k += is_taken ? 1 : 0;
      rest_[left] = rest_[i];
      left += is_taken ? 0 : 1;
    }
    open_.count = left;
  }
  void Null() {
    for (size_t i = 0; i < open_.count; i++) out_.SetNull(rest_[i]);
  }
  Status Give(Vector vector, Vector* result) {
    *result = std::move(vector);
    result->type = &type();
    return Status::Ok();
  }

  const std::vector<std::unique_ptr<Node>> args_;
  VectorBuffer out_;
  Rows open_;  // without a branch so far
  uint16_t rest_[kVectorRows];
};

class CaseNode : public BranchNode {
 public:
  using BranchNode::BranchNode;

  Status Evaluate(const Frame& frame, Vector* result) override {
    Start(frame);
    Vector value;
    for (size_t i = 0; i + 1 < args_.size() && open_.count > 0; i += 2) {
      size_t count = 0;
      RUNJOB_RETURN_IF_ERROR(args_[i]->Select({frame.columns, open_}, taken_, &count));
      if (count == 0) continue;
      const Rows taken{open_.size, taken_, count};
      RUNJOB_RETURN_IF_ERROR(args_[i + 1]->Evaluate({frame.columns, taken}, &value));
      if (count == frame.rows.count) return Give(std::move(value), result);
      out_.CopyRows(taken, value);
      Close(taken_, count);
    }
    if (open_.count > 0) {
      if (args_.size() % 2 == 0) {
        Null();
      } else {
        RUNJOB_RETURN_IF_ERROR(args_.back()->Evaluate({frame.columns, open_}, &value));
        if (open_.count == frame.rows.count) return Give(std::move(value), result);
        out_.CopyRows(open_, value);
      }
    }
    *result = out_.vector();
    return Status::Ok();
  }

 private:
  uint16_t taken_[kVectorRows];
};

std::unique_ptr<Node> MakeCase(Call* call) {
  if (call->args.size() < 2) return nullptr;
  for (size_t i = 0; i < call->args.size(); i++) {
    const bool when = i % 2 == 0 && i + 1 < call->args.size();
    if (when ? call->id(i) != TypeId::kBoolean : !SameValues(call->arg(i), call->type)) return nullptr;
  }
  return std::make_unique<CaseNode>(call->type, std::move(call->args));
}

class CoalesceNode : public BranchNode {
 public:
  using BranchNode::BranchNode;

  Status Evaluate(const Frame& frame, Vector* result) override {
    Start(frame);
    Vector value;
    for (size_t i = 0; i < args_.size() && open_.count > 0; i++) {
      RUNJOB_RETURN_IF_ERROR(args_[i]->Evaluate({frame.columns, open_}, &value));
      const bool whole = open_.count == frame.rows.count;
      const size_t nulls = SelectNull(open_, value, null_);
      if (whole && (nulls == 0 || i + 1 == args_.size())) return Give(std::move(value), result);
      out_.CopyRows(open_, value);
      std::copy(null_, null_ + nulls, rest_);
      open_.count = nulls;
    }
    *result = out_.vector();
    return Status::Ok();
  }

 private:
  uint16_t null_[kVectorRows];
};

std::unique_ptr<Node> MakeCoalesce(Call* call) {
  if (!call->Alike(1) || !SameValues(call->arg(0), call->type)) return nullptr;
  return std::make_unique<CoalesceNode>(call->type, std::move(call->args));
}

// The first of the largest, or of the smallest.
template <class Before>
void Choose(const std::vector<Vector>& args, const Rows& rows, VectorBuffer* out, Before before) {
  for (size_t i = 0; i < rows.count; i++) {
    const size_t row = rows[i];
    size_t best = args.size();
    for (size_t k = 0; k < args.size(); k++) {
      if (args[k].valid(row) && (best == args.size() || before(args[k], args[best], row))) best = k;
    }
    if (best == args.size()) {
      out->SetNull(row);
    } else {
      out->Copy(row, args[best], row);
    }
  }
}

template <bool greatest>
class Extreme : public Kernel {
 public:
  bool strict() const override { return false; }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t*, VectorBuffer* out) override {
    if (args[0].type->is_nested()) {
      Choose(args, rows, out, [](const Vector& a, const Vector& b, size_t row) {
        const int order = CompareValues(a, row, b, row);
        return greatest ? order > 0 : order < 0;
      });
      return Status::Ok();
    }
    ByType(*args[0].type, [&]<class T>(Stored<T>) {
      Choose(args, rows, out, [](const Vector& a, const Vector& b, size_t row) {
        return greatest ? IsLess(b.at<T>(row), a.at<T>(row)) : IsLess(a.at<T>(row), b.at<T>(row));
      });
    });
    return Status::Ok();
  }
};

template <bool greatest>
std::unique_ptr<Node> MakeExtreme(Call* call) {
  if (!call->Alike(1) || !SameValues(call->arg(0), call->type)) return nullptr;
  return MakeCall(call, std::make_unique<Extreme<greatest>>());
}

}  // namespace

std::vector<Function> ConditionFunctions() {
  return {
      {"case", MakeCase},
      {"coalesce", MakeCoalesce},
      {"greatest", MakeExtreme<true>},
      {"least", MakeExtreme<false>},
  };
}

}  // namespace runjob
