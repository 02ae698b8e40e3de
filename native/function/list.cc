#include <algorithm>
#include <numeric>
#include <string>

#include "function/by_type.h"
#include "function/call.h"
#include "function/functions.h"
#include "function/order.h"

namespace runjob {

namespace {

using T = TypeId;

bool IsListOf(const Type& list, const Type& element) {
  return list.id == T::kList && SameValues(list.fields[0].type, element);
}

class ArrayKernel : public Kernel {
 public:
  bool strict() const override { return false; }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t*, VectorBuffer* out) override {
    ListRange* const results = out->values<ListRange>();
    VectorBuffer& elements = out->child(0);
    for (size_t i = 0; i < rows.count; i++) {
      const size_t row = rows[i];
      results[row] = {static_cast<uint32_t>(elements.size()), static_cast<uint32_t>(args.size())};
      for (const Vector& arg : args) elements.Append(arg, row);
    }
    return Status::Ok();
  }
};

std::unique_ptr<Node> MakeArray(Call* call) {
  if (!call->Alike(1) || !IsListOf(call->type, call->arg(0))) return nullptr;
  return MakeCall(call, std::make_unique<ArrayKernel>());
}

std::unique_ptr<Node> MakeSize(Call* call) {
  if (!call->Is({T::kList}, T::kInt)) return nullptr;
  return MakeCall(call, ByRow<int32_t, ListRange>(
                            [](const ListRange& list, Context*) { return static_cast<int32_t>(list.count); }));
}

// `element` counts from 1, and from the end below 0; `get` from 0.
template <bool fails>
class ElementKernel : public Kernel {
 public:
  bool can_fail() const override { return fails; }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    const Reader<ListRange> lists(args[0]);
    const Reader<int32_t> indexes(args[1]);
    Status status;
    ForValid(rows, validity, [&](size_t row) {
      const ListRange list = lists[row];
      const int64_t index = indexes[row];
      const int64_t at = !fails ? index : index > 0 ? index - 1 : index < 0 ? list.count + index : -1;
      if (at >= 0 && at < list.count) {
        out->Copy(row, args[0].children[0], list.start + static_cast<size_t>(at));
        return true;
      }
      if (!fails) {
        out->SetNull(row);
        return true;
      }
      const std::string text = "element " + std::to_string(index) + " of a list of " + std::to_string(list.count);
      status = Status::BadRecord("ARGUMENT_INVALID", text, static_cast<int64_t>(row));
      return false;
    });
    return status;
  }
};

template <bool fails>
std::unique_ptr<Node> MakeElement(Call* call) {
  if (call->args.size() != 2 || call->id(1) != T::kInt || !IsListOf(call->arg(0), call->type)) return nullptr;
  return MakeCall(call, std::make_unique<ElementKernel<fails>>());
}

// Null if no element is equal but one is null.
class ContainsKernel : public Kernel {
 public:
  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    const Reader<ListRange> lists(args[0]);
    const Vector& elements = args[0].children[0];
    uint8_t* const results = out->values<uint8_t>();
    ForValid(rows, validity, [&](size_t row) {
      const ListRange list = lists[row];
      bool has_null = false;
      results[row] = 0;
      for (uint32_t i = list.start; i < list.start + list.count && results[row] == 0; i++) {
        if (!elements.valid(i)) {
          has_null = true;
        } else {
          results[row] = CompareValues(elements, i, args[1], row) == 0;
        }
      }
      if (results[row] == 0 && has_null) out->SetNull(row);
      return true;
    });
    return Status::Ok();
  }
};

std::unique_ptr<Node> MakeContains(Call* call) {
  if (call->args.size() != 2 || call->type.id != T::kBoolean || !IsListOf(call->arg(0), call->arg(1))) return nullptr;
  return MakeCall(call, std::make_unique<ContainsKernel>());
}

class JoinKernel : public Kernel {
 public:
  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    const Reader<ListRange> lists(args[0]);
    const Reader<StringView> separators(args[1]);
    const Vector& elements = args[0].children[0];
    StringView* const results = out->values<StringView>();
    ForValid(rows, validity, [&](size_t row) {
      const ListRange list = lists[row];
      text_.clear();
      bool first = true;
      for (uint32_t i = list.start; i < list.start + list.count; i++) {
        if (!elements.valid(i)) continue;
        if (!first) text_.append(separators[row].slice().data, separators[row].size);
        first = false;
        const StringView& element = elements.at<StringView>(i);
        text_.append(element.slice().data, element.size);
      }
      results[row] = out->heap().Copy(text_);
      return true;
    });
    return Status::Ok();
  }

 private:
  std::string text_;
};

