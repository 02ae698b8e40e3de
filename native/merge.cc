#include "merge.h"

#include <utility>

namespace runjob {
namespace {

class EmptyCursor : public Cursor {
 public:
  Status Start() override { return Status::Ok(); }
  Status Next() override { return Status::Ok(); }
};

// A tree of losers: every inner node keeps the loser of the match played there, so that replacing the winner
// replays one path from its leaf to the root, one comparison a level.
class MergeCursor : public Cursor {
 public:
  MergeCursor(std::vector<std::unique_ptr<Cursor>> inputs, bool descending)
      : inputs_(std::move(inputs)),
        heads_(inputs_.size()),
        losers_(inputs_.size()),
        descending_(descending) {}

  Status Start() override {
    const uint32_t n = static_cast<uint32_t>(inputs_.size());
    for (uint32_t i = 0; i < n; i++) {
      RUNJOB_RETURN_IF_ERROR(inputs_[i]->Start());
      ReadHead(i);
    }
    // Leaf i is node n + i; node k's children are 2k and 2k + 1.
    std::vector<uint32_t> winners(2 * size_t{n});
    for (uint32_t i = 0; i < n; i++) winners[n + i] = i;
    for (uint32_t node = n - 1; node > 0; node--) {
      uint32_t winner = winners[2 * node];
      uint32_t loser = winners[2 * node + 1];
      if (Before(loser, winner)) std::swap(winner, loser);
      winners[node] = winner;
      losers_[node] = loser;
    }
    winner_ = winners[1];
    TakeWinner();
    return Status::Ok();
  }

  Status Next() override {
    Status status = inputs_[winner_]->Next();
    if (!status.ok()) {
      valid_ = false;
      return status;
    }
    ReadHead(winner_);
    uint32_t winner = winner_;
    for (size_t node = (winner_ + inputs_.size()) / 2; node > 0; node /= 2) {
      if (Before(losers_[node], winner)) std::swap(losers_[node], winner);
    }
    winner_ = winner;
    TakeWinner();
    return status;
  }

  uint64_t records_in() const override { return records_; }

 private:
  // The current record of an input, in one place with what most comparisons need.
  struct Head {
    uint64_t prefix;  // complemented if descending
    Slice key;
    bool exhausted;
  };

  void ReadHead(uint32_t i) {
    const Cursor& input = *inputs_[i];
    Head& head = heads_[i];
    head.exhausted = !input.valid();
    if (head.exhausted) {
      head.prefix = UINT64_MAX;
      return;
    }
    head.key = input.key();
    const uint64_t prefix = KeyPrefix(head.key);
    head.prefix = descending_ ? ~prefix : prefix;
  }

  bool Before(uint32_t i, uint32_t j) const {
    const Head& a = heads_[i];
    const Head& b = heads_[j];
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    if (a.exhausted || b.exhausted) return b.exhausted && (!a.exhausted || i < j);
    const int c = Compare(a.key, b.key);
    if (c == 0) return i < j;
    return descending_ ? c > 0 : c < 0;
  }

  void TakeWinner() {
    valid_ = !heads_[winner_].exhausted;
    if (!valid_) return;
    key_ = heads_[winner_].key;
    value_ = inputs_[winner_]->value();
    records_++;
  }

  std::vector<std::unique_ptr<Cursor>> inputs_;
  std::vector<Head> heads_;
  std::vector<uint32_t> losers_;
  const bool descending_;
  uint32_t winner_ = 0;
  uint64_t records_ = 0;
};

}  // namespace

std::unique_ptr<Cursor> NewMerge(std::vector<std::unique_ptr<Cursor>> inputs, bool descending) {
  if (inputs.empty()) return std::make_unique<EmptyCursor>();
  if (inputs.size() == 1) return std::move(inputs[0]);
  return std::make_unique<MergeCursor>(std::move(inputs), descending);
}

}  // namespace runjob
