#include "aggregate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "format.h"
#include "utf8.h"

namespace runjob {

namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr uint32_t kNothing = UINT32_MAX;  // serialized length of bytes that were never set

// A sum of two doubles, high + low, |low| <= half an ulp of high: about 106 bits.
struct Sum {
  double high = 0;
  double low = 0;

  void Add(double x) {
    // TwoSum (Knuth, TAOCP vol. 2, 4.2.2): s + error is high + x exactly.
    const double s = high + x;
    const double part = s - high;
    const double error = (high - (s - part)) + (x - part);
    const double tail = low + error;
    if (!std::isfinite(s)) {  // then the error terms are NaN
      high = s;
      low = 0;
      return;
    }
    high = s + tail;
    low = tail - (high - s);
  }
};

struct SeenNumber {
  double value = kMissing;
  uint64_t seen = 0;
};

// Bytes that may be replaced by others. Null data: never set.
struct Bytes {
  char* data = nullptr;
  uint32_t length = 0;
  uint32_t capacity = 0;

  Slice slice() const { return Slice(data, length); }

  void Assign(Slice value, Arena* arena) {
    if (data == nullptr || value.size > capacity) {
      // Doubling bounds what is left behind in the arena by what is in use.
      const uint64_t wanted = std::max<uint64_t>({value.size, uint64_t{capacity} * 2, 8});
      capacity = static_cast<uint32_t>(std::min<uint64_t>(wanted, UINT32_MAX));
      data = arena->Allocate(capacity);
    }
    length = static_cast<uint32_t>(value.size);
    if (length > 0) std::memcpy(data, value.data, length);
  }
};

// The k best items so far: a heap with the worst of them in front.
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
bool Better(const Bytes& a, const Bytes& b, bool ascending) {
  return Better(a.slice(), b.slice(), ascending);
}

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

// -0 counts as 0: which of the two comes first must not show.
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

  template <class T, class Apply>
  void EachBytes(const ValueColumn& column, size_t first, const Apply& apply) const {
    uint32_t start = first == 0 ? 0 : column.ends[first - 1];
    for (size_t j = 0; j < n; j++) {
      const uint32_t end = column.ends[first + j];
      apply(At<T>(states[j] + offset), Slice(column.bytes + start, end - start));
      start = end;
    }
  }
};

// The aggregates of a summary, in the order of its offsets.
constexpr AggregateFn kSummaryFns[4] = {AggregateFn::kSum, AggregateFn::kCount, AggregateFn::kMin,
                                        AggregateFn::kMax};

// `kFns`: bit i says that kSummaryFns[i] is wanted.
template <size_t kFns>
void UpdateSummary(char* const* states, const double* numbers, size_t n, const uint32_t* offsets) {
  for (size_t j = 0; j < n; j++) {
    const double x = numbers[j];
    if (x != x) continue;
    char* const state = states[j];
    if constexpr ((kFns & 1) != 0) At<Sum>(state + offsets[0])->Add(x);
    if constexpr ((kFns & 2) != 0) ++*At<uint64_t>(state + offsets[1]);
    if constexpr ((kFns & 4) != 0) ToMin(At<double>(state + offsets[2]), x);
    if constexpr ((kFns & 8) != 0) ToMax(At<double>(state + offsets[3]), x);
  }
}

using SummaryUpdate = void (*)(char* const*, const double*, size_t, const uint32_t*);

template <size_t... kFns>
constexpr std::array<SummaryUpdate, sizeof...(kFns)> SummaryUpdates(std::index_sequence<kFns...>) {
  return {UpdateSummary<kFns>...};
}
constexpr auto kSummaryUpdates = SummaryUpdates(std::make_index_sequence<16>());

