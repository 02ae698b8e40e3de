#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "base/calendar.h"
#include "base/utf8.h"
#include "column/text.h"
#include "function/by_type.h"
#include "function/call.h"
#include "function/decimal.h"
#include "function/functions.h"
#include "function/value_text.h"

namespace runjob {

namespace {

using KernelPointer = std::unique_ptr<Kernel>;

// bool convert(From, To*): false where there is no such value.
template <class From, class To, class F>
KernelPointer Try(const Type& from, const Type& to, bool quiet, F convert) {
  const auto f = [convert, from, to](const From& value, To* result, Context* context) {
    if (convert(value, result)) return Outcome::kValue;
    return context->Fail("CAST_INVALID", [&] {
      Vector vector;
      vector.type = &from;
      vector.form = VectorForm::kConstant;
      vector.values = &value;
      return QuotedValue(vector, 0) + " to " + TypeText(to);
    });
  };
  return quiet ? PartialOrNull<To, From>(f) : Partial<To, From>(f);
}

template <class To>
bool Fits(__int128 value) {
  return value >= std::numeric_limits<To>::min() && value <= std::numeric_limits<To>::max();
}

// Towards 0. NaN does not fit.
template <class To>
bool FromDouble(double value, To* result) {
  const double whole = std::trunc(value);
  constexpr double kLimit = sizeof(To) == 4 ? 0x1p31 : 0x1p63;
  if (!(whole >= -kLimit && whole < kLimit)) return false;
  *result = static_cast<To>(whole);
  return true;
}

KernelPointer ToBoolean(const Type& from, const Type& to, bool quiet) {
  switch (from.id) {
    case TypeId::kInt:
      return Total<uint8_t, int32_t>([](int32_t a) { return static_cast<uint8_t>(a != 0); });
    case TypeId::kLong:
      return Total<uint8_t, int64_t>([](int64_t a) { return static_cast<uint8_t>(a != 0); });
    case TypeId::kDouble:
      return Total<uint8_t, double>([](double a) { return static_cast<uint8_t>(a != 0); });
    case TypeId::kDecimal:
      if (from.is_wide()) return Total<uint8_t, __int128>([](__int128 a) { return static_cast<uint8_t>(a != 0); });
      return Total<uint8_t, int64_t>([](int64_t a) { return static_cast<uint8_t>(a != 0); });
    case TypeId::kString:
      return Try<StringView, uint8_t>(from, to, quiet,
                                      [](const StringView& a, uint8_t* b) { return ParseBoolean(a.slice(), b); });
    default:
      return nullptr;
  }
}

// To int or long.
template <class To>
KernelPointer ToInteger(const Type& from, const Type& to, bool quiet) {
  switch (from.id) {
    case TypeId::kBoolean:
      return Total<To, uint8_t>([](uint8_t a) { return static_cast<To>(a != 0); });
    case TypeId::kInt:
      return Total<To, int32_t>([](int32_t a) { return static_cast<To>(a); });
    case TypeId::kLong:
      return Try<int64_t, To>(from, to, quiet, [](int64_t a, To* b) {
        *b = static_cast<To>(a);
        return *b == a;
      });
    case TypeId::kDouble:
      return Try<double, To>(from, to, quiet, [](double a, To* b) { return FromDouble(a, b); });
    case TypeId::kDecimal:
      return ByType(from, [&]<class T>(Stored<T>) -> KernelPointer {
        if constexpr (std::is_same_v<T, int64_t> || std::is_same_v<T, __int128>) {
          return Try<T, To>(from, to, quiet, [divisor = static_cast<T>(kPowersOfTen[from.scale])](T a, To* b) {
            const T whole = a / divisor;
            *b = static_cast<To>(whole);
            return Fits<To>(whole);
          });
        } else {
          return nullptr;
        }
      });
    case TypeId::kString:
      return Try<StringView, To>(from, to, quiet, [](const StringView& a, To* b) {
        if constexpr (sizeof(To) == 4) {
          return ParseInt(a.slice(), b);
        } else {
          return ParseLong(a.slice(), b);
        }
      });
    case TypeId::kTimestamp:
      return Try<int64_t, To>(from, to, quiet, [](int64_t a, To* b) {
        const int64_t seconds = a / kMicrosPerSecond - (a % kMicrosPerSecond < 0 ? 1 : 0);
        *b = static_cast<To>(seconds);
        return *b == seconds;
      });
    default:
      return nullptr;
  }
}

KernelPointer ToDouble(const Type& from, const Type& to, bool quiet) {
  switch (from.id) {
    case TypeId::kBoolean:
      return Total<double, uint8_t>([](uint8_t a) { return a != 0 ? 1.0 : 0.0; });
    case TypeId::kInt:
      return Total<double, int32_t>([](int32_t a) { return static_cast<double>(a); });
    case TypeId::kLong:
      return Total<double, int64_t>([](int64_t a) { return static_cast<double>(a); });
    case TypeId::kDecimal: {
      const int scale = from.scale;
      if (from.is_wide()) {
        return ByRow<double, __int128>([scale](__int128 a, Context*) { return DecimalToDouble(a, scale); });
      }
      const double divisor = static_cast<double>(kPowersOfTen[scale]);
      return ByRow<double, int64_t>([scale, divisor](int64_t a, Context*) {
        // Both exact, so the quotient is rounded once.
        constexpr int64_t kExact = int64_t{1} << 53;
        if (a <= kExact && a >= -kExact) return static_cast<double>(a) / divisor;
        return DecimalToDouble(a, scale);
      });
    }
    case TypeId::kString:
      return Try<StringView, double>(from, to, quiet,
                                     [](const StringView& a, double* b) { return ParseDouble(a.slice(), b); });
    case TypeId::kTimestamp:
      return Total<double, int64_t>([](int64_t a) { return static_cast<double>(a) / kMicrosPerSecond; });
    default:
      return nullptr;
  }
}

template <class To>
KernelPointer ToDecimal(const Type& from, const Type& to, bool quiet) {
  const int digits = to.precision;
  // From integers of a scale of their own.
  const auto rescaled = [&]<class T>(Stored<T>, int scale) {
    return Try<T, To>(from, to, quiet, [shift = to.scale - scale, digits](T a, To* b) {
      __int128 value;
      if (!Rescale(a, shift, digits, &value)) return false;
      *b = static_cast<To>(value);
      return true;
    });
  };
  const auto parsed = [precision = to.precision, scale = to.scale](Slice text, To* b) {
    __int128 value;
    if (!ParseDecimal(text, precision, scale, &value)) return false;
    *b = static_cast<To>(value);
    return true;
  };
  switch (from.id) {
    case TypeId::kBoolean:
      return rescaled(Stored<uint8_t>(), 0);
    case TypeId::kInt:
    case TypeId::kLong:
    case TypeId::kDecimal: {
      const int scale = from.scale;
      const int whole = from.id == TypeId::kInt ? 10 : from.id == TypeId::kLong ? 19 : from.precision - scale;
      // What always fits needs no look at each value.
      const bool always = to.scale >= scale && whole + to.scale <= digits;
      const auto make = [&]<class T>(Stored<T>) -> KernelPointer {
        if (!always) return rescaled(Stored<T>(), scale);
        using U = std::conditional_t<sizeof(To) == 8, uint64_t, unsigned __int128>;
        return Total<To, T>([factor = static_cast<U>(kPowersOfTen[to.scale - scale])](T a) {
          return static_cast<To>(static_cast<U>(a) * factor);
        });
      };
      if (from.id == TypeId::kInt) return make(Stored<int32_t>());
      return from.is_wide() ? make(Stored<__int128>()) : make(Stored<int64_t>());
    }
    case TypeId::kTimestamp:
      return rescaled(Stored<int64_t>(), 6);
    case TypeId::kDouble:
      // By its shortest text, as Java's BigDecimal.valueOf.
      return Try<double, To>(from, to, quiet, [parsed](double a, To* b) {
        if (!std::isfinite(a)) return false;
        std::string text;
        AppendDouble(a, &text);
        return parsed(text, b);
      });
    case TypeId::kString:
      return Try<StringView, To>(from, to, quiet,
                                 [parsed](const StringView& a, To* b) { return parsed(a.slice(), b); });
    default:
      return nullptr;
  }
}

// Any type.
class ToText : public Kernel {
 public:
  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    StringView* const results = out->values<StringView>();
    ForValid(rows, validity, [&](size_t row) {
      text_.clear();
      AppendValue(args[0], row, &text_);
      results[row] = out->heap().Copy(text_);
      return true;
    });
    return Status::Ok();
  }

