#include "json/json_shape.h"

namespace runjob {

namespace {

// Larger ones are read in the usual way.
constexpr size_t kMostBytes = 1 << 16;
// Objects further within are one value.
constexpr int kMostDepth = 16;

}  // namespace

bool JsonShape::Read(JsonCursor* cursor, std::vector<Slice>* values) {
  if (pieces_.empty()) return false;
  const char* const start = cursor->place();
  for (const Piece& piece : pieces_) {
    Slice value;
    if (!cursor->TakeExactly(TextOf(piece)) || !cursor->ReadValue(&value)) {
      cursor->Return(start);
      return false;
    }
    if (piece.field >= 0) (*values)[static_cast<size_t>(piece.field)] = value;
  }
  if (cursor->TakeExactly(TextOf(closing_))) return true;
  cursor->Return(start);
  return false;
}

void JsonShape::Learn(Slice object, const Find& find) {
  pieces_.clear();
  if (object.size > kMostBytes) return;
  text_.assign(object.data, object.size);
  JsonCursor cursor{Slice(text_)};
  last_end_ = text_.data();
  LearnObject(&cursor, 0, find);
  closing_ = PieceUntil(text_.data() + text_.size(), -1);
}

void JsonShape::LearnObject(JsonCursor* cursor, int depth, const Find& find) {
  cursor->Take('{');
  if (cursor->Take('}')) return;
  do {
    Slice key;
    bool escaped = false;
    cursor->ReadString(&key, &escaped);
    cursor->Take(':');
    // Only the outermost object has wanted values: those within are of other names.
    const int field = depth == 0 ? find(key, escaped) : -1;
    if (field < 0 && depth < kMostDepth && cursor->Peek() == '{') {
      LearnObject(cursor, depth + 1, find);
      continue;
    }
    Slice value;
    cursor->ReadValue(&value);
    pieces_.push_back(PieceUntil(value.data, field));
    last_end_ = cursor->place();
  } while (cursor->Take(','));
  cursor->Take('}');
}

JsonShape::Piece JsonShape::PieceUntil(const char* end, int field) const {
  return {static_cast<uint32_t>(last_end_ - text_.data()), static_cast<uint32_t>(end - last_end_), field};
}

}  // namespace runjob
