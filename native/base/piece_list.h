// Lists that grow at the same time, and are emptied and refilled: all take their memory from the same blocks.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/arena.h"

namespace runjob {

// Memory in pieces of one size. A returned piece is reused; the blocks are freed when this is destroyed.
class Pieces {
 public:
  static constexpr size_t kBytes = size_t{16} << 10;

  Pieces() = default;
  ~Pieces() {
    for (char* block : blocks_) FreeBlock(block);
  }
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;

  // Throws std::bad_alloc.
  char* Allocate() {
    if (free_.empty()) AddBlock();
    char* piece = free_.back();
    free_.pop_back();
    return piece;
  }
  // Never throws: AddBlock has made room for every piece.
  void Free(char* piece) { free_.push_back(piece); }

  size_t bytes() const { return blocks_.size() * kArenaBlockBytes; }

 private:
  void AddBlock() {
    constexpr size_t kPieces = kArenaBlockBytes / kBytes;
    blocks_.reserve(blocks_.size() + 1);  // what throws comes before what would leak
    if (free_.capacity() < (blocks_.size() + 1) * kPieces) free_.reserve(2 * (blocks_.size() + 1) * kPieces);
    blocks_.push_back(AllocateBlock());
    // The last one is used first: lists that begin together are adjacent in memory.
    for (size_t i = kPieces; i > 0; i--) free_.push_back(blocks_.back() + (i - 1) * kBytes);
  }

  std::vector<char*> blocks_;
  std::vector<char*> free_;
};

// Items in the order in which they were added. They are trivially copyable, and never destroyed.
template <class T>
class PieceList {
 public:
  PieceList() = default;
  PieceList(PieceList&& other) noexcept { *this = std::move(other); }
  PieceList& operator=(PieceList&& other) noexcept {
    std::swap(pieces_, other.pieces_);
    std::swap(drained_, other.drained_);
    std::swap(next_, other.next_);
    std::swap(end_, other.end_);
    return *this;
  }

  // Room for one more item, which the caller constructs.
  T* Add(Pieces* pieces) {
    if (next_ == end_) {
      pieces_.reserve(pieces_.size() + 1);
      next_ = reinterpret_cast<T*>(pieces->Allocate());
      end_ = next_ + kPerPiece;
      pieces_.push_back(next_);
    }
    return next_++;
  }

  size_t size() const { return (pieces_.size() - drained_) * kPerPiece - static_cast<size_t>(end_ - next_); }

  template <class Visit>
  void ForEach(const Visit& visit) const {
    for (size_t i = drained_; i < pieces_.size(); i++) VisitPiece(i, visit);
  }

  // Visits stretches of items by their begin and end; items may be changed.
  template <class Visit>
  void ForEachPiece(const Visit& visit) {
    for (size_t i = drained_; i < pieces_.size(); i++) visit(pieces_[i], EndOf(i));
  }

  // Visits the first items, up to a piece of them, which leave the list. REQUIRES: size() > 0.
  template <class Visit>
  void DrainPiece(Pieces* pieces, const Visit& visit) {
    VisitPiece(drained_, visit);
    pieces->Free(reinterpret_cast<char*>(pieces_[drained_++]));
    if (drained_ < pieces_.size()) return;
    pieces_.clear();
    drained_ = 0;
    next_ = end_ = nullptr;
  }

  // Visits all items, which leave the list.
  template <class Visit>
  void Drain(Pieces* pieces, const Visit& visit) {
    while (!pieces_.empty()) DrainPiece(pieces, visit);
  }

 private:
  static constexpr size_t kPerPiece = Pieces::kBytes / sizeof(T);

  template <class Visit>
  void VisitPiece(size_t i, const Visit& visit) const {
    const T* const end = EndOf(i);
    for (const T* item = pieces_[i]; item != end; item++) visit(*item);
  }

  T* EndOf(size_t i) const { return i + 1 == pieces_.size() ? next_ : pieces_[i] + kPerPiece; }

  std::vector<T*> pieces_;
  size_t drained_ = 0;  // pieces that are not here any more
  T* next_ = nullptr;
  T* end_ = nullptr;
};

}  // namespace runjob
