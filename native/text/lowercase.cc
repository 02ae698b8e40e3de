#include "text/lowercase.h"

#include <atomic>
#include <cstring>
#include <mutex>

namespace runjob {

namespace {

constexpr uint32_t kCasedBit = 1u << 31;
constexpr uint32_t kIgnorableBit = 1u << 30;
constexpr uint32_t kSeveralBit = 1u << 29;
constexpr uint32_t kCodePointMask = 0x1FFFFF;

// The table's only character whose lower case is more than one: I with a dot becomes i and a combining dot.
constexpr char kDottedI[] = "i\xCC\x87";

std::atomic<const CaseTable*> lower_table{nullptr};

// JavaScript's \s beyond ASCII (ECMAScript: WhiteSpace and LineTerminator).
bool IsSpace(uint32_t c) {
  return c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

bool IsSurrogate(uint32_t c) { return c >= 0xD800 && c <= 0xDFFF; }

}  // namespace

CaseTable::CaseTable(const uint32_t* table) {
  if (table != nullptr) entries_.assign(table, table + kLowercaseTableSize);
  for (uint32_t c = 0; c < 0x800; c++) {
    char bytes[4];
    two_bytes_[c] = 0;
    if (c < 0x80 || (needs_context() && c == kCapitalSigma)) continue;
    if (Map({c, 2, false}, bytes) == 2) std::memcpy(&two_bytes_[c], bytes, 2);
  }
  for (uint32_t lead = 0; lead < 48; lead++) {
    const bool two_bytes = lead < 32;
    const uint32_t per_second = two_bytes ? 1 : 64;  // characters with one lead and one second byte
    const auto second_stays = [&](uint32_t second) {
      const uint32_t first = ((two_bytes ? lead : lead - 32) * 64 + second) * per_second;
      bool stay = true;
      for (uint32_t c = first; c < first + per_second; c++) stay = stay && Stays(c, two_bytes ? 2 : 3);
      return stay;
    };
    for (uint32_t group = 0; group < 4; group++) {
      uint32_t changing = 0;
      uint32_t last = 0;
      for (uint32_t second = 16 * group; second < 16 * (group + 1); second++) {
        if (second_stays(second)) continue;
        changing++;
        last = second;
      }
      if (changing > (leads_.exception[lead] == 0 ? 1 : 0)) continue;
      if (changing == 1) leads_.exception[lead] = static_cast<uint8_t>(0x80 | last);
      leads_.stays[lead] |= static_cast<uint8_t>(1 << group);
    }
  }
}

bool CaseTable::Stays(uint32_t c, uint32_t length) const {
  char same[4], bytes[4];
  if (IsSurrogate(c) || EncodeUtf8(c, same) != length) return false;  // no such character
  if (needs_context() && c == kCapitalSigma) return false;
  return Map({c, length, false}, bytes) == length && std::memcmp(bytes, same, length) == 0;
}

const CaseTable& CaseTable::Keep() {
  static const CaseTable keep(nullptr);
  return keep;
}

const CaseTable& CaseTable::Lower() {
  const CaseTable* table = lower_table.load(std::memory_order_acquire);
  return table != nullptr ? *table : Keep();
}

uint32_t CaseTable::Map(Utf8Char c, char* out) const {
  if (IsSpace(c.code_point)) {
    std::memset(out, ' ', c.length);
    return c.length;
  }
  if (c.code_point >= entries_.size()) return EncodeUtf8(c.code_point, out);
  const uint32_t entry = entries_[c.code_point];
  if ((entry & kSeveralBit) != 0) {
    std::memcpy(out, kDottedI, 3);
    return 3;
  }
  return EncodeUtf8(entry & kCodePointMask, out);
}

CaseTable::Casing CaseTable::CasingOf(uint32_t c) const {
  if (c >= entries_.size()) {
    // Past the table nothing is cased; tags and variation selectors are ignorable.
    const bool ignorable = c == 0xE0001 || (c >= 0xE0020 && c <= 0xE007F) || (c >= 0xE0100 && c <= 0xE01EF);
    return ignorable ? Casing::kIgnorable : Casing::kNone;
  }
  if ((entries_[c] & kIgnorableBit) != 0) return Casing::kIgnorable;
  return (entries_[c] & kCasedBit) != 0 ? Casing::kCased : Casing::kNone;
}

bool CaseTable::CasedBefore(const char* start, const char* p, bool before) const {
  while (p > start) {
    // The last character: from its lead byte on, if that is near and the character ends exactly at p.
    // Anything else is invalid, so it decodes to U+FFFD, which is not cased.
    const char* lead = p - 1;
    while (lead > start && p - lead < 4 && (*lead & 0xC0) == 0x80) lead--;
    const Utf8Char c = DecodeUtf8(lead, p);
    if (lead + c.length != p) return false;
    const Casing casing = CasingOf(c.code_point);
    if (casing != Casing::kIgnorable) return casing == Casing::kCased;
    p = lead;
  }
  return before;
}

CaseTable::After CaseTable::CasedAfter(const char** p, const char* end, bool final) const {
  while (*p < end) {
    const Utf8Char c = DecodeUtf8(*p, end);
    if (c.truncated && !final) return After::kUndecided;
    const Casing casing = CasingOf(c.code_point);
    if (casing != Casing::kIgnorable) return casing == Casing::kCased ? After::kCased : After::kNotCased;
    *p += c.length;
  }
  return final ? After::kNotCased : After::kUndecided;
}

void SetLowercaseTable(const uint32_t* table) {
  static std::once_flag once;
  // Never freed: threads may still be mapping words when the process ends.
  std::call_once(once, [table] { lower_table.store(new CaseTable(table), std::memory_order_release); });
}

}  // namespace runjob