 private:
  std::string text_;
};

bool IsUtf8(Slice text) {
  const char* const end = text.data + text.size;
  for (const char* p = text.data; p < end;) {
    const Utf8Char c = DecodeUtf8(p, end);
    // Only its own three bytes stand for the character that stands for what is invalid.
    if (c.code_point == kReplacement && (c.length != 3 || memcmp(p, "\xEF\xBF\xBD", 3) != 0)) return false;
    p += c.length;
  }
  return true;
}

KernelPointer ToDate(const Type& from, const Type& to, bool quiet) {
  switch (from.id) {
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return Total<int32_t, int64_t>([](int64_t a) { return static_cast<int32_t>(DayOfMicros(a)); });
    case TypeId::kString:
      return Try<StringView, int32_t>(from, to, quiet,
                                      [](const StringView& a, int32_t* b) { return ParseDate(a.slice(), b); });
    default:
      return nullptr;
  }
}

KernelPointer ToTimestamp(const Type& from, const Type& to, bool quiet) {
  const bool zoned = to.id == TypeId::kTimestamp;
  switch (from.id) {
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return Total<int64_t, int64_t>([](int64_t a) { return a; });
    case TypeId::kDate:
      return Try<int32_t, int64_t>(from, to, quiet,
                                   [](int32_t a, int64_t* b) { return !__builtin_mul_overflow(a, kMicrosPerDay, b); });
    case TypeId::kString:
      return Try<StringView, int64_t>(from, to, quiet, [zoned](const StringView& a, int64_t* b) {
        return zoned ? ParseTimestamp(a.slice(), b) : ParseTimestampNtz(a.slice(), b);
      });
    default:
      break;
  }
  // Numbers are seconds.
  if (!zoned) return nullptr;
  switch (from.id) {
    case TypeId::kInt:
      return Total<int64_t, int32_t>([](int32_t a) { return a * kMicrosPerSecond; });
    case TypeId::kLong:
      return Try<int64_t, int64_t>(
          from, to, quiet, [](int64_t a, int64_t* b) { return !__builtin_mul_overflow(a, kMicrosPerSecond, b); });
    case TypeId::kDouble:
      return Try<double, int64_t>(from, to, quiet,
                                  [](double a, int64_t* b) { return FromDouble(a * kMicrosPerSecond, b); });
    case TypeId::kDecimal: {
      const auto make = [&]<class T>(Stored<T>) {
        return Try<T, int64_t>(from, to, quiet, [scale = from.scale](T a, int64_t* b) {
          __int128 micros = a;
          if (scale < 6 && __builtin_mul_overflow(micros, kPowersOfTen[6 - scale], &micros)) return false;
          if (scale > 6) micros /= kPowersOfTen[scale - 6];
          *b = static_cast<int64_t>(micros);
          return *b == micros;
        });
      };
      return from.is_wide() ? make(Stored<__int128>()) : make(Stored<int64_t>());
    }
    default:
      return nullptr;
  }
}

// For elements and fields.
class CopyKernel : public Kernel {
 public:
  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    ForValid(rows, validity, [&](size_t row) {
      out->Copy(row, args[0], row);
      return true;
    });
    return Status::Ok();
  }
};

