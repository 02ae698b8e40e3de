// White space and lower case beyond ASCII, as in JavaScript: /\s/ and toLowerCase().
#pragma once

#include <cstdint>
#include <vector>

#include "base/utf8.h"

namespace runjob {

// The table that lower-casing beyond ASCII uses, made from the JavaScript engine's own answers: entry c is the lower
// case of code point c, with bit 31 set where c is Cased, bit 30 where it is Case_Ignorable, bit 29 where lower case is
// more than one code point (then handled as a special case). Set once per process, before the first byte >= 0x80 is
// pushed to a words mapper; later calls are ignored. Thread-safe.
constexpr uint32_t kLowercaseTableSize = 0x20000;
void SetLowercaseTable(const uint32_t* table);

// Lower case (or no change of case) for whole text. Immutable, shared by all threads.
class CaseTable {
 public:
  // `table`: as SetLowercaseTable has it; null: case stays as it is.
  explicit CaseTable(const uint32_t* table);

  static const CaseTable& Keep();
  // Beyond ASCII this keeps case, too, as long as no table is set.
  static const CaseTable& Lower();

  // The two bytes that the two-byte character with these low bits becomes, in memory order; 0: ask Map.
  uint16_t TwoBytes(uint32_t code_point) const { return two_bytes_[code_point]; }
  // What stays as it is, by lead bytes C0 to EF.
  struct LeadTable {
    // Bit g is set if all characters with that lead, and a second byte of 80 + 16 g to 8F + 16 g, are valid, stay as they are
    // and are no white space, but for one.
    uint8_t stays[48];
    // The second byte of that one; 0 if there is none. Without this exception most small Greek letters would be slow
    // because of the capital kai, which is hardly ever written.
    uint8_t exception[48];
  };
  const LeadTable& leads() const { return leads_; }

  // Writes what a character becomes, without regard to context, at `out`; returns how many bytes, up to 4.
  // White space becomes as many spaces as the character has bytes.
  uint32_t Map(Utf8Char c, char* out) const;

  // Capital sigma becomes a final sigma after a cased letter and not before one; case-ignorable characters
  // between do not count. Source: Unicode Standard, 3.13, Final_Sigma, as ICU reads it: a character that is
  // both cased and ignorable is ignored. Line ends are neither, so they end the context.
  bool needs_context() const { return !entries_.empty(); }
  // The context before `p`: `before` is that of the start of the text.
  bool CasedBefore(const char* start, const char* p, bool before) const;
  enum class After { kCased, kNotCased, kUndecided };
  // The context from *p on. Undecided if the text ends too early and is not `final`: then *p is where to go
  // on.
  After CasedAfter(const char** p, const char* end, bool final) const;

 private:
  enum class Casing { kNone, kCased, kIgnorable };
  Casing CasingOf(uint32_t code_point) const;
  bool Stays(uint32_t code_point, uint32_t length) const;

  uint16_t two_bytes_[0x800];
  LeadTable leads_ = {};
  std::vector<uint32_t> entries_;
};

constexpr uint32_t kCapitalSigma = 0x3A3;
constexpr uint32_t kSmallSigma = 0x3C3;
constexpr uint32_t kFinalSigma = 0x3C2;

}  // namespace runjob
