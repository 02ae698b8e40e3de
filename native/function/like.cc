#include "function/like.h"

#include <cstring>

#include "function/find.h"
#include "function/utf8_text.h"

namespace runjob {

bool LikePattern::Parse(Slice pattern, Slice escape, std::string* problem) {
  pieces_.assign(1, Piece());
  pieces_[0].skips.assign(1, 0);
  const char* const end = pattern.data + pattern.size;
  const auto literal = [this](const char* from, const char* to) {
    Piece& piece = pieces_.back();
    piece.bytes.append(from, static_cast<size_t>(to - from));
    piece.skips.resize(piece.bytes.size() + 1, 0);
  };
  for (const char* p = pattern.data; p < end;) {
    const char* next = NextCharacter(p, end);
    const Slice character(p, static_cast<size_t>(next - p));
    if (character == escape) {
      if (next == end) {
        *problem = "the pattern ends with its escape character";
        return false;
      }
      const char* const after = NextCharacter(next, end);
      const Slice escaped(next, static_cast<size_t>(after - next));
      if (!(escaped == escape) && *next != '%' && *next != '_') {
        *problem = "the escape character of the pattern is before " + escaped.ToString();
        return false;
      }
      literal(next, after);
      p = after;
      continue;
    }
    if (*p == '%') {
      pieces_.emplace_back();
      pieces_.back().skips.assign(1, 0);
    } else if (*p == '_') {
      pieces_.back().skips.back()++;
      pieces_.back().any++;
    } else {
      literal(p, next);
    }
    p = next;
  }
  return true;
}

const char* LikePattern::MatchAt(const Piece& piece, const char* p, const char* end) {
  if (piece.plain()) {
    const size_t size = piece.bytes.size();
    if (static_cast<size_t>(end - p) < size || std::memcmp(p, piece.bytes.data(), size) != 0) return nullptr;
    return p + size;
  }
  for (size_t i = 0; i <= piece.bytes.size(); i++) {
    for (uint32_t k = 0; k < piece.skips[i]; k++) {
      if (p == end) return nullptr;
      p = NextCharacter(p, end);
    }
    if (i == piece.bytes.size()) break;
    if (p == end || *p != piece.bytes[i]) return nullptr;
    p++;
  }
  return p;
}

const char* LikePattern::Find(const Piece& piece, const char* p, const char* end, const char** match_end) {
  if (piece.plain()) {
    const size_t size = piece.bytes.size();
    const char* const at = FindBytes(Slice(p, static_cast<size_t>(end - p)), piece.bytes);
    *match_end = at == nullptr ? nullptr : at + size;
    return at;
  }
  for (;; p = NextCharacter(p, end)) {
    *match_end = MatchAt(piece, p, end);
    if (*match_end != nullptr) return p;
    if (p == end) return nullptr;
  }
}

bool LikePattern::Matches(Slice text) const {
  static const char kNothing = 0;
  const char* p = text.size == 0 ? &kNothing : text.data;
  const char* const end = p + text.size;
  const Piece& first = pieces_.front();
  const char* const rest = MatchAt(first, p, end);
  if (rest == nullptr) return false;
  if (pieces_.size() == 1) return rest == end;
  p = rest;
  // The first hit of each piece leaves the most for the others.
  for (size_t i = 1; i + 1 < pieces_.size(); i++) {
    const char* match_end = nullptr;
    if (Find(pieces_[i], p, end, &match_end) == nullptr) return false;
    p = match_end;
  }
  // The last must end where the text does.
  const Piece& last = pieces_.back();
  if (last.plain()) {
    const size_t size = last.bytes.size();
    return static_cast<size_t>(end - p) >= size && std::memcmp(end - size, last.bytes.data(), size) == 0;
  }
  for (;; p = NextCharacter(p, end)) {
    if (MatchAt(last, p, end) == end) return true;
    if (p == end) return false;
  }
}

}  // namespace runjob