class ListCast : public Kernel {
 public:
  ListCast(const Type& from, const Type& to, KernelPointer inner)
      : from_(from), to_(to), inner_(std::move(inner)), elements_(from_.fields[0].type), cast_(to_.fields[0].type) {}

  bool can_fail() const override { return inner_->can_fail(); }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    const Reader<ListRange> lists(args[0]);
    ListRange* const results = out->values<ListRange>();
    elements_.Reset(0);
    owners_.clear();
    ForValid(rows, validity, [&](size_t row) {
      const ListRange list = lists[row];
      results[row] = {static_cast<uint32_t>(elements_.size()), list.count};
      for (uint32_t i = 0; i < list.count; i++) {
        elements_.Append(args[0].children[0], list.start + i);
        owners_.push_back(static_cast<uint32_t>(row));
      }
      return true;
    });
    const size_t count = elements_.size();
    cast_.Reset(count);
    const Vector elements = elements_.vector();
    if (count > 0) {
      const Status status = inner_->Run({elements}, AllRows(count), elements.validity, &cast_);
      if (!status.ok()) {
        const auto element = static_cast<size_t>(std::max<int64_t>(status.offset(), 0));
        return Status::BadRecord(status.code(), status.detail(), owners_[element]);
      }
    }
    cast_.AddNulls(elements.validity);
    const Vector cast = cast_.vector();
    VectorBuffer& child = out->child(0);
    for (size_t i = 0; i < count; i++) child.Append(cast, i);
    return Status::Ok();
  }

 private:
  const Type from_;
  const Type to_;
  const KernelPointer inner_;
  VectorBuffer elements_;
  VectorBuffer cast_;
  std::vector<uint32_t> owners_;  // the row of each element
};

