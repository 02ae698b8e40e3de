#include "record/number_key.h"

#include <cmath>
#include <cstdint>
#include <cstring>

namespace runjob {

namespace {

constexpr uint64_t kSign = uint64_t{1} << 63;

}  // namespace

void AppendNumberKey(double x, bool descending, std::string* out) {
  uint64_t bits = UINT64_MAX;  // NaN: above every number's bits, which end at infinity's
  if (!std::isnan(x)) {
    if (x == 0) x = 0;  // -0
    std::memcpy(&bits, &x, sizeof(bits));
    bits = (bits & kSign) != 0 ? ~bits : bits | kSign;
    if (descending) bits = ~bits;
  }
  char bytes[kNumberKeyBytes];
  for (size_t i = 0; i < kNumberKeyBytes; i++) bytes[i] = static_cast<char>(bits >> (56 - 8 * i));
  out->append(bytes, sizeof(bytes));
}

double DecodeNumberKey(const char* key) {
  uint64_t bits;
  std::memcpy(&bits, key, sizeof(bits));
  bits = __builtin_bswap64(bits);
  bits = (bits & kSign) != 0 ? bits ^ kSign : ~bits;
  double x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

}  // namespace runjob
