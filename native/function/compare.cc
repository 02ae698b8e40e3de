#include <algorithm>
#include <cmath>
#include <type_traits>

#include "function/by_type.h"
#include "function/call.h"
#include "function/functions.h"
#include "function/order.h"

namespace runjob {

namespace {

enum class Op { kEq, kNe, kLt, kLe, kGt, kGe };

template <Op op, class T>
bool Holds(const T& a, const T& b) {
  switch (op) {
    case Op::kEq:
      return IsEqual(a, b);
    case Op::kNe:
      return !IsEqual(a, b);
    case Op::kLt:
      return IsLess(a, b);
    case Op::kLe:
      return !IsLess(b, a);
    case Op::kGt:
      return IsLess(b, a);
    case Op::kGe:
      return !IsLess(a, b);
  }
  return false;
}

bool Holds(Op op, int order) {
  switch (op) {
    case Op::kEq:
      return order == 0;
    case Op::kNe:
      return order != 0;
    case Op::kLt:
      return order < 0;
    case Op::kLe:
      return order <= 0;
    case Op::kGt:
      return order > 0;
    case Op::kGe:
      return order >= 0;
  }
  return false;
}

class NestedCompare : public Kernel {
 public:
  explicit NestedCompare(Op op) : op_(op) {}

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    uint8_t* const results = out->values<uint8_t>();
    ForValid(rows, validity, [&](size_t row) {
      results[row] = Holds(op_, CompareValues(args[0], row, args[1], row));
      return true;
    });
    return Status::Ok();
  }

 private:
  const Op op_;
};

template <Op op>
std::unique_ptr<Node> MakeCompare(Call* call) {
  if (call->type.id != TypeId::kBoolean || call->args.size() != 2 || !call->Alike(2)) return nullptr;
  const Type& type = call->arg(0);
  if (type.is_nested()) return MakeCall(call, std::make_unique<NestedCompare>(op));
  return MakeCall(call, ByType(type, []<class T>(Stored<T>) {
                    if constexpr (std::is_same_v<T, StringView>) {
                      return ByRow<uint8_t, T, T>([](const T& a, const T& b, Context*) { return Holds<op>(a, b); });
                    } else {
                      return Total<uint8_t, T, T>([](T a, T b) { return static_cast<uint8_t>(Holds<op, T>(a, b)); });
                    }
                  }));
}

class EqNullSafe : public Kernel {
 public:
  bool strict() const override { return false; }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t*, VectorBuffer* out) override {
    uint8_t* const results = out->values<uint8_t>();
    for (size_t i = 0; i < rows.count; i++) {
      const size_t row = rows[i];
      const bool a = args[0].valid(row), b = args[1].valid(row);
      results[row] = a && b ? CompareValues(args[0], row, args[1], row) == 0 : a == b;
    }
    return Status::Ok();
  }
};

std::unique_ptr<Node> MakeEqNullSafe(Call* call) {
  if (call->type.id != TypeId::kBoolean || call->args.size() != 2 || !call->Alike(2)) return nullptr;
  return MakeCall(call, std::make_unique<EqNullSafe>());
}

template <bool null>
class NullTest : public Kernel {
 public:
  bool strict() const override { return false; }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t*, VectorBuffer* out) override {
    uint8_t* const results = out->values<uint8_t>();
    for (size_t i = 0; i < rows.count; i++) results[rows[i]] = args[0].valid(rows[i]) != null;
    return Status::Ok();
  }
};

template <bool null>
std::unique_ptr<Node> MakeNullTest(Call* call) {
  if (call->type.id != TypeId::kBoolean || call->args.size() != 1) return nullptr;
  return MakeCall(call, std::make_unique<NullTest<null>>());
}

class NanTest : public Kernel {
 public:
  bool strict() const override { return false; }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t*, VectorBuffer* out) override {
    uint8_t* const results = out->values<uint8_t>();
    for (size_t i = 0; i < rows.count; i++) {
      results[rows[i]] = args[0].valid(rows[i]) && std::isnan(args[0].at<double>(rows[i]));
    }
    return Status::Ok();
  }
};

std::unique_ptr<Node> MakeNanTest(Call* call) {
  if (!call->Is({TypeId::kDouble}, TypeId::kBoolean)) return nullptr;
  return MakeCall(call, std::make_unique<NanTest>());
}

