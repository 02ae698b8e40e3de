#include "parquet/value_writer.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "base/hash.h"
#include "base/prefetch.h"
#include "parquet/rle.h"
#include "parquet/rle_writer.h"

namespace runjob::parquet {

namespace {

using Int128 = __int128;

constexpr size_t kPageBytes = size_t{1} << 20;
constexpr size_t kDictionaryBytes = size_t{1} << 20;

// As values of the column are.
template <class Values, class ValueBounds>
Bounds EncodePlain(const Values& values, const ValueBounds& bounds) {
  Bounds encoded;
  if (!bounds.any()) return encoded;
  encoded.has_min = encoded.has_max = true;
  values.AppendPlain(bounds.min(), &encoded.min);
  values.AppendPlain(bounds.max(), &encoded.max);
  return encoded;
}

// Numbers of a fixed width, as they are in a Vector.
template <class T>
class Numbers {
 public:
  using Value = T;
  using ValueBounds = NumberBounds<T>;

  explicit Numbers(const Type&) {}

  static const T& Get(const Vector& vector, size_t row) { return vector.at<T>(row); }
  static size_t PlainBytes(const T&) { return sizeof(T); }
  static void AppendPlain(const T& value, std::string* out) {
    out->append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  static uint64_t Hash(const T& value) { return Bits(value) * 0x9E3779B97F4A7C15u; }
  Bounds Encode(const ValueBounds& bounds) const { return EncodePlain(*this, bounds); }
  static int CompareBounds(const std::string& a, const std::string& b) {
    T left, right;
    std::memcpy(&left, a.data(), sizeof(T));
    std::memcpy(&right, b.data(), sizeof(T));
    return left < right ? -1 : left > right ? 1 : 0;
  }

  // Of a dictionary. Doubles are the same where their bits are.
  void Keep(const T& value) { kept_.push_back(value); }
  const T& Kept(size_t code) const { return kept_[code]; }
  RUNJOB_PREFETCHER void Fetch(size_t code) const { __builtin_prefetch(&kept_[code]); }
  bool IsKept(size_t code, const T& value) const { return Bits(kept_[code]) == Bits(value); }
  size_t kept() const { return kept_.size(); }
  size_t kept_bytes() const { return kept_.size() * sizeof(T); }
  void AppendKept(std::string* out) const {
    out->append(reinterpret_cast<const char*>(kept_.data()), kept_.size() * sizeof(T));
  }
  void Clear() { kept_.clear(); }

 private:
  static uint64_t Bits(const T& value) {
    if constexpr (sizeof(T) == 8)
      return std::bit_cast<uint64_t>(value);
    else
      return static_cast<uint64_t>(value);
  }

  std::vector<T> kept_;
};

// Wide decimals: big endian, in as few bytes as their precision needs.
class WideDecimals {
 public:
  using Value = Int128;
  using ValueBounds = NumberBounds<Int128>;

  explicit WideDecimals(const Type& type) : width_(DecimalBytes(type.precision)) {}

  static const Int128& Get(const Vector& vector, size_t row) { return vector.at<Int128>(row); }
  size_t PlainBytes(const Int128&) const { return width_; }
  void AppendPlain(const Int128& value, std::string* out) const {
    for (uint32_t i = width_; i-- > 0;) out->push_back(static_cast<char>(value >> (8 * i)));
  }
  static uint64_t Hash(const Int128& value) {
    return hash_internal::HashShort(static_cast<uint64_t>(value), static_cast<uint64_t>(value >> 64), 16);
  }
  Bounds Encode(const ValueBounds& bounds) const { return EncodePlain(*this, bounds); }
  static int CompareBounds(const std::string& a, const std::string& b) {
    // Two's complement: only the sign is in the other order.
    const auto flipped = [](std::string text) {
      text[0] = static_cast<char>(text[0] ^ 0x80);
      return text;
    };
    return Compare(Slice(flipped(a)), Slice(flipped(b)));
  }

