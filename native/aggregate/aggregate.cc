#include "aggregate/aggregate.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "aggregate/bytes.h"
#include "aggregate/exact_sum.h"
#include "aggregate/sum.h"
#include "base/json.h"
#include "record/record.h"

namespace runjob {

namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr uint32_t kNothing = UINT32_MAX;  // serialized length of bytes that were never set

struct SeenNumber {
  double value = kMissing;
  uint64_t seen = 0;
};

// The k best items so far: a heap with the worst one in front.
template <class Item>
struct Top {
  Item* items = nullptr;
  uint32_t length = 0;
  uint32_t capacity = 0;

  void Reserve(uint32_t k, Arena* arena) {
    if (length < capacity) return;
    const uint64_t doubled = std::max<uint64_t>(uint64_t{capacity} * 2, 4);
    const uint32_t larger = static_cast<uint32_t>(std::min<uint64_t>(doubled, k));
    Item* moved = reinterpret_cast<Item*>(arena->Allocate(larger * sizeof(Item)));
    for (uint32_t i = 0; i < length; i++) new (&moved[i]) Item(items[i]);
    items = moved;
    capacity = larger;
  }
};

bool Better(double a, double b, bool ascending) { return ascending ? a < b : a > b; }
bool Better(Slice a, Slice b, bool ascending) { return ascending ? Compare(a, b) < 0 : Compare(a, b) > 0; }
bool Better(const Bytes& a, const Bytes& b, bool ascending) { return Better(a.slice(), b.slice(), ascending); }

void AddToTop(Top<double>* top, double x, const AggregateSpec& spec, Arena* arena) {
  const auto better = [&spec](double a, double b) { return Better(a, b, spec.ascending); };
  if (spec.k == 0 || x != x) return;
  if (top->length == spec.k) {
    if (!better(x, top->items[0])) return;
    std::pop_heap(top->items, top->items + top->length, better);
    top->items[top->length - 1] = x;
  } else {
    top->Reserve(spec.k, arena);
    new (&top->items[top->length++]) double(x);
  }
  std::push_heap(top->items, top->items + top->length, better);
}

void AddToTop(Top<Bytes>* top, Slice x, const AggregateSpec& spec, Arena* arena) {
  const auto better = [&spec](const Bytes& a, const Bytes& b) { return Better(a, b, spec.ascending); };
  if (spec.k == 0) return;
  if (top->length == spec.k) {
    if (!Better(x, top->items[0].slice(), spec.ascending)) return;
    std::pop_heap(top->items, top->items + top->length, better);
  } else {
    top->Reserve(spec.k, arena);
    new (&top->items[top->length++]) Bytes();
  }
  top->items[top->length - 1].Assign(x, arena);
  std::push_heap(top->items, top->items + top->length, better);
}

// -0 counts as 0: the order of the two must not show.
void ToMin(double* min, double x) {
  if (!(x >= *min)) *min = x + 0.0;
}
void ToMax(double* max, double x) {
  if (!(x <= *max)) *max = x + 0.0;
}

// Bytes of a part of a state.
size_t PartBytes(const AggregateSpec& spec) {
  const bool bytes = spec.kind == ValueKind::kBytes;
  switch (spec.fn) {
    case AggregateFn::kCount:
      return sizeof(uint64_t);
    case AggregateFn::kSum:
      return sizeof(Sum);
    case AggregateFn::kMin:
    case AggregateFn::kMax:
      return bytes ? sizeof(Bytes) : sizeof(double);
    case AggregateFn::kFirst:
    case AggregateFn::kLast:
      return bytes ? sizeof(Bytes) : sizeof(SeenNumber);
    case AggregateFn::kTop:
      return bytes ? sizeof(Top<Bytes>) : sizeof(Top<double>);
    case AggregateFn::kMean:
    case AggregateFn::kDistinct:
      return 0;
  }
  return 0;
}

template <class T>
T* At(char* state) {
  return std::launder(reinterpret_cast<T*>(state));
}
template <class T>
const T* At(const char* state) {
  return std::launder(reinterpret_cast<const T*>(state));
}

// The states' parts at one offset, and the column that updates them.
struct Targets {
  char* const* states;
  size_t offset;
  size_t n;
  MissingBytes missing;  // in a column of bytes

