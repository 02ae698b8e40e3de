// Counts, sums and averages. None is rounded before its end, so that no order of adding and merging shows.
#include <cmath>
#include <limits>

#include "aggregate/integer.h"
#include "aggregate/sum.h"
#include "base/power_of_ten.h"
#include "column/type.h"
#include "pipeline/group_function.h"
#include "pipeline/group_summary.h"

namespace runjob {
namespace {

class Count : public GroupFunction {
 public:
  size_t width() const override { return sizeof(uint64_t); }

  // Rows in which no argument is null.
  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    bool all = true;
    for (const Vector& arg : args) all &= arg.validity == nullptr;
    if (all && rows.by_state != nullptr) {
      for (const StateRows& own : *rows.by_state) *At(own.state + rows.offset) += own.n;
      return;
    }
    for (size_t i = 0; i < rows.n; i++) {
      if (all || IsCounted(args, rows.row(i))) ++*At(rows.state(i));
    }
  }
  void Write(const char* state, std::string* out) const override {
    PutVarint(*reinterpret_cast<const uint64_t*>(state), out);
  }
  bool Merge(char* state, StateReader* in, Arena*) override {
    uint64_t count;
    if (!in->ReadVarint(&count)) return false;
    *At(state) += count;
    return true;
  }
  Status Finish(const char* state, std::string* out, bool*) override {
    PutFixed(*reinterpret_cast<const uint64_t*>(state), out);
    return Status::Ok();
  }

 private:
  static uint64_t* At(char* state) { return reinterpret_cast<uint64_t*>(state); }
  static bool IsCounted(const std::vector<Vector>& args, size_t row) {
    for (const Vector& arg : args) {
      if (!arg.valid(row)) return false;
    }
    return true;
  }
};

// Its state counts values, and is never written.
class CountDistinct : public Count {
 public:
  void Update(const std::vector<Vector>&, const GroupRows&) override {}
  void Write(const char*, std::string*) const override {}
  bool Merge(char*, StateReader*, Arena*) override { return true; }
  void AddValue(char* state, Slice, uint64_t, Arena*) override { ++*reinterpret_cast<uint64_t*>(state); }
};

// Little endian, without the bytes that only repeat the sign.
template <class Integer>
void PutInteger(const Integer& value, std::string* out) {
  const char* bytes = reinterpret_cast<const char*>(&value);
  const char sign = static_cast<char>(bytes[sizeof(value) - 1] < 0 ? -1 : 0);
  size_t size = sizeof(value);
  while (size > 1 && bytes[size - 1] == sign && (bytes[size - 2] < 0) == (sign < 0)) size--;
  PutSized(Slice(bytes, size), out);
}

inline void PutInteger(const Integer128& value, std::string* out) {
  const int64_t low = static_cast<int64_t>(value.value());
  if (low != value.value()) return PutInteger<Integer128>(value, out);
  const int digits = 64 - __builtin_clzll(static_cast<uint64_t>(low ^ low >> 63) | 1);
  char bytes[9];
  bytes[0] = static_cast<char>(digits / 8 + 1);
  std::memcpy(bytes + 1, &low, sizeof(low));
  out->append(bytes, static_cast<size_t>(digits / 8 + 2));
}

template <class Integer>
bool ReadInteger(StateReader* in, Integer* value) {
  Slice bytes;
  if (!in->ReadSized(&bytes) || bytes.size == 0 || bytes.size > sizeof(Integer)) return false;
  char words[sizeof(Integer)];
  std::memset(words, bytes.data[bytes.size - 1] < 0 ? 0xFF : 0, sizeof(words));
  std::memcpy(words, bytes.data, bytes.size);
  std::memcpy(static_cast<void*>(value), words, sizeof(words));
  return true;
}

Status Overflow(const char* what, const Type& type) {
  return Status::Error("ARITHMETIC_OVERFLOW", std::string("the ") + what + " is not a " + TypeText(type));
}

// How a stored value is added, and held until then.
struct OfInt {
  using Stored = int32_t;
  using Held = Integer128;
  static __int128 Value(const Stored& x) { return x; }
};
struct OfLong {
  using Stored = int64_t;
  using Held = Integer128;
  static __int128 Value(const Stored& x) { return x; }
};
struct OfWide {
  using Stored = Integer128;  // as vectors have it, wherever it lies
  using Held = Integer256;
  static __int128 Value(const Stored& x) { return x.value(); }
};

Integer256 Widen(const Integer128& value) { return Integer256::Of(value.value()); }
Integer256 Widen(const Integer256& value) { return value; }

template <class Of>
class IntegerTotal : public GroupFunction {
 public:
  size_t width() const override { return sizeof(State); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    using Stored = typename Of::Stored;
    const bool done = rows.EachState<Stored>(args[0], [](char* state, size_t n, const auto& value) {
      State* const total = reinterpret_cast<State*>(state);
      __int128 sum = 0;
      for (size_t i = 0; i < n; i++) {
        const __int128 x = Of::Value(value(i));
        if (__builtin_add_overflow(sum, x, &sum)) [[unlikely]] {
          // Without x, which wrapped it.
          total->sum.Add(
              static_cast<__int128>(static_cast<unsigned __int128>(sum) - static_cast<unsigned __int128>(x)));
          sum = x;
        }
      }
      total->sum.Add(sum);
      total->count += n;
    });
    if (done) return;
    rows.EachValue<Stored>(args[0], [](char* state, const Stored& x) {
      State* const total = reinterpret_cast<State*>(state);
      total->sum.Add(Of::Value(x));
      total->count++;
    });
  }
  void Write(const char* state, std::string* out) const override {
    const State* const total = At(state);
    PutVarint(total->count, out);
    if (total->count > 0) PutInteger(total->sum, out);
  }
  bool Merge(char* state, StateReader* in, Arena*) override {
    uint64_t count;
    typename Of::Held sum;
    if (!in->ReadVarint(&count)) return false;
    if (count == 0) return true;
    if (!ReadInteger(in, &sum)) return false;
    State* const total = reinterpret_cast<State*>(state);
    Add(&total->sum, sum);
    total->count += count;
    return true;
  }