  void Keep(const Int128& value) { kept_.push_back(value); }
  const Int128& Kept(size_t code) const { return kept_[code]; }
  RUNJOB_PREFETCHER void Fetch(size_t code) const { __builtin_prefetch(&kept_[code]); }
  bool IsKept(size_t code, const Int128& value) const { return kept_[code] == value; }
  size_t kept() const { return kept_.size(); }
  size_t kept_bytes() const { return kept_.size() * sizeof(Int128); }
  void AppendKept(std::string* out) const {
    for (const Int128& value : kept_) AppendPlain(value, out);
  }
  void Clear() { kept_.clear(); }

 private:
  const uint32_t width_;
  std::vector<Int128> kept_;
};

// Text and bytes, after their length.
class Bytes {
 public:
  using Value = Slice;
  using ValueBounds = BytesBounds;

  explicit Bytes(const Type& type) : is_text_(type.id == TypeId::kString) {}

  static Slice Get(const Vector& vector, size_t row) { return vector.at<StringView>(row).slice(); }
  static size_t PlainBytes(Slice value) { return sizeof(uint32_t) + value.size; }
  static void AppendPlain(Slice value, std::string* out) {
    const auto size = static_cast<uint32_t>(value.size);
    out->append(reinterpret_cast<const char*>(&size), sizeof(size));
    out->append(value.data, value.size);
  }
  static uint64_t Hash(Slice value) { return HashKey(value); }
  Bounds Encode(const ValueBounds& bounds) const { return bounds.Encode(is_text_); }
  static int CompareBounds(const std::string& a, const std::string& b) { return Compare(Slice(a), Slice(b)); }

  void Keep(Slice value) {
    starts_.push_back(plain_.size());
    AppendPlain(value, &plain_);
  }
  Slice Kept(size_t code) const {
    const char* const start = plain_.data() + starts_[code];
    uint32_t size = 0;
    std::memcpy(&size, start, sizeof(size));
    return Slice(start + sizeof(size), size);
  }
  RUNJOB_PREFETCHER void Fetch(size_t code) const { __builtin_prefetch(plain_.data() + starts_[code]); }
  bool IsKept(size_t code, Slice value) const { return Kept(code) == value; }
  size_t kept() const { return starts_.size(); }
  size_t kept_bytes() const { return plain_.size() + starts_.size() * sizeof(size_t); }
  void AppendKept(std::string* out) const { out->append(plain_); }
  void Clear() {
    starts_.clear();
    plain_.clear();
  }

 private:
  const bool is_text_;
  std::string plain_;  // as the page of the dictionary has it
  std::vector<size_t> starts_;
};

// `Kind` is one of the three above.
template <class Kind>
class CodedWriter final : public ValueWriter {
 public:
  explicit CodedWriter(const Type& type) : kind_(type) {}

  size_t Add(const Vector& vector, const uint32_t* rows, size_t count) override {
    return is_coded_ ? AddCodes(vector, rows, count) : AddPlain(vector, rows, count);
  }

  bool full() const override { return is_coded_ ? kind_.kept_bytes() > kDictionaryBytes : plain_.size() >= kPageBytes; }

  Encoded TakePage(bool is_first, std::string* out) override {
    const bool has_codes = is_coded_ && !(is_first && SavesNothing());
    if (is_coded_) AddCodedBounds();
    if (has_codes) {
      const int width = BitWidth(static_cast<uint32_t>(std::max<size_t>(1, kind_.kept()) - 1));
      out->push_back(static_cast<char>(width));
      WriteRle(codes_.data(), codes_.size(), width, out);
      has_code_pages_ = true;
    } else if (is_coded_) {
      for (const uint32_t code : codes_) kind_.AppendPlain(kind_.Kept(code), out);
    } else {
      out->append(plain_);
    }
    if (is_coded_ && (!has_codes || full())) {
      is_coded_ = false;
      slots_ = {};
      if (!has_codes) kind_.Clear();
    }
    const Encoded encoded{has_codes, kind_.Encode(bounds_)};
    chunk_bounds_.Add(bounds_);
    bounds_.Clear();
    codes_.clear();
    plain_.clear();
    return encoded;
  }

  size_t TakeDictionary(std::string* out) override {
    const size_t entries = has_code_pages_ ? kind_.kept() : 0;
    if (entries > 0) kind_.AppendKept(out);
    kind_.Clear();
    slots_.clear();
    known_ = 0;
    is_coded_ = true;
    has_code_pages_ = false;
    return entries;
  }