// What no summary has.
void UpdateNumbers(const AggregateSpec& spec, const Targets& targets, const double* numbers, Arena* arena) {
  if (spec.fn == AggregateFn::kTop) {
    for (size_t j = 0; j < targets.n; j++) {
      AddToTop(At<Top<double>>(targets.states[j] + targets.offset), numbers[j], spec, arena);
    }
  } else if (spec.fn == AggregateFn::kFirst || spec.fn == AggregateFn::kLast) {
    for (size_t j = 0; j < targets.n; j++) {
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

// Reads serialized parts. Once the bytes do not suffice, every Get fails: a damaged state merges as far as it
// goes.
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
      At<Sum>(state)->Add(other.high);
      At<Sum>(state)->Add(other.low);
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

ValueKind ResultKind(const AggregateSpec& spec) {
  if (spec.fn == AggregateFn::kTop) return ValueKind::kBytes;
  return KeepsBytes(spec) ? ValueKind::kBytes : ValueKind::kNumber;
}

// As JSON.stringify writes it.
void AppendJsonNumber(double x, std::string* out) {
  if (std::isfinite(x)) {
    AppendNumber(x, out);
  } else {
    out->append("null");
  }
}

void AppendJsonString(Slice text, std::string* out) {
  static const char kHex[] = "0123456789abcdef";
  out->push_back('"');
  const char* end = text.data + text.size;
  for (const char* p = text.data; p < end;) {
    const uint8_t c = static_cast<uint8_t>(*p);
    if (c >= 0x80) {
      const Utf8Char decoded = DecodeUtf8(p, end);
      AppendUtf8(decoded.code_point, out);
      p += decoded.length;
      continue;
    }
    p++;
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(static_cast<char>(c));
    } else if (c >= 0x20) {
      out->push_back(static_cast<char>(c));
    } else if (c >= '\b' && c <= '\r' && c != '\v') {
      out->push_back('\\');
      out->push_back("btn?fr"[c - '\b']);
    } else {
      out->append("\\u00");
      out->push_back(kHex[c >> 4]);
      out->push_back(kHex[c & 15]);
    }
  }
  out->push_back('"');
}

void AppendTop(const AggregateSpec& spec, const char* state, std::string* out) {
  const auto append_sorted = [&](const auto& top, const auto& append_item) {
    std::vector sorted(top.items, top.items + top.length);
    std::sort(sorted.begin(), sorted.end(),
              [&spec](const auto& a, const auto& b) { return Better(a, b, spec.ascending); });
    out->push_back('[');
    for (size_t i = 0; i < sorted.size(); i++) {
      if (i > 0) out->push_back(',');
      append_item(sorted[i]);
    }
    out->push_back(']');
  };
  if (spec.kind == ValueKind::kBytes) {
    append_sorted(*At<Top<Bytes>>(state), [out](const Bytes& x) { AppendJsonString(x.slice(), out); });
  } else {
    append_sorted(*At<Top<double>>(state), [out](double x) { AppendJsonNumber(x, out); });
  }
}

// `count`: of a mean.
double NumberAnswer(const AggregateSpec& spec, const char* state, uint64_t count) {
  switch (spec.fn) {
    case AggregateFn::kCount:
      return static_cast<double>(*At<uint64_t>(state));
    case AggregateFn::kSum:
      return At<Sum>(state)->high;
    case AggregateFn::kMean:
      return count == 0 ? kMissing : At<Sum>(state)->high / static_cast<double>(count);
    case AggregateFn::kMin:
    case AggregateFn::kMax:
      return *At<double>(state);
    case AggregateFn::kFirst:
    case AggregateFn::kLast:
      return At<SeenNumber>(state)->value;
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

void AggregateLayout::Update(char* state, const RecordBatch& batch, size_t i, Arena* arena) const {
  UpdateAll(&state, batch, i, 1, arena);
}

void AggregateLayout::UpdateAll(char* const* states, const RecordBatch& batch, size_t first, size_t n,
                                Arena* arena) const {
  for (const Summary& summary : summaries_) {
    summary.update(states, batch.columns[summary.column].numbers + first, n, summary.offsets);
  }
  for (const auto& [spec, offset] : others_) {
    const Targets targets{states, offset, n};
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
      out->append(part, PartBytes(spec));  // numbers as they stand
    }
  }
}

void AggregateLayout::Finalize(const char* state, std::string* out) const {
  const bool bare = specs_.size() == 1;  // batch.h: one bytes field stands alone
  for (size_t s = 0; s < specs_.size(); s++) {
    const AggregateSpec& spec = specs_[s];
    const char* part = state + offsets_[s];
    if (spec.fn == AggregateFn::kTop) {
      const size_t start = out->size();
      if (!bare) Put(uint32_t{0}, out);
      AppendTop(spec, part, out);
      if (bare) continue;
      const uint32_t length = static_cast<uint32_t>(out->size() - start - sizeof(uint32_t));
      std::memcpy(&(*out)[start], &length, sizeof(length));
    } else if (KeepsBytes(spec)) {
      const Slice kept = At<Bytes>(part)->slice();
      if (bare) {
        out->append(kept.data, kept.size);
      } else {
        PutBytes(kept, out);
      }
    } else {
      const bool is_mean = spec.fn == AggregateFn::kMean;
      Put(NumberAnswer(spec, part, is_mean ? *At<uint64_t>(state + count_offsets_[s]) : 0), out);
    }
  }
}

Layout AggregateLayout::result_layout() const {
  Layout layout;
  for (const AggregateSpec& spec : specs_) layout.push_back(ResultKind(spec));
  return layout;
}

}  // namespace runjob
