// What stands between the values of an object. The objects of a file are mostly alike: then one comparison takes a key, its colon and the
// brackets around it, also those of objects within that nobody wants.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/slice.h"
#include "text/json_text.h"

namespace runjob {

class JsonShape {
 public:
  // Of a key without its quotes, as it is in the text: the place of its value among those that are wanted, or -1.
  using Find = std::function<int(Slice key, bool escaped)>;

  // Reads an object, whose brace comes next, if it is like the one that was learnt, and sets its values. If not, the cursor stays where it
  // is, and some values may be set.
  bool Read(JsonCursor* cursor, std::vector<Slice>* values);
  // `object` has been read before: it is JSON.
  void Learn(Slice object, const Find& find);

 private:
  struct Piece {
    uint32_t begin;  // in text_
    uint32_t size;
    int field;  // of the value that follows; -1: nobody wants it
  };
  void LearnObject(JsonCursor* cursor, int depth, const Find& find);
  // What stands between the last value and `end`.
  Piece PieceUntil(const char* end, int field) const;
  Slice TextOf(const Piece& piece) const { return Slice(text_.data() + piece.begin, piece.size); }

  std::string text_;  // the object
  std::vector<Piece> pieces_;
  Piece closing_{};
  const char* last_end_ = nullptr;  // of a value, while it learns
};

}  // namespace runjob