  Bounds TakeBounds() override {
    Bounds bounds = kind_.Encode(chunk_bounds_);
    chunk_bounds_.Clear();
    return bounds;
  }

  size_t bytes() const override {
    return plain_.size() + kind_.kept_bytes() + codes_.size() * sizeof(uint32_t) + slots_.size() * sizeof(Slot);
  }

  int CompareBounds(const std::string& a, const std::string& b) const override { return kind_.CompareBounds(a, b); }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr size_t kGroup = 64;
  static constexpr size_t kManySlots = 8192;  // with fewer, they are in the cache

  struct Slot {
    uint32_t code;
    uint32_t tag;  // of the value's hash: other values are hardly ever read
  };

  size_t AddPlain(const Vector& vector, const uint32_t* rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
      const auto& value = kind_.Get(vector, rows[i]);
      kind_.AppendPlain(value, &plain_);
      bounds_.Add(value);
      if (plain_.size() >= kPageBytes) return i + 1;
    }
    return count;
  }

  size_t AddCodes(const Vector& vector, const uint32_t* rows, size_t count) {
    const bool is_coded = vector.form == VectorForm::kDictionary;
    if (is_coded && vector.dictionary != known_) {
      known_ = vector.dictionary;
      known_codes_.assign(vector.entries, kNone);
    }
    for (size_t first = 0; first < count; first += kGroup) {
      const size_t n = std::min(kGroup, count - first);
      const bool prepares = !is_coded && slots_.size() >= kManySlots;
      if (prepares) Prepare(vector, rows + first, n);
      for (size_t i = first; i < first + n; i++) {
        const size_t row = rows[i];
        uint32_t* const known = is_coded ? &known_codes_[vector.codes[row]] : nullptr;
        if (known != nullptr && *known != kNone) {
          codes_.push_back(*known);
          continue;
        }
        const size_t before = kind_.kept();
        const auto& value = kind_.Get(vector, row);
        const uint32_t code = Code(value, prepares ? hashes_[i - first] : Kind::Hash(value));
        codes_.push_back(code);
        if (known != nullptr) *known = code;
        if (kind_.kept() > before && full()) return i + 1;
      }
    }
    return count;
  }

  // Hashes values, and fetches what the lookup of each will most likely read: one at a time would wait for memory.
  RUNJOB_PREFETCHER void Prepare(const Vector& vector, const uint32_t* rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
      hashes_[i] = Kind::Hash(kind_.Get(vector, rows[i]));
      __builtin_prefetch(&slots_[Home(hashes_[i])]);
    }
    for (size_t i = 0; i < n; i++) {
      const Slot& slot = slots_[Home(hashes_[i])];
      if (slot.code != kNone && slot.tag == Tag(hashes_[i])) kind_.Fetch(slot.code);
    }
  }

  uint32_t Code(const typename Kind::Value& value, uint64_t hash) {
    if (slots_.size() < 2 * (kind_.kept() + 1)) Grow();
    const size_t mask = slots_.size() - 1;
    const uint32_t tag = Tag(hash);
    for (size_t at = Home(hash);; at = (at + 1) & mask) {
      Slot& slot = slots_[at];
      if (slot.code == kNone) {
        kind_.Keep(value);
        slot = Slot{static_cast<uint32_t>(kind_.kept() - 1), tag};
        return slot.code;
      }
      if (slot.tag == tag && kind_.IsKept(slot.code, value)) return slot.code;
    }
  }

  void Grow() {
    slots_.assign(std::max<size_t>(64, 2 * slots_.size()), Slot{kNone, 0});
    const size_t mask = slots_.size() - 1;
    for (size_t code = 0; code < kind_.kept(); code++) {
      const uint64_t hash = Kind::Hash(kind_.Kept(code));
      size_t at = Home(hash);
      while (slots_[at].code != kNone) at = (at + 1) & mask;
      slots_[at] = Slot{static_cast<uint32_t>(code), Tag(hash)};
    }
  }

  // The high bits, because a product has mixed them.
  size_t Home(uint64_t hash) const { return hash >> (64 - std::countr_zero(slots_.size())); }
  static uint32_t Tag(uint64_t hash) { return static_cast<uint32_t>(hash >> 24); }

