#include <optional>

#include "function/call.h"
#include "function/functions.h"
#include "function/host.h"
#include "function/like.h"
#include "function/value_text.h"

namespace runjob {

namespace {

using T = TypeId;

class LikeKernel : public Kernel {
 public:
  // Of a pattern that never changes.
  explicit LikeKernel(std::optional<LikePattern> pattern) : pattern_(std::move(pattern)) {}

  bool can_fail() const override { return !pattern_.has_value(); }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    const Reader<StringView> texts(args[0]);
    uint8_t* const results = out->values<uint8_t>();
    Status status;
    ForValid(rows, validity, [&](size_t row) {
      const LikePattern* pattern = &*pattern_;
      if (!pattern_.has_value()) {
        std::string problem;
        const Slice text = args[1].at<StringView>(row).slice();
        if (!Parse(text, args[2].at<StringView>(row).slice(), &problem)) {
          status =
              Status::BadRecord("ARGUMENT_INVALID", "like " + Quoted(text) + ": " + problem, static_cast<int64_t>(row));
          return false;
        }
        pattern = &parsed_;
      }
      results[row] = pattern->Matches(texts[row].slice());
      return true;
    });
    return status;
  }

 private:
  bool Parse(Slice pattern, Slice escape, std::string* problem) {
    if (known_ && pattern == Slice(pattern_text_) && escape == Slice(escape_text_)) return true;
    known_ = parsed_.Parse(pattern, escape, problem);
    pattern_text_ = pattern.ToString();
    escape_text_ = escape.ToString();
    return known_;
  }

  const std::optional<LikePattern> pattern_;
  // The last one, which is often the next one, too.
  LikePattern parsed_;
  std::string pattern_text_, escape_text_;
  bool known_ = false;
};

std::unique_ptr<Node> MakeLike(Call* call) {
  if (!call->Is({T::kString, T::kString, T::kString}, T::kBoolean)) return nullptr;
  const Vector* const pattern = call->Literal(1);
  const Vector* const escape = call->Literal(2);
  std::optional<LikePattern> parsed;
  if (pattern != nullptr && escape != nullptr) {
    std::string problem;
    parsed.emplace();
    // A bad one is an error of the rows that ask for it.
    if (!parsed->Parse(pattern->at<StringView>(0).slice(), escape->at<StringView>(0).slice(), &problem)) parsed.reset();
  }
  return MakeCall(call, std::make_unique<LikeKernel>(std::move(parsed)));
}

// A function of the host on texts, of which each gives one, or several. The other arguments are its parameters.
template <class Take>
class HostKernel : public Kernel {
 public:
  HostKernel(std::string function, Take take) : function_(std::move(function)), take_(std::move(take)) {}

  bool can_fail() const override { return true; }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    asked_.clear();
    texts_.Clear();
    Status status;
    ForValid(rows, validity, [&](size_t row) {
      ReadParameters(args, row);
      // Rows with the same parameters are asked together: mostly these are literals.
      if (next_parameters_ != parameters_ || texts_.bytes.size() > kMostBytes) {
        status = Ask(out);
        if (!status.ok()) return false;
        std::swap(parameters_, next_parameters_);
      }
      asked_.push_back(static_cast<uint32_t>(row));
      texts_.Add(args[0].at<StringView>(row).slice());
      return true;
    });
    return status.ok() ? Ask(out) : status;
  }

 private:
  static constexpr size_t kMostBytes = size_t{16} << 20;

  void ReadParameters(const std::vector<Vector>& args, size_t row) {
    next_parameters_.clear();
    for (size_t i = 1; i < args.size(); i++) {
      next_parameters_.push_back(args[i].type->id == T::kInt ? std::to_string(args[i].at<int32_t>(row))
                                                             : args[i].at<StringView>(row).slice().ToString());
    }
  }

  Status Ask(VectorBuffer* out) {
    if (asked_.empty()) return Status::Ok();
    const bool several = out->type().id == T::kList;
    const Status status = CallHost(function_, parameters_, texts_, &given_, several ? &counts_ : nullptr);
    // The parameters are at fault: any row.
    if (!status.ok()) return Status::BadRecord(status.code(), status.detail(), asked_[0]);
    size_t next = 0;
    for (size_t i = 0; i < asked_.size(); i++) next = take_(given_, next, several ? counts_[i] : 1, asked_[i], out);
    asked_.clear();
    texts_.Clear();
    return Status::Ok();
  }

  const std::string function_;
  const Take take_;
  std::vector<std::string> parameters_;
  std::vector<std::string> next_parameters_;
  std::vector<uint32_t> asked_;  // rows
  Texts texts_;
  Texts given_;
  std::vector<uint32_t> counts_;
};

template <class Take>
std::unique_ptr<Node> MakeHost(Call* call, Take take) {
  return MakeCall(call, std::make_unique<HostKernel<Take>>(call->name, std::move(take)));
}

size_t TakeText(const Texts& given, size_t next, size_t, size_t row, VectorBuffer* out) {
  out->values<StringView>()[row] = out->heap().Copy(given.at(next));
  return next + 1;
}

std::unique_ptr<Node> MakeRlike(Call* call) {
  if (!call->Is({T::kString, T::kString}, T::kBoolean)) return nullptr;
  return MakeHost(call, [](const Texts& given, size_t next, size_t, size_t row, VectorBuffer* out) {
    out->values<uint8_t>()[row] = given.at(next).size > 0;
    return next + 1;
  });
}

std::unique_ptr<Node> MakeExtract(Call* call) {
  return call->Is({T::kString, T::kString, T::kInt}, T::kString) ? MakeHost(call, TakeText) : nullptr;
}

std::unique_ptr<Node> MakeRegexpReplace(Call* call) {
  return call->Is({T::kString, T::kString, T::kString}, T::kString) ? MakeHost(call, TakeText) : nullptr;
}

std::unique_ptr<Node> MakeSplit(Call* call) {
  if (!call->Is({T::kString, T::kString, T::kInt}, T::kList) || call->type.fields[0].type.id != T::kString)
    return nullptr;
  return MakeHost(call, [](const Texts& given, size_t next, size_t count, size_t row, VectorBuffer* out) {
    VectorBuffer& elements = out->child(0);
    out->values<ListRange>()[row] = {static_cast<uint32_t>(elements.size()), static_cast<uint32_t>(count)};
    for (size_t i = 0; i < count; i++) {
      const size_t element = elements.AppendRow();
      elements.values<StringView>()[element] = elements.heap().Copy(given.at(next + i));
    }
    return next + count;
  });
}

}  // namespace

std::vector<Function> MatchFunctions() {
  return {
      {"like", MakeLike},   {"rlike", MakeRlike}, {"regexpExtract", MakeExtract}, {"regexpReplace", MakeRegexpReplace},
      {"split", MakeSplit},
  };
}

}  // namespace runjob
