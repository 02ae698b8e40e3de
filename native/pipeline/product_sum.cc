#include "pipeline/product_sum.h"

#include <cmath>
#include <cstring>
#include <new>

namespace runjob {

namespace {

constexpr size_t kLimbBits = 32;
// The lowest bit of a product, and of a product of sums.
constexpr int kLowest = 2 * ExactSum::kUnit;
static_assert(2 * ExactSum::kLimbs + 4 <= WideNumber::kLimbs);

}  // namespace

ProductSum::Window* ProductSum::OtherWindow(unsigned place, Arena* arena) {
  for (Window* window = &first_; window != nullptr && window->number != 0; window = window->next) {
    if (place >= window->lowest() && place - window->lowest() <= kMostShift) return window;
  }
  return Numbered(place < kFirstShift ? 1 : (place - kFirstShift) / kWordBits + 1, arena);
}

ProductSum::Window* ProductSum::Numbered(uint64_t number, Arena* arena) {
  if (first_.number == 0) first_.number = number;
  Window* window = &first_;
  for (; window->number != number; window = window->next) {
    if (window->next == nullptr) window->next = new (arena->Allocate(sizeof(Window))) Window{{}, number, nullptr};
  }
  return window;
}

void ProductSum::Write(std::string* out) const {
  for (const Window* window = &first_; window != nullptr && window->number != 0; window = window->next) {
    out->push_back(static_cast<char>(window->number));
    out->append(reinterpret_cast<const char*>(window->words), sizeof(window->words));
  }
  out->push_back('\0');
}

bool ProductSum::Merge(StateReader* in, Arena* arena) {
  for (;;) {
    uint8_t number;
    uint64_t words[kWords];
    if (!in->Read(&number) || number > kMostNumber) return false;
    if (number == 0) return true;
    if (!in->Read(&words)) return false;
    uint64_t* const held = Numbered(number, arena)->words;
    unsigned __int128 carry = 0;
    for (size_t i = 0; i < kWords; i++) {
      carry += static_cast<unsigned __int128>(held[i]) + words[i];
      held[i] = static_cast<uint64_t>(carry);
      carry >>= kWordBits;
    }
  }
}

bool NumberCount::Write(std::string* out) const {
  PutVarint(count, out);
  if (count == 0) return false;
  out->push_back(static_cast<char>(infinite != 0));
  return true;
}

bool NumberCount::Merge(StateReader* in, bool* more) {
  uint64_t added;
  uint8_t is_infinite;
  if (!in->ReadVarint(&added)) return false;
  *more = added > 0;
  if (!*more) return true;
  if (!in->Read(&is_infinite)) return false;
  count += added;
  infinite |= is_infinite;
  return true;
}

void WriteSum(const Sum& sum, std::string* out) {
  out->push_back(static_cast<char>(sum.is_long()));
  if (!sum.is_long()) {
    PutFixed(sum.high, out);
    PutFixed(sum.low, out);
    return;
  }
  const size_t at = out->size();
  out->resize(at + ExactSum::kBytes);
  sum.exact()->WriteTo(out->data() + at);
}

bool MergeSum(StateReader* in, Sum* sum, Arena* arena) {
  uint8_t is_long;
  if (!in->Read(&is_long)) return false;
  if (is_long != 0) {
    Slice bytes;
    if (!in->ReadBytes(ExactSum::kBytes, &bytes)) return false;
    sum->Add(ExactSum::ReadFrom(bytes.data), arena);
    return true;
  }
  double high, low;
  if (!in->Read(&high) || !in->Read(&low) || !std::isfinite(high) || !std::isfinite(low)) return false;
  sum->Add(high, arena);
  sum->Add(low, arena);
  return true;
}

SignedNumber SignedNumber::Covariance(uint64_t n, const Sum& x, const Sum& y, const ProductSum& xy) {
  using Window = ProductSum::Window;
  constexpr size_t kWindowLimbs = 2 * ProductSum::kWords;
  static_assert((ProductSum::kMostNumber - 1) * 2 + kWindowLimbs + 3 <= WideNumber::kLimbs);
  WideNumber plus(kLowest), minus(kLowest);
  for (const Window* window = &xy.first_; window != nullptr && window->number != 0; window = window->next) {
    const bool below_zero = window->words[ProductSum::kWords - 1] >> 63 != 0;
    uint32_t limbs[kWindowLimbs];
    std::memcpy(limbs, window->words, sizeof(limbs));
    uint64_t carry = below_zero;
    for (size_t i = 0; below_zero && i < kWindowLimbs; i++) {
      carry += ~limbs[i];
      limbs[i] = static_cast<uint32_t>(carry);
      carry >>= kLimbBits;
    }
    (below_zero ? minus : plus).AddProduct(limbs, kWindowLimbs, n, window->lowest() / kLimbBits);
  }
  uint32_t limbs[ExactSum::kLimbs];
  uint32_t others[ExactSum::kLimbs];
  const bool same_sign = x.Exactly().Magnitude(limbs) == y.Exactly().Magnitude(others);
  WideNumber& product = same_sign ? minus : plus;
  for (size_t i = 0; i < ExactSum::kLimbs; i++) {
    product.AddProduct(limbs, ExactSum::kLimbs, others[i], i);
  }
  const bool is_negative = plus < minus;
  WideNumber& larger = is_negative ? minus : plus;
  larger.Subtract(is_negative ? plus : minus);
  return SignedNumber{larger, is_negative};
}

}  // namespace runjob