  template <class T, class Apply>
  void EachBytes(const ValueColumn& column, size_t first, const Apply& apply) const {
    uint32_t start = first == 0 ? 0 : column.ends[first - 1];
    for (size_t j = 0; j < n; j++) {
      const uint32_t end = column.ends[first + j];
      const Slice x(column.bytes + start, end - start);
      if (!IsMissing(x, missing)) apply(At<T>(states[j] + offset), x);
      start = end;
    }
  }
};

// The aggregates of a summary, in the order of its offsets.
constexpr AggregateFn kSummaryFns[4] = {AggregateFn::kSum, AggregateFn::kCount, AggregateFn::kMin, AggregateFn::kMax};

// `kFns`: bit i says that kSummaryFns[i] is wanted.
template <size_t kFns>
void UpdateSummary(char* const* states, const double* numbers, size_t n, const uint32_t* offsets, Arena* arena) {
  for (size_t j = 0; j < n; j++) {
    const double x = numbers[j];
    if (x != x) continue;
    char* const state = states[j];
    if constexpr ((kFns & 1) != 0) At<Sum>(state + offsets[0])->Add(x, arena);
    if constexpr ((kFns & 2) != 0) ++*At<uint64_t>(state + offsets[1]);
    if constexpr ((kFns & 4) != 0) ToMin(At<double>(state + offsets[2]), x);
    if constexpr ((kFns & 8) != 0) ToMax(At<double>(state + offsets[3]), x);
  }
}

using SummaryUpdate = void (*)(char* const*, const double*, size_t, const uint32_t*, Arena*);

template <size_t... kFns>
constexpr std::array<SummaryUpdate, sizeof...(kFns)> SummaryUpdates(std::index_sequence<kFns...>) {
  return {UpdateSummary<kFns>...};
}
constexpr auto kSummaryUpdates = SummaryUpdates(std::make_index_sequence<16>());

// The parts that no summary has.
void UpdateNumbers(const AggregateSpec& spec, const Targets& targets, const double* numbers, Arena* arena) {
  if (spec.fn == AggregateFn::kTop) {
    for (size_t j = 0; j < targets.n; j++) {
      AddToTop(At<Top<double>>(targets.states[j] + targets.offset), numbers[j], spec, arena);
    }
  } else if (spec.fn == AggregateFn::kFirst || spec.fn == AggregateFn::kLast) {
    for (size_t j = 0; j < targets.n; j++) {
      if (numbers[j] != numbers[j]) continue;
      SeenNumber* kept = At<SeenNumber>(targets.states[j] + targets.offset);
      if (spec.fn == AggregateFn::kLast || !kept->seen) *kept = {numbers[j], 1};
    }
  }
}

void UpdateBytes(const AggregateSpec& spec, const Targets& targets, const ValueColumn& column, size_t first,
                 Arena* arena) {
  switch (spec.fn) {
    case AggregateFn::kCount:
      return targets.EachBytes<uint64_t>(column, first, [](uint64_t* count, Slice) { ++*count; });
    case AggregateFn::kMin:
    case AggregateFn::kMax:
      return targets.EachBytes<Bytes>(column, first, [&](Bytes* kept, Slice x) {
        const bool smaller = spec.fn == AggregateFn::kMin;
        if (kept->data == nullptr || Better(x, kept->slice(), smaller)) kept->Assign(x, arena);
      });
    case AggregateFn::kFirst:
      return targets.EachBytes<Bytes>(column, first, [&](Bytes* kept, Slice x) {
        if (kept->data == nullptr) kept->Assign(x, arena);
      });
    case AggregateFn::kLast:
      return targets.EachBytes<Bytes>(column, first, [&](Bytes* kept, Slice x) { kept->Assign(x, arena); });
    case AggregateFn::kTop:
      return targets.EachBytes<Top<Bytes>>(column, first,
                                           [&](Top<Bytes>* top, Slice x) { AddToTop(top, x, spec, arena); });
    case AggregateFn::kSum:  // of numbers only
    case AggregateFn::kMean:
    case AggregateFn::kDistinct:
      return;
  }
}

template <class T>
void Put(const T& value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void PutBytes(Slice value, std::string* out) {
  Put(static_cast<uint32_t>(value.size), out);
  out->append(value.data, value.size);
}

// Reads serialized parts. Once there are too few bytes, every Get fails: a damaged state merges as far as possible.
class Reader {
 public:
  explicit Reader(Slice bytes) : rest_(bytes) {}

  template <class T>
  bool Get(T* value) {
    if (rest_.size < sizeof(T)) return Fail();
    std::memcpy(value, rest_.data, sizeof(T));
    Skip(sizeof(T));
    return true;
  }

  bool GetBytes(uint32_t length, Slice* value) {
    if (rest_.size < length) return Fail();
    *value = Slice(rest_.data, length);
    Skip(length);
    return true;
  }

 private:
  bool Fail() {
    rest_ = Slice();
    return false;
  }
  void Skip(size_t n) { rest_ = Slice(rest_.data + n, rest_.size - n); }

  Slice rest_;
};

void MergeNumbers(const AggregateSpec& spec, char* state, Reader* in, Arena* arena) {
  switch (spec.fn) {
    case AggregateFn::kCount: {
      uint64_t count;
      if (in->Get(&count)) *At<uint64_t>(state) += count;
      return;
    }
    case AggregateFn::kSum: {
      Sum other;
      if (!in->Get(&other)) return;
      if (other.is_long()) {
        Slice exact;
        if (in->GetBytes(ExactSum::kBytes, &exact)) At<Sum>(state)->Add(ExactSum::ReadFrom(exact.data), arena);
        return;
      }
      At<Sum>(state)->Add(other.high, arena);
      At<Sum>(state)->Add(other.low, arena);
      return;
    }
    case AggregateFn::kMin:
    case AggregateFn::kMax: {
      double x;
      if (!in->Get(&x) || x != x) return;
      (spec.fn == AggregateFn::kMin ? ToMin : ToMax)(At<double>(state), x);
      return;
    }
    case AggregateFn::kFirst:
    case AggregateFn::kLast: {
      SeenNumber other;
      if (!in->Get(&other) || !other.seen) return;
      SeenNumber* kept = At<SeenNumber>(state);
      if (spec.fn == AggregateFn::kLast || !kept->seen) *kept = other;
      return;
    }
    case AggregateFn::kTop: {
      uint32_t length = 0;
      in->Get(&length);
      double x;
      for (uint32_t i = 0; i < length && in->Get(&x); i++) AddToTop(At<Top<double>>(state), x, spec, arena);
      return;
    }
    case AggregateFn::kMean:
    case AggregateFn::kDistinct:
      return;
  }
}

void MergeBytes(const AggregateSpec& spec, char* state, Reader* in, Arena* arena) {
  uint32_t length;
  Slice x;
  if (spec.fn == AggregateFn::kTop) {
    uint32_t items = 0;
    in->Get(&items);
    for (uint32_t i = 0; i < items && in->Get(&length) && in->GetBytes(length, &x); i++) {
      AddToTop(At<Top<Bytes>>(state), x, spec, arena);
    }
    return;
  }
  if (!in->Get(&length) || length == kNothing || !in->GetBytes(length, &x)) return;
  Bytes* kept = At<Bytes>(state);
  const bool smaller = spec.fn == AggregateFn::kMin;
  const bool replace = kept->data == nullptr || spec.fn == AggregateFn::kLast ||
                       (spec.fn != AggregateFn::kFirst && Better(x, kept->slice(), smaller));
  if (replace) kept->Assign(x, arena);
}

// Whether the state keeps bytes: min, max, first, last and top of a bytes column.
bool KeepsBytes(const AggregateSpec& spec) {
  switch (spec.fn) {
    case AggregateFn::kMin:
    case AggregateFn::kMax:
    case AggregateFn::kFirst:
    case AggregateFn::kLast:
    case AggregateFn::kTop:
      return spec.kind == ValueKind::kBytes;
    default:
      return false;
  }
}

std::string TopAnswer(const AggregateSpec& spec, const char* state) {
  std::string json;
  const auto append_sorted = [&](const auto& top, const auto& append_item) {
    std::vector sorted(top.items, top.items + top.length);
    std::sort(sorted.begin(), sorted.end(),
              [&spec](const auto& a, const auto& b) { return Better(a, b, spec.ascending); });
    json.push_back('[');
    for (size_t i = 0; i < sorted.size(); i++) {
      if (i > 0) json.push_back(',');
      append_item(sorted[i]);
    }
    json.push_back(']');
  };
  if (spec.kind == ValueKind::kBytes) {
    append_sorted(*At<Top<Bytes>>(state), [&json](const Bytes& x) { AppendJsonString(x.slice(), &json); });
  } else {
    append_sorted(*At<Top<double>>(state), [&json](double x) { AppendJsonNumber(x, &json); });
  }
  return json;
}

// Above this, whole numbers are treated like measurements, which may be rounded.
constexpr double kLargestCount = 18446744073709551616.0;  // 2^64

Status TooLarge(const char* what) { return Status::Error("NUMBER_TOO_LARGE", what); }

Status SumAnswer(const Sum& sum, double* answer) {
  const RoundedSum rounded = sum.Round();
  *answer = std::ldexp(rounded.mantissa, rounded.exponent);
  if (!std::isfinite(*answer)) return TooLarge("a sum is beyond the largest double");
  if (rounded.whole && !rounded.exact && std::fabs(*answer) < kLargestCount) {
    return TooLarge("a sum of whole numbers is beyond 2^53, and no double is equal to it");
  }
  return Status::Ok();
}

// Never too large: a mean is at most the largest of its numbers.
double MeanAnswer(const Sum& sum, uint64_t count) {
  if (count == 0) return kMissing;
  const RoundedSum rounded = sum.Round();
  // By its fraction: a quotient below the smallest normal number would otherwise be rounded in two ways.
  int exponent = 0;
  const double fraction = std::frexp(rounded.mantissa, &exponent);
  return std::ldexp(fraction / static_cast<double>(count), exponent + rounded.exponent);
}

double NumberAnswer(const AggregateSpec& spec, const char* state) {
  switch (spec.fn) {
    case AggregateFn::kCount:
      return static_cast<double>(*At<uint64_t>(state));
    case AggregateFn::kMin:
    case AggregateFn::kMax:
      return *At<double>(state);
    case AggregateFn::kFirst:
    case AggregateFn::kLast:
      return At<SeenNumber>(state)->value;
    case AggregateFn::kSum:
    case AggregateFn::kMean:
    case AggregateFn::kTop:
    case AggregateFn::kDistinct:
      return 0;
  }
  return 0;
}

}  // namespace

AggregateLayout::AggregateLayout(std::vector<AggregateSpec> specs) : specs_(std::move(specs)) {
  for (const AggregateSpec& spec : specs_) {
    uint32_t count_offset = 0;
    if (spec.fn == AggregateFn::kMean) {
      AggregateSpec part = spec;
      part.fn = AggregateFn::kCount;
      count_offset = AddPart(part);
      part.fn = AggregateFn::kSum;
      offsets_.push_back(AddPart(part));
    } else {
      offsets_.push_back(AddPart(spec));
    }
    count_offsets_.push_back(count_offset);
  }
  counts_only_ = specs_.size() == 1 && specs_[0].fn == AggregateFn::kCount && specs_[0].column < 0;
  AddSummaries();
}

// Returns its offset: that of a part that is there already, if one serves.
uint32_t AggregateLayout::AddPart(const AggregateSpec& spec) {
  for (const Part& part : parts_) {
    if (part.spec == spec) return part.offset;
  }
  const uint32_t offset = static_cast<uint32_t>(width_);
  parts_.push_back({spec, offset});
  width_ += PartBytes(spec);
  if (spec.fn == AggregateFn::kSum) sum_offsets_.push_back(offset);
  is_plain_ &= spec.fn != AggregateFn::kTop && !KeepsBytes(spec);
  return offset;
}

void AggregateLayout::AddSummaries() {
  std::vector<size_t> fns;  // bits, one per summary
  for (const Part& part : parts_) {
    const AggregateSpec& spec = part.spec;
    const auto* fn = std::find(std::begin(kSummaryFns), std::end(kSummaryFns), spec.fn);
    if (fn == std::end(kSummaryFns) || spec.column < 0 || spec.kind != ValueKind::kNumber) {
      others_.push_back(part);
      continue;
    }
    size_t s = 0;
    while (s < summaries_.size() && summaries_[s].column != spec.column) s++;
    if (s == summaries_.size()) {
      summaries_.push_back({spec.column, {}, nullptr});
      fns.push_back(0);
    }
    const size_t i = static_cast<size_t>(fn - kSummaryFns);
    summaries_[s].offsets[i] = part.offset;
    fns[s] |= size_t{1} << i;
    summaries_[s].update = kSummaryUpdates[fns[s]];
  }
}

void AggregateLayout::Init(char* state) const {
  for (const auto& [spec, offset] : parts_) {
    char* part = state + offset;
    switch (spec.fn) {
      case AggregateFn::kCount:
        new (part) uint64_t(0);
        break;
      case AggregateFn::kSum:
        new (part) Sum();
        break;
      case AggregateFn::kMin:
      case AggregateFn::kMax:
        KeepsBytes(spec) ? void(new (part) Bytes()) : void(new (part) double(kMissing));
        break;
      case AggregateFn::kFirst:
      case AggregateFn::kLast:
        KeepsBytes(spec) ? void(new (part) Bytes()) : void(new (part) SeenNumber());
        break;
      case AggregateFn::kTop:
        KeepsBytes(spec) ? void(new (part) Top<Bytes>()) : void(new (part) Top<double>());
        break;
      case AggregateFn::kMean:
      case AggregateFn::kDistinct:
        break;
    }
  }
}

void AggregateLayout::UpdateAll(char* const* states, const RecordBatch& batch, size_t first, size_t n,
                                Arena* arena) const {
  for (const Summary& summary : summaries_) {
    summary.update(states, batch.columns[summary.column].numbers + first, n, summary.offsets, arena);
  }
  for (const auto& [spec, offset] : others_) {
    const Targets targets{states, offset, n, spec.missing};
    if (spec.column < 0) {
      if (spec.fn != AggregateFn::kCount) continue;
      for (size_t j = 0; j < n; j++) ++*At<uint64_t>(states[j] + offset);
      continue;
    }
    const ValueColumn& column = batch.columns[spec.column];
    if (column.kind == ValueKind::kNumber) {
      UpdateNumbers(spec, targets, column.numbers + first, arena);
    } else {
      UpdateBytes(spec, targets, column, first, arena);
    }
  }
}

void AggregateLayout::Merge(char* state, Slice serialized, Arena* arena) const {
  Reader in(serialized);
  for (const auto& [spec, offset] : parts_) {
    (KeepsBytes(spec) ? MergeBytes : MergeNumbers)(spec, state + offset, &in, arena);
  }
}

void AggregateLayout::Serialize(const char* state, std::string* out) const {
  for (const auto& [spec, offset] : parts_) {
    const char* part = state + offset;
    if (spec.fn == AggregateFn::kTop) {
      if (spec.kind == ValueKind::kBytes) {
        const Top<Bytes>* top = At<Top<Bytes>>(part);
        Put(top->length, out);
        for (uint32_t i = 0; i < top->length; i++) PutBytes(top->items[i].slice(), out);
      } else {
        const Top<double>* top = At<Top<double>>(part);
        Put(top->length, out);
        const char* items = reinterpret_cast<const char*>(top->items);
        if (top->length > 0) out->append(items, top->length * sizeof(double));
      }
    } else if (KeepsBytes(spec)) {
      const Bytes* kept = At<Bytes>(part);
      if (kept->data == nullptr) {
        Put(kNothing, out);
      } else {
        PutBytes(kept->slice(), out);
      }
    } else {
      out->append(part, PartBytes(spec));  // numbers as they are
      if (spec.fn == AggregateFn::kSum && At<Sum>(part)->is_long()) {
        char exact[ExactSum::kBytes];
        At<Sum>(part)->exact()->WriteTo(exact);
        // An address has no meaning in a run, and would make equal runs differ.
        std::memset(out->data() + out->size() - sizeof(double), 0, sizeof(double));
        out->append(exact, sizeof(exact));
      }
    }
  }
}

bool AggregateLayout::IsFlat(const char* state) const {
  for (const uint32_t offset : sum_offsets_) {
    if (At<Sum>(state + offset)->is_long()) return false;
  }
  return true;
}

void AggregateLayout::Rehome(char* state, Arena* arena) const {
  for (const uint32_t offset : sum_offsets_) {
    Sum* const sum = At<Sum>(state + offset);
    if (!sum->is_long()) continue;
    const ExactSum* const exact = new (arena->Allocate(sizeof(ExactSum))) ExactSum(*sum->exact());
    sum->low = std::bit_cast<double>(reinterpret_cast<uint64_t>(exact));
  }
}

Status AggregateLayout::Finalize(const char* state, const uint64_t* distinct, std::string* out) const {
  const bool bare = specs_.size() == 1;
  for (size_t s = 0; s < specs_.size(); s++) {
    const AggregateSpec& spec = specs_[s];
    const char* part = state + offsets_[s];
    if (spec.fn == AggregateFn::kTop) {
      AppendField(TopAnswer(spec, part), bare, out);
    } else if (KeepsBytes(spec)) {
      const Bytes* const bytes = At<Bytes>(part);
      const bool is_marked = bytes->data == nullptr && spec.missing == MissingBytes::kMarker;
      AppendField(is_marked ? Slice(&kMissingMarker, 1) : bytes->slice(), bare, out);
    } else {
      double answer = 0;
      if (spec.fn == AggregateFn::kSum) {
        RUNJOB_RETURN_IF_ERROR(SumAnswer(*At<Sum>(part), &answer));
      } else if (spec.fn == AggregateFn::kMean) {
        answer = MeanAnswer(*At<Sum>(part), *At<uint64_t>(state + count_offsets_[s]));
      } else if (spec.fn == AggregateFn::kDistinct) {
        if (distinct != nullptr) answer = static_cast<double>(*distinct++);
      } else {
        answer = NumberAnswer(spec, part);
      }
      AppendField(answer, out);
    }
  }
  return Status::Ok();
}

}  // namespace runjob
