#include "parquet/convert.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/power_of_ten.h"
#include "column/vector.h"
#include "parquet/failure.h"
#include "parquet/values.h"

namespace runjob::parquet {

namespace {

using Int128 = __int128;

constexpr int64_t kMicrosPerDay = int64_t{86400} * 1000 * 1000;
constexpr int64_t kUnixEpochJulianDay = 2440588;

template <class From, class To, class Body>
void Map(const void* in, size_t count, void* out, const Body& body) {
  const auto* from = static_cast<const From*>(in);
  auto* to = static_cast<To*>(out);
  for (size_t i = 0; i < count; i++) to[i] = static_cast<To>(body(from[i]));
}

double HalfToDouble(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  double value;
  if (exponent == 31) {
    value = fraction == 0 ? HUGE_VAL : std::nan("");
  } else if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else {
    value = std::ldexp(1024 + fraction, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

// Big endian, two's complement. False where it has more than 128 bits.
bool ReadUnscaled(Slice bytes, Int128* value) {
  const char* next = bytes.data;
  const char* const end = next + bytes.size;
  if (next == end) return false;
  const bool is_negative = static_cast<int8_t>(*next) < 0;
  const char sign = is_negative ? '\xff' : '\0';
  for (; end - next > 16; next++) {
    if (*next != sign) return false;
  }
  if (bytes.size > 16 && (static_cast<int8_t>(*next) < 0) != is_negative) return false;
  unsigned __int128 bits = is_negative ? ~static_cast<unsigned __int128>(0) : 0;
  for (; next < end; next++) bits = bits << 8 | static_cast<uint8_t>(*next);
  *value = static_cast<Int128>(bits);
  return true;
}

// False where a value has more digits than the type.
template <class From, class To>
bool CopyDecimals(const void* in, size_t count, const Type& type, void* out) {
  const Int128 limit = kPowersOfTen[type.precision];
  const auto* from = static_cast<const From*>(in);
  auto* to = static_cast<To*>(out);
  bool fits = true;
  for (size_t i = 0; i < count; i++) {
    Int128 value = 0;
    if constexpr (std::is_same_v<From, StringView>) {
      if (!ReadUnscaled(from[i].slice(), &value)) return false;
    } else {
      value = from[i];
    }
    fits = fits && value < limit && value > -limit;
    to[i] = static_cast<To>(value);
  }
  return fits;
}

// The same without 128 bits, several times as fast. REQUIRES: precision <= 18.
template <class From>
bool CopyNarrowDecimals(const void* in, size_t count, const Type& type, void* out) {
  const auto limit = static_cast<int64_t>(kPowersOfTen[type.precision]);
  const auto* from = static_cast<const From*>(in);
  auto* to = static_cast<int64_t*>(out);
  int64_t wrong = 0;
  for (size_t i = 0; i < count; i++) {
    const int64_t value = from[i];
    wrong |= (value >= limit) | (value <= -limit);
    to[i] = value;
  }
  return wrong == 0;
}

template <class To>
bool ToDecimals(Physical physical, const void* in, size_t count, const Type& type, void* out) {
  const bool is_narrow = std::is_same_v<To, int64_t>;
  switch (physical) {
    case Physical::kInt32:
      if (is_narrow) return CopyNarrowDecimals<int32_t>(in, count, type, out);
      return CopyDecimals<int32_t, To>(in, count, type, out);
    case Physical::kInt64:
      if (is_narrow) return CopyNarrowDecimals<int64_t>(in, count, type, out);
      return CopyDecimals<int64_t, To>(in, count, type, out);
    default:
      return CopyDecimals<StringView, To>(in, count, type, out);
  }
}

template <class From>
Status ToMicros(const void* in, size_t count, void* out) {
  const auto* from = static_cast<const From*>(in);
  auto* to = static_cast<int64_t*>(out);
  for (size_t i = 0; i < count; i++) {
    if (__builtin_mul_overflow(from[i], int64_t{1000}, &to[i])) {
      return Unsupported("has a time that microseconds in 64 bits cannot hold");
    }
  }
  return Status::Ok();
}

Status NotExact() { return Unsupported("has a time with nanoseconds that are not whole microseconds"); }

template <class From, class To>
void Scale(const void* in, size_t count, int exponent, void* out) {
  const Int128 factor = kPowersOfTen[exponent];
  Map<From, To>(in, count, out, [factor](From value) { return static_cast<Int128>(value) * factor; });
}

}  // namespace

Converter::Converter(const Leaf& leaf, const Type& type)
    : leaf_(&leaf),
      type_(&type),
      is_same_type_(leaf.type == type || type.id == TypeId::kString || type.id == TypeId::kTimestamp ||
                    type.id == TypeId::kTimestampNtz),
      is_copy_(leaf.read_as == ReadAs::kSame && is_same_type_) {}

Status Converter::Convert(const void* in, size_t count, void* out) {
  if (count == 0) return Status::Ok();
  if (is_copy_) {
    std::memcpy(out, in, count * type_->width());
    return Status::Ok();
  }
  if (is_same_type_) return ToOwnType(in, count, out);
  if (leaf_->read_as == ReadAs::kSame) {
    Widen(in, count, out);
    return Status::Ok();
  }
  char* own = own_.Reserve(count * leaf_->type.width());
  RUNJOB_RETURN_IF_ERROR(ToOwnType(in, count, own));
  Widen(own, count, out);
  return Status::Ok();
}

Status Converter::ToOwnType(const void* in, size_t count, void* out) const {
  const bool is_32 = leaf_->physical == Physical::kInt32;
  switch (leaf_->read_as) {
    case ReadAs::kSame:
      std::memcpy(out, in, count * leaf_->type.width());
      return Status::Ok();
    case ReadAs::kUnsigned:
      if (is_32) {
        Map<uint32_t, int64_t>(in, count, out, [](uint32_t value) { return value; });
      } else {
        Map<uint64_t, Int128>(in, count, out, [](uint64_t value) { return value; });
      }
      return Status::Ok();
    case ReadAs::kFloat:
      Map<float, double>(in, count, out, [](float value) { return value; });
      return Status::Ok();
    case ReadAs::kHalf:
      Map<StringView, double>(in, count, out, [](const StringView& value) {
        uint16_t bits;
        std::memcpy(&bits, value.head, 2);
        return HalfToDouble(bits);
      });
      return Status::Ok();
    case ReadAs::kInt96: {
      const auto* from = static_cast<const Int96*>(in);
      auto* to = static_cast<int64_t*>(out);
      for (size_t i = 0; i < count; i++) {
        int64_t nanos;
        uint32_t day;
        std::memcpy(&nanos, from[i].bytes, 8);
        std::memcpy(&day, from[i].bytes + 8, 4);
        if (nanos % 1000 != 0) return NotExact();
        // Modulo 2^64, as Spark writes and reads them: only so does the year 290000 come out as it went in.
        const Int128 micros =
            static_cast<Int128>(static_cast<int32_t>(day) - kUnixEpochJulianDay) * kMicrosPerDay + nanos / 1000;
        to[i] = static_cast<int64_t>(micros);
      }
      return Status::Ok();
    }
    case ReadAs::kMillis:
      return is_32 ? ToMicros<int32_t>(in, count, out) : ToMicros<int64_t>(in, count, out);
    case ReadAs::kNanos: {
      const auto* from = static_cast<const int64_t*>(in);
      auto* to = static_cast<int64_t*>(out);
      for (size_t i = 0; i < count; i++) {
        to[i] = from[i] / 1000;
        if (to[i] * 1000 != from[i]) return NotExact();
      }
      return Status::Ok();
    }
    case ReadAs::kDecimal: {
      const bool fits = leaf_->type.is_wide() ? ToDecimals<Int128>(leaf_->physical, in, count, leaf_->type, out)
                                              : ToDecimals<int64_t>(leaf_->physical, in, count, leaf_->type, out);
      return fits ? Status::Ok() : Corrupt("a decimal has more digits than its type");
    }
  }
  return Status::Ok();
}

void Converter::Widen(const void* in, size_t count, void* out) const {
  const Type& own = leaf_->type;
  if (type_->id == TypeId::kLong) return Map<int32_t, int64_t>(in, count, out, [](int32_t value) { return value; });
  if (type_->id == TypeId::kDouble) return Map<int32_t, double>(in, count, out, [](int32_t value) { return value; });
  const int exponent = type_->scale - own.scale;
  const bool is_wide = type_->is_wide();
  if (own.id == TypeId::kInt) {
    return is_wide ? Scale<int32_t, Int128>(in, count, exponent, out)
                   : Scale<int32_t, int64_t>(in, count, exponent, out);
  }
  if (own.is_wide()) return Scale<Int128, Int128>(in, count, exponent, out);
  return is_wide ? Scale<int64_t, Int128>(in, count, exponent, out) : Scale<int64_t, int64_t>(in, count, exponent, out);
}

}  // namespace runjob::parquet