  bool SavesNothing() const {
    size_t plain = 0;
    for (const uint32_t code : codes_) plain += kind_.PlainBytes(kind_.Kept(code));
    size_t dictionary = 0;
    for (size_t code = 0; code < kind_.kept(); code++) dictionary += kind_.PlainBytes(kind_.Kept(code));
    const int width = BitWidth(static_cast<uint32_t>(std::max<size_t>(1, kind_.kept()) - 1));
    return dictionary + codes_.size() * static_cast<size_t>(width) / 8 >= plain;
  }

  // Each value once, however often it is there.
  void AddCodedBounds() {
    seen_.assign(kind_.kept(), false);
    for (const uint32_t code : codes_) {
      if (seen_[code]) continue;
      seen_[code] = true;
      bounds_.Add(kind_.Kept(code));
    }
  }

  Kind kind_;
  bool is_coded_ = true;         // the page has codes
  bool has_code_pages_ = false;  // a page of the chunk before it has
  std::vector<Slot> slots_;      // of a hash table of codes; a power of two, at most half full
  uint64_t hashes_[kGroup];      // of the values that are being looked up
  std::vector<uint32_t> codes_;
  std::string plain_;
  std::vector<bool> seen_;
  typename Kind::ValueBounds bounds_;
  typename Kind::ValueBounds chunk_bounds_;
  uint64_t known_ = 0;  // the vectors' dictionary whose codes are known
  std::vector<uint32_t> known_codes_;
};

// A bit each.
class BooleanWriter final : public ValueWriter {
 public:
  size_t Add(const Vector& vector, const uint32_t* rows, size_t count) override {
    for (size_t i = 0; i < count; i++) values_.push_back(static_cast<char>(vector.at<uint8_t>(rows[i])));
    return count;
  }
  bool full() const override { return false; }

  Encoded TakePage(bool, std::string* out) override {
    NumberBounds<char> bounds;
    for (size_t i = 0; i < values_.size(); i += 8) {
      int byte = 0;
      for (size_t bit = 0; bit < 8 && i + bit < values_.size(); bit++) byte |= values_[i + bit] << bit;
      out->push_back(static_cast<char>(byte));
    }
    for (const char value : values_) bounds.Add(value);
    chunk_bounds_.Add(bounds);
    values_.clear();
    return {false, Encode(bounds)};
  }
  size_t TakeDictionary(std::string*) override { return 0; }
  Bounds TakeBounds() override {
    Bounds bounds = Encode(chunk_bounds_);
    chunk_bounds_.Clear();
    return bounds;
  }
  size_t bytes() const override { return values_.size(); }
  int CompareBounds(const std::string& a, const std::string& b) const override { return a[0] - b[0]; }

 private:
  static Bounds Encode(const NumberBounds<char>& bounds) {
    Bounds encoded;
    if (!bounds.any()) return encoded;
    encoded.has_min = encoded.has_max = true;
    encoded.min.push_back(bounds.min());
    encoded.max.push_back(bounds.max());
    return encoded;
  }

  std::string values_;
  NumberBounds<char> chunk_bounds_;
};

}  // namespace

uint32_t DecimalBytes(uint8_t precision) {
  Int128 most = 1;
  for (int i = 0; i < precision; i++) most *= 10;
  uint32_t bytes = 1;
  while (bytes < 16 && most - 1 > (Int128{1} << (8 * bytes - 1)) - 1) bytes++;
  return bytes;
}

std::unique_ptr<ValueWriter> NewValueWriter(const Type& type) {
  switch (type.id) {
    case TypeId::kBoolean:
      return std::make_unique<BooleanWriter>();
    case TypeId::kInt:
    case TypeId::kDate:
      return std::make_unique<CodedWriter<Numbers<int32_t>>>(type);
    case TypeId::kDouble:
      return std::make_unique<CodedWriter<Numbers<double>>>(type);
    case TypeId::kDecimal:
      if (type.is_wide()) return std::make_unique<CodedWriter<WideDecimals>>(type);
      [[fallthrough]];
    case TypeId::kLong:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return std::make_unique<CodedWriter<Numbers<int64_t>>>(type);
    default:
      return std::make_unique<CodedWriter<Bytes>>(type);
  }
}

}  // namespace runjob::parquet
