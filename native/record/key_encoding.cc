#include "record/key_encoding.h"

#include <bit>
#include <cstring>

#include "base/simd.h"
#include "base/word.h"

namespace runjob {

namespace {

constexpr char kEscape = '\xFF';
constexpr char kEnd = '\x01';

// The first zero byte, or null. Keys are short: two words are tried before memchr is called.
inline const char* FindZero(const char* p, const char* end) {
  for (int words = 0; words < 2 && end - p >= 8; words++, p += 8) {
    const uint64_t zeros = portable::ZeroBytes(Load64(p));
    if (zeros != 0) return p + std::countr_zero(zeros) / 8;
  }
  return p == end ? nullptr : static_cast<const char*>(std::memchr(p, 0, static_cast<size_t>(end - p)));
}

}  // namespace

void AppendPrefix(Slice group, std::string* out) {
  const char* p = group.data;
  const char* const end = p + group.size;
  while (const char* zero = FindZero(p, end)) {
    out->append(p, static_cast<size_t>(zero + 1 - p));
    out->push_back(kEscape);
    p = zero + 1;
  }
  out->append(p, static_cast<size_t>(end - p));
  out->push_back('\0');
  out->push_back(kEnd);
}

size_t PrefixLength(Slice key) {
  const char* const end = key.data + key.size;
  const char* p = key.data;
  while (const char* zero = FindZero(p, end)) {
    p = zero + 1;
    if (p < end && *p == kEnd) return static_cast<size_t>(p + 1 - key.data);
  }
  return key.size;
}

Slice UnescapePrefix(Slice escaped, std::string* scratch) {
  const char* p = escaped.data;
  size_t size = escaped.size;
  if (size >= 2 && p[size - 2] == '\0' && p[size - 1] == kEnd) size -= 2;
  const char* const end = p + size;
  const char* zero = FindZero(p, end);
  if (zero == nullptr) return Slice(p, size);

  scratch->clear();
  for (; zero != nullptr; zero = FindZero(p, end)) {
    scratch->append(p, static_cast<size_t>(zero + 1 - p));
    p = zero + 1;
    if (p < end && *p == kEscape) p++;
  }
  scratch->append(p, static_cast<size_t>(end - p));
  return Slice(*scratch);
}

}  // namespace runjob