 protected:
  struct State {
    typename Of::Held sum;
    uint64_t count;
  };

  static const State* At(const char* state) { return reinterpret_cast<const State*>(state); }

 private:
  static void Add(Integer128* sum, const Integer128& other) { sum->Add(other.value()); }
  static void Add(Integer256* sum, const Integer256& other) { sum->Add(other); }
};

template <class Of>
class IntegerSum final : public IntegerTotal<Of> {
 public:
  explicit IntegerSum(const Type& result) : result_(result) {}

  Status Finish(const char* state, std::string* out, bool* null) override {
    const auto* total = this->At(state);
    if (total->count == 0) {
      *null = true;
      return Status::Ok();
    }
    __int128 sum;
    if (!Widen(total->sum).ToInt128(&sum)) return Overflow("sum", result_);
    if (result_.id == TypeId::kDecimal ? !FitsDigits(sum, result_.precision) : sum != static_cast<int64_t>(sum)) {
      return Overflow("sum", result_);
    }
    if (result_.is_wide()) {
      PutFixed(sum, out);
    } else {
      PutFixed(static_cast<int64_t>(sum), out);
    }
    return Status::Ok();
  }

 private:
  const Type& result_;
};

// Of int and long: a double.
template <class Of>
class IntegerAverage final : public IntegerTotal<Of> {
 public:
  Status Finish(const char* state, std::string* out, bool* null) override {
    const auto* total = this->At(state);
    if (total->count == 0) {
      *null = true;
      return Status::Ok();
    }
    PutFixed(Quotient(total->sum.value(), total->count), out);
    return Status::Ok();
  }

 private:
  static double Quotient(__int128 sum, uint64_t count) {
    constexpr int64_t kExact = int64_t{1} << std::numeric_limits<double>::digits;
    if (sum <= kExact && sum >= -kExact && count <= static_cast<uint64_t>(kExact)) {
      return static_cast<double>(static_cast<int64_t>(sum)) / static_cast<double>(count);
    }
    ExactSum exact;
    const bool negative = sum < 0;
    unsigned __int128 rest = static_cast<unsigned __int128>(negative ? -sum : sum);
    for (int place = 0; rest != 0; place += 32, rest >>= 32) {
      const double part = std::ldexp(static_cast<double>(static_cast<uint32_t>(rest)), place);
      exact.Add(negative ? -part : part);
    }
    return exact.Mean(count);
  }
};

template <class Of>
class DecimalAverage final : public IntegerTotal<Of> {
 public:
  DecimalAverage(const Type& arg, const Type& result)
      : result_(result), factor_(static_cast<uint64_t>(kPowersOfTen[result.scale - arg.scale])) {}

  // Rounded half up, away from zero.
  Status Finish(const char* state, std::string* out, bool* null) override {
    const auto* total = this->At(state);
    if (total->count == 0) {
      *null = true;
      return Status::Ok();
    }
    Integer256 quotient = Widen(total->sum);
    const bool negative = quotient.negative();
    if (negative) quotient.Negate();
    quotient.Multiply(factor_);
    const uint64_t rest = quotient.Divide(total->count);
    if (rest >= total->count - rest) quotient.Add(1);
    __int128 average;
    if (!quotient.ToInt128(&average) || !FitsDigits(average, result_.precision)) return Overflow("average", result_);
    if (negative) average = -average;
    if (result_.is_wide()) {
      PutFixed(average, out);
    } else {
      PutFixed(static_cast<int64_t>(average), out);
    }
    return Status::Ok();
  }

 private:
  const Type& result_;
  const uint64_t factor_;
};

class DoubleTotal : public GroupFunction {
 public:
  explicit DoubleTotal(bool average) : average_(average) {}

