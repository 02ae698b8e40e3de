// SQL's patterns: % is any text, _ one character, and the escape character takes both, and itself, as they are.
#pragma once

#include <string>
#include <vector>

#include "base/slice.h"

namespace runjob {

class LikePattern {
 public:
  // False, with the reason, where the escape character is misplaced. `escape` is one character.
  bool Parse(Slice pattern, Slice escape, std::string* problem);
  bool Matches(Slice text) const;

 private:
  // Bytes, and characters of any kind among them: skips[i] are before byte i, the last after all of them.
  struct Piece {
    std::string bytes;
    std::vector<uint32_t> skips;
    size_t any = 0;  // all skips

    bool plain() const { return any == 0; }
  };

  // Where the piece, matched at p, ends; null if it does not match.
  static const char* MatchAt(const Piece& piece, const char* p, const char* end);
  static const char* Find(const Piece& piece, const char* p, const char* end, const char** match_end);

  std::vector<Piece> pieces_;  // between the %: one if there is none
};

}  // namespace runjob