class StructCast : public Kernel {
 public:
  explicit StructCast(std::vector<KernelPointer> fields) : fields_(std::move(fields)) {}

  bool can_fail() const override {
    return std::any_of(fields_.begin(), fields_.end(), [](const auto& field) { return field->can_fail(); });
  }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    for (size_t i = 0; i < fields_.size(); i++) {
      const Vector& field = args[0].children[i];
      const uint64_t* both = validity != nullptr ? validity : field.validity;
      if (validity != nullptr && field.validity != nullptr) {
        validity_.resize((rows.size + 63) / 64);
        for (size_t word = 0; word < validity_.size(); word++) validity_[word] = validity[word] & field.validity[word];
        both = validity_.data();
      }
      RUNJOB_RETURN_IF_ERROR(fields_[i]->Run({field}, rows, both, &out->child(i)));
      out->child(i).AddNulls(both);
    }
    return Status::Ok();
  }

 private:
  const std::vector<KernelPointer> fields_;
  std::vector<uint64_t> validity_;
};

KernelPointer CastKernel(const Type& from, const Type& to, bool quiet) {
  if (SameValues(from, to)) return std::make_unique<CopyKernel>();
  switch (to.id) {
    case TypeId::kBoolean:
      return ToBoolean(from, to, quiet);
    case TypeId::kInt:
      return ToInteger<int32_t>(from, to, quiet);
    case TypeId::kLong:
      return ToInteger<int64_t>(from, to, quiet);
    case TypeId::kDouble:
      return ToDouble(from, to, quiet);
    case TypeId::kDecimal:
      return to.is_wide() ? ToDecimal<__int128>(from, to, quiet) : ToDecimal<int64_t>(from, to, quiet);
    case TypeId::kString:
      // Text is UTF-8, and output would have other characters.
      if (from.id == TypeId::kBinary) {
        return Try<StringView, StringView>(from, to, quiet, [](const StringView& a, StringView* b) {
          *b = a;
          return IsUtf8(a.slice());
        });
      }
      return std::make_unique<ToText>();
    case TypeId::kBinary:
      return from.id == TypeId::kString ? std::make_unique<ToText>() : nullptr;
    case TypeId::kDate:
      return ToDate(from, to, quiet);
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return ToTimestamp(from, to, quiet);
    case TypeId::kList: {
      if (from.id != TypeId::kList) return nullptr;
      KernelPointer inner = CastKernel(from.fields[0].type, to.fields[0].type, quiet);
      return inner == nullptr ? nullptr : std::make_unique<ListCast>(from, to, std::move(inner));
    }
    case TypeId::kStruct: {
      if (from.id != TypeId::kStruct || from.fields.size() != to.fields.size()) return nullptr;
      std::vector<KernelPointer> fields;
      for (size_t i = 0; i < to.fields.size(); i++) {
        fields.push_back(CastKernel(from.fields[i].type, to.fields[i].type, quiet));
        if (fields.back() == nullptr) return nullptr;
      }
      return std::make_unique<StructCast>(std::move(fields));
    }
  }
  return nullptr;
}

// The same values, by another name.
class SameNode : public Node {
 public:
  SameNode(Type type, std::unique_ptr<Node> arg) : Node(std::move(type)), arg_(std::move(arg)) {}

  Status Evaluate(const Frame& frame, Vector* result) override {
    RUNJOB_RETURN_IF_ERROR(arg_->Evaluate(frame, result));
    result->type = &type();
    return Status::Ok();
  }

 private:
  const std::unique_ptr<Node> arg_;
};

template <bool quiet>
std::unique_ptr<Node> MakeCast(Call* call) {
  if (call->args.size() != 1) return nullptr;
  const Type& from = call->arg(0);
  if (SameValues(from, call->type) || (from.id == TypeId::kString && call->type.id == TypeId::kBinary)) {
    return std::make_unique<SameNode>(call->type, std::move(call->args[0]));
  }
  return MakeCall(call, CastKernel(from, call->type, quiet));
}

}  // namespace

std::vector<Function> CastFunctions() { return {{"cast", MakeCast<false>}, {"tryCast", MakeCast<true>}}; }

}  // namespace runjob