  size_t width() const override { return sizeof(State); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    rows.EachValue<double>(args[0],
                           [&](char* state, double x) { reinterpret_cast<State*>(state)->Add(x, rows.arena); });
  }
  void Write(const char* state, std::string* out) const override {
    const State* const total = reinterpret_cast<const State*>(state);
    PutVarint(total->count, out);
    if (total->count == 0) return;
    const bool is_long = total->sum.is_long();
    const bool is_short = !is_long && total->sum.low == 0;
    out->push_back(static_cast<char>(total->specials | (is_long ? kLong : is_short ? kShort : 0)));
    if (is_long) {
      const size_t at = out->size();
      out->resize(at + ExactSum::kBytes);
      total->sum.exact()->WriteTo(out->data() + at);
      return;
    }
    PutFixed(total->sum.high, out);
    if (!is_short) PutFixed(total->sum.low, out);
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    State* const total = reinterpret_cast<State*>(state);
    uint64_t count;
    uint8_t flags;
    if (!in->ReadVarint(&count)) return false;
    if (count == 0) return true;
    if (!in->Read(&flags)) return false;
    if ((flags & kLong) != 0) {
      Slice bytes;
      if (!in->ReadBytes(ExactSum::kBytes, &bytes)) return false;
      total->sum.Add(ExactSum::ReadFrom(bytes.data), arena);
    } else {
      double high, low = 0;
      if (!in->Read(&high) || ((flags & kShort) == 0 && !in->Read(&low))) return false;
      if (!std::isfinite(high) || !std::isfinite(low)) return false;
      total->sum.Add(high, arena);
      total->sum.Add(low, arena);
    }
    total->count += count;
    total->specials |= flags & kSpecials;
    return true;
  }
  Status Finish(const char* state, std::string* out, bool* null) override {
    const State* const total = reinterpret_cast<const State*>(state);
    if (total->count == 0) {
      *null = true;
      return Status::Ok();
    }
    PutFixed(Result(*total), out);
    return Status::Ok();
  }

 private:
  using State = DoubleSum;

  static constexpr uint8_t kSpecials = State::kNaN | State::kInfinity | State::kMinusInfinity;
  // How the sum is written: as an ExactSum, or without its low part.
  static constexpr uint8_t kLong = 8;
  static constexpr uint8_t kShort = 16;

  double Result(const State& total) const {
    constexpr double kInfinite = std::numeric_limits<double>::infinity();
    switch (total.specials) {
      case 0:
        break;
      case State::kInfinity:
        return kInfinite;
      case State::kMinusInfinity:
        return -kInfinite;
      default:
        return std::numeric_limits<double>::quiet_NaN();
    }
    if (!average_) {
      const RoundedSum sum = total.sum.Round();
      return std::ldexp(sum.mantissa, sum.exponent);
    }
    return total.sum.Mean(total.count);
  }

  const bool average_;
};

}  // namespace

std::unique_ptr<GroupFunction> NewCount(const GroupCall& call) {
  if (call.result.type.id != TypeId::kLong) return nullptr;
  if (call.fn == GroupFn::kCount) return std::make_unique<Count>();
  return call.args.empty() || call.tag == 0 ? nullptr : std::make_unique<CountDistinct>();
}

std::unique_ptr<GroupFunction> NewSum(const GroupCall& call) {
  const Type& result = call.result.type;
  if (call.args.size() != 1) return nullptr;
  const Type& arg = call.args[0];
  switch (arg.id) {
    case TypeId::kInt:
      if (result.id == TypeId::kLong) return std::make_unique<IntegerSum<OfInt>>(result);
      return nullptr;
    case TypeId::kLong:
      if (result.id == TypeId::kLong) return std::make_unique<IntegerSum<OfLong>>(result);
      return nullptr;
    case TypeId::kDecimal:
      if (result.id != TypeId::kDecimal || result.scale != arg.scale) return nullptr;
      if (arg.is_wide()) return std::make_unique<IntegerSum<OfWide>>(result);
      return std::make_unique<IntegerSum<OfLong>>(result);
    case TypeId::kDouble:
      if (result.id == TypeId::kDouble) return std::make_unique<DoubleTotal>(false);
      return nullptr;
    default:
      return nullptr;
  }
}

std::unique_ptr<GroupFunction> NewAverage(const GroupCall& call) {
  const Type& result = call.result.type;
  if (call.args.size() != 1) return nullptr;
  const Type& arg = call.args[0];
  if (arg.id == TypeId::kDecimal) {
    const bool fits = result.id == TypeId::kDecimal && result.scale >= arg.scale && result.scale - arg.scale <= 18;
    if (!fits) return nullptr;
    if (arg.is_wide()) return std::make_unique<DecimalAverage<OfWide>>(arg, result);
    return std::make_unique<DecimalAverage<OfLong>>(arg, result);
  }
  if (result.id != TypeId::kDouble) return nullptr;
  switch (arg.id) {
    case TypeId::kInt:
      return std::make_unique<IntegerAverage<OfInt>>();
    case TypeId::kLong:
      return std::make_unique<IntegerAverage<OfLong>>();
    case TypeId::kDouble:
      return std::make_unique<DoubleTotal>(true);
    default:
      return nullptr;
  }
}

}  // namespace runjob