// Options are literals: few are compared one after another, more are looked up.
template <class T>
class InSet : public Kernel {
 public:
  // `literals`: the bytes of long options are theirs.
  InSet(std::vector<std::unique_ptr<Node>> literals, std::vector<T> options, bool has_null)
      : literals_(std::move(literals)), options_(std::move(options)), has_null_(has_null) {
    std::sort(options_.begin(), options_.end(), [](const T& a, const T& b) { return IsLess(a, b); });
  }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    const Reader<T> values(args[0]);
    uint8_t* const results = out->values<uint8_t>();
    ForValid(rows, validity, [&](size_t row) {
      results[row] = Has(values[row]);
      if (has_null_ && results[row] == 0) out->SetNull(row);
      return true;
    });
    return Status::Ok();
  }

 private:
  static constexpr size_t kFew = 8;

  bool Has(const T& value) const {
    if (options_.size() <= kFew) {
      return std::any_of(options_.begin(), options_.end(), [&](const T& option) { return IsEqual(value, option); });
    }
    return std::binary_search(options_.begin(), options_.end(), value,
                              [](const T& a, const T& b) { return IsLess(a, b); });
  }

  const std::vector<std::unique_ptr<Node>> literals_;
  std::vector<T> options_;
  const bool has_null_;
};

// Any options, each asked only where those before it were not equal.
class InNode : public Node {
 public:
  InNode(Type type, std::vector<std::unique_ptr<Node>> args)
      : Node(std::move(type)), args_(std::move(args)), out_(this->type()) {}

  Status Evaluate(const Frame& frame, Vector* result) override {
    Vector value;
    RUNJOB_RETURN_IF_ERROR(args_[0]->Evaluate(frame, &value));
    out_.Reset(frame.rows.size);
    uint8_t* const results = out_.values<uint8_t>();
    for (size_t i = 0; i < frame.rows.count; i++) {
      const size_t row = frame.rows[i];
      results[row] = 0;
      if (!value.valid(row)) out_.SetNull(row);
    }
    Rows rows = frame.rows;
    rows.count = SelectValid(rows, value, selection_);
    rows.selection = selection_;
    for (size_t k = 1; k < args_.size() && rows.count > 0; k++) {
      Vector option;
      RUNJOB_RETURN_IF_ERROR(args_[k]->Evaluate({frame.columns, rows}, &option));
      size_t left = 0;
      for (size_t i = 0; i < rows.count; i++) {
        const uint16_t row = selection_[i];
        if (!option.valid(row)) {
          out_.SetNull(row);
        } else if (CompareValues(value, row, option, row) == 0) {
          results[row] = 1;
          out_.SetValid(row);
          continue;
        }
        selection_[left++] = row;
      }
      rows.count = left;
    }
    *result = out_.vector();
    return Status::Ok();
  }

 private:
  const std::vector<std::unique_ptr<Node>> args_;
  VectorBuffer out_;
  uint16_t selection_[kVectorRows];
};

std::unique_ptr<Node> MakeIn(Call* call) {
  if (call->type.id != TypeId::kBoolean || !call->Alike(2)) return nullptr;
  const bool literal =
      std::all_of(call->args.begin() + 1, call->args.end(), [](const auto& arg) { return arg->literal(); });
  if (!literal || call->arg(0).is_nested()) return std::make_unique<InNode>(call->type, std::move(call->args));
  return ByType(call->arg(0), [call]<class T>(Stored<T>) {
    std::vector<T> options;
    bool has_null = false;
    for (size_t i = 1; i < call->args.size(); i++) {
      const Vector* const option = call->Literal(i);
      if (option == nullptr) {
        has_null = true;
      } else {
        options.push_back(option->at<T>(0));
      }
    }
    std::vector<std::unique_ptr<Node>> literals;
    for (size_t i = 1; i < call->args.size(); i++) literals.push_back(std::move(call->args[i]));
    call->args.resize(1);
    return MakeCall(call, std::make_unique<InSet<T>>(std::move(literals), std::move(options), has_null));
  });
}

}  // namespace

std::vector<Function> CompareFunctions() {
  return {
      {"eq", MakeCompare<Op::kEq>},
      {"ne", MakeCompare<Op::kNe>},
      {"lt", MakeCompare<Op::kLt>},
      {"le", MakeCompare<Op::kLe>},
      {"gt", MakeCompare<Op::kGt>},
      {"ge", MakeCompare<Op::kGe>},
      {"eqNullSafe", MakeEqNullSafe},
      {"isNull", MakeNullTest<true>},
      {"isNotNull", MakeNullTest<false>},
      {"isNaN", MakeNanTest},
      {"in", MakeIn},
  };
}

}  // namespace runjob