std::unique_ptr<Node> MakeJoin(Call* call) {
  if (!call->Is({T::kList, T::kString}, T::kString) || call->arg(0).fields[0].type.id != T::kString) return nullptr;
  return MakeCall(call, std::make_unique<JoinKernel>());
}

// The elements of a list, some of them, in another order: by their places in the child.
template <class Choose>
class ReorderKernel : public Kernel {
 public:
  explicit ReorderKernel(Choose choose) : choose_(choose) {}

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    const Reader<ListRange> lists(args[0]);
    ListRange* const results = out->values<ListRange>();
    VectorBuffer& elements = out->child(0);
    ForValid(rows, validity, [&](size_t row) {
      places_.resize(lists[row].count);
      std::iota(places_.begin(), places_.end(), lists[row].start);
      choose_(args, row, &places_);
      results[row] = {static_cast<uint32_t>(elements.size()), static_cast<uint32_t>(places_.size())};
      for (const uint32_t place : places_) elements.Append(args[0].children[0], place);
      return true;
    });
    return Status::Ok();
  }

 private:
  const Choose choose_;
  std::vector<uint32_t> places_;
};

// Nulls are the smallest.
int CompareElements(const Vector& elements, uint32_t a, uint32_t b) {
  const bool x = elements.valid(a), y = elements.valid(b);
  if (!x || !y) return static_cast<int>(x) - static_cast<int>(y);
  return CompareValues(elements, a, elements, b);
}

void SortElements(const std::vector<Vector>& args, size_t row, std::vector<uint32_t>* places) {
  const bool ascending = args[1].at<uint8_t>(row) != 0;
  std::stable_sort(places->begin(), places->end(), [&](uint32_t a, uint32_t b) {
    const int order = CompareElements(args[0].children[0], a, b);
    return ascending ? order < 0 : order > 0;
  });
}

// The first of equal ones stay, where they are.
void DistinctElements(const std::vector<Vector>& args, size_t, std::vector<uint32_t>* places) {
  const Vector& elements = args[0].children[0];
  std::vector<uint32_t> sorted = *places;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](uint32_t a, uint32_t b) { return CompareElements(elements, a, b) < 0; });
  sorted.erase(std::unique(sorted.begin(), sorted.end(),
                           [&](uint32_t a, uint32_t b) { return CompareElements(elements, a, b) == 0; }),
               sorted.end());
  std::sort(sorted.begin(), sorted.end());
  *places = std::move(sorted);
}

template <class Choose>
std::unique_ptr<Node> MakeReorder(Call* call, Choose choose) {
  return MakeCall(call, std::make_unique<ReorderKernel<Choose>>(choose));
}

std::unique_ptr<Node> MakeSort(Call* call) {
  if (!call->Is({T::kList, T::kBoolean}, T::kList) || !SameValues(call->arg(0), call->type)) return nullptr;
  return MakeReorder(call, SortElements);
}

std::unique_ptr<Node> MakeDistinct(Call* call) {
  if (!call->Is({T::kList}, T::kList) || !SameValues(call->arg(0), call->type)) return nullptr;
  return MakeReorder(call, DistinctElements);
}

template <bool largest>
class ExtremeKernel : public Kernel {
 public:
  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    const Reader<ListRange> lists(args[0]);
    const Vector& elements = args[0].children[0];
    ForValid(rows, validity, [&](size_t row) {
      const ListRange list = lists[row];
      int64_t best = -1;
      for (uint32_t i = list.start; i < list.start + list.count; i++) {
        if (!elements.valid(i)) continue;
        const int order = best < 0 ? 1 : CompareValues(elements, i, elements, static_cast<size_t>(best));
        if (best < 0 || (largest ? order > 0 : order < 0)) best = i;
      }
      if (best < 0) {
        out->SetNull(row);
      } else {
        out->Copy(row, elements, static_cast<size_t>(best));
      }
      return true;
    });
    return Status::Ok();
  }
};

template <bool largest>
std::unique_ptr<Node> MakeExtreme(Call* call) {
  if (call->args.size() != 1 || !IsListOf(call->arg(0), call->type)) return nullptr;
  return MakeCall(call, std::make_unique<ExtremeKernel<largest>>());
}

}  // namespace

std::vector<Function> ListFunctions() {
  return {
      {"array", MakeArray},
      {"size", MakeSize},
      {"element", MakeElement<true>},
      {"get", MakeElement<false>},
      {"arrayContains", MakeContains},
      {"arrayJoin", MakeJoin},
      {"sortArray", MakeSort},
      {"arrayDistinct", MakeDistinct},
      {"arrayMin", MakeExtreme<false>},
      {"arrayMax", MakeExtreme<true>},
  };
}

}  // namespace runjob
