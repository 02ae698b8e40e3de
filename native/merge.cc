#include "merge.h"

#include <algorithm>
#include <utility>

#include "hash.h"

namespace runjob {
namespace {

class EmptyCursor : public Cursor {
 public:
  Status Start() override { return Status::Ok(); }
  Status Next() override { return Status::Ok(); }
};

// The first 15 bytes of a key and its size, as one number that has memcmp order: where one key is the beginning of
// another one, the sizes decide. Only keys that are longer may be the same here and differ.
using Beginning = unsigned __int128;

constexpr size_t kWholeBytes = 15;
constexpr uint8_t kLonger = kWholeBytes + 2;  // in the place of 1 + size
constexpr Beginning kNoKey = ~Beginning{0};   // behind every key, ascending or descending

// Reads no byte outside the key.
Beginning BeginningOf(Slice key) {
  using namespace hash_internal;
  const size_t n = key.size;
  uint64_t first, second;
  if (n >= 8) {
    first = Load64(key.data);
    second = n > kWholeBytes ? Load64(key.data + 8) << 8 >> 8 : LoadBehind8(key.data, n);
  } else {
    first = LoadBelow8(key.data, n);
    second = 0;
  }
  const size_t size = std::min(n, kWholeBytes + 1) + 1;
  return Beginning{__builtin_bswap64(first)} << 64 | __builtin_bswap64(second) | size;
}

// A tree of losers: every inner node keeps the loser of the match played there, so that replacing the winner
// replays one path from its leaf to the root, one comparison a level.
class MergeCursor : public Cursor {
 public:
  MergeCursor(std::vector<std::unique_ptr<Cursor>> inputs, bool descending)
      : inputs_(std::move(inputs)), losers_(inputs_.size()), flip_(descending ? ~Beginning{0} : 0) {}

  Status Start() override {
    const uint32_t n = static_cast<uint32_t>(inputs_.size());
    // Leaf i is node n + i; node k's children are 2k and 2k + 1.
    std::vector<Head> winners(2 * size_t{n});
    for (uint32_t i = 0; i < n; i++) {
      RUNJOB_RETURN_IF_ERROR(inputs_[i]->Start());
      winners[n + i] = HeadOf(i);
    }
    for (uint32_t node = n - 1; node > 0; node--) {
      winners[node] = winners[2 * node];
      losers_[node] = winners[2 * node + 1];
      Play(&losers_[node], &winners[node]);
    }
    winner_ = winners[1];
    TakeWinner();
    return Status::Ok();
  }

  Status Next() override {
    Status status = inputs_[winner_.input]->Next();
    if (!status.ok()) {
      valid_ = false;
      return status;
    }
    Head winner = HeadOf(winner_.input);
    for (size_t node = (winner_.input + inputs_.size()) / 2; node > 0; node /= 2) Play(&losers_[node], &winner);
    winner_ = winner;
    TakeWinner();
    return status;
  }

  uint64_t records_in() const override { return records_; }

 private:
  // What most comparisons need of an input's current record.
  struct Head {
    Beginning key = kNoKey;  // complemented if descending; kNoKey at the end
    uint64_t input = 0;
  };

  Head HeadOf(uint64_t i) const {
    const Cursor& input = *inputs_[i];
    return {input.valid() ? BeginningOf(input.key()) ^ flip_ : kNoKey, i};
  }

  // Exchanges the two if the loser comes before the winner. Without a branch: nobody could predict it.
  void Play(Head* loser, Head* winner) const {
    const bool tied = loser->key == winner->key;
    bool before = (loser->key < winner->key) | (tied & (loser->input < winner->input));
    if (tied && IsLonger(loser->key)) [[unlikely]] before = IsBefore(loser->input, winner->input);
    const Beginning mask = -Beginning{before};
    const Beginning key = (loser->key ^ winner->key) & mask;
    const uint64_t input = (loser->input ^ winner->input) & static_cast<uint64_t>(mask);
    loser->key ^= key;
    winner->key ^= key;
    loser->input ^= input;
    winner->input ^= input;
  }

  bool IsLonger(Beginning key) const { return static_cast<uint8_t>(key ^ flip_) == kLonger; }

  bool IsBefore(uint64_t i, uint64_t j) const {
    const int c = Compare(inputs_[i]->key(), inputs_[j]->key());
    if (c == 0) return i < j;
    return flip_ != 0 ? c > 0 : c < 0;
  }

  void TakeWinner() {
    valid_ = winner_.key != kNoKey;
    if (!valid_) return;
    const Cursor& input = *inputs_[winner_.input];
    key_ = input.key();
    value_ = input.value();
    records_++;
  }

  std::vector<std::unique_ptr<Cursor>> inputs_;
  std::vector<Head> losers_;
  const Beginning flip_;
  Head winner_;
  uint64_t records_ = 0;
};

}  // namespace

std::unique_ptr<Cursor> NewMerge(std::vector<std::unique_ptr<Cursor>> inputs, bool descending) {
  if (inputs.empty()) return std::make_unique<EmptyCursor>();
  if (inputs.size() == 1) return std::move(inputs[0]);
  return std::make_unique<MergeCursor>(std::move(inputs), descending);
}

}  // namespace runjob
