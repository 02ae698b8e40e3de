#include "run/merge.h"

#include <array>
#include <bit>
#include <utility>

namespace runjob {
namespace {

class EmptyCursor : public Cursor {
  Status Read() override { return Status::Ok(); }
};

// A tree of losers: every inner node keeps the loser of the match played there, so that replacing the winner
// replays one path from its leaf to the root, one comparison a level.
class MergeCursor : public Cursor {
 public:
  MergeCursor(std::vector<std::unique_ptr<RecordSource>> sources, bool descending)
      : count_(sources.size()),
        leaves_(std::bit_ceil(count_)),
        inputs_(std::make_unique<Input[]>(leaves_)),
        losers_(std::make_unique<Player[]>(leaves_)),
        flip_(descending ? kNoRecord : 0),
        long_size_(static_cast<uint64_t>(flip_ ^ SizeInOrderedHead(kOrderedHeadBytes + 1)) & kSizeMask) {
    for (size_t i = 0; i < count_; i++) inputs_[i].source = std::move(sources[i]);
  }

  uint64_t records_in() const override {
    // Without what is ready after the current record: whoever takes only some records never reaches it.
    return merged_ - (valid() ? static_cast<uint64_t>(ready_end() - ready_begin()) - 1 : 0);
  }

 private:
  Status Begin() override {
    for (size_t i = 0; i < count_; i++) RUNJOB_RETURN_IF_ERROR(inputs_[i].Read());
    // Leaf i is node leaves_ + i; node k's children are 2k and 2k + 1.
    std::vector<Player> winners(2 * leaves_);
    for (size_t i = 0; i < leaves_; i++) winners[leaves_ + i] = PlayerOf(i);
    for (size_t node = leaves_ - 1; node > 0; node--) {
      losers_[node] = winners[2 * node + 1];
      winners[node] = Play<true>(winners[2 * node], &losers_[node]);
    }
    winner_ = winners[1];
    return Merge();
  }

  Status Read() override {
    Input* const input = &inputs_[InputOf(winner_)];
    if (input->at == input->end && input->source != nullptr) {
      RUNJOB_RETURN_IF_ERROR(input->Read());
      winner_ = NextWinner(InputOf(winner_));
    }
    return Merge();
  }

  // Makes records ready until one input has none left: its source may only be read again when these are used.
  Status Merge() {
    size_t n = 0;
    Player winner = winner_;
    while (n < kReady && !IsNone(winner)) {
      const uint64_t i = InputOf(winner);
      Input* const input = &inputs_[i];
      ready_[n++] = Record{input->at->key, input->at->value};
      if (++input->at == input->end) break;
      winner = NextWinner(i);
    }
    winner_ = winner;
    merged_ += n;
    SetReady(ready_.data(), ready_.data() + n);
    return Status::Ok();
  }

  // A source, and its records that were read but not taken.
  struct Input {
    const SortedRecord* at = nullptr;
    const SortedRecord* end = nullptr;
    std::unique_ptr<RecordSource> source;

    Status Read() { return source->Read(&at, &end); }
  };
  // An input's current record: the head of its key, complemented if descending, with the number of the input in the
  // bits that are spare. So equal keys are in the order of the inputs.
  using Player = OrderedHead;

  static constexpr size_t kReady = 64;
  static constexpr uint64_t kInputMask = kMaxMergeInputs - 1;
  static constexpr uint64_t kSizeMask = ((uint64_t{1} << kSizeBits) - 1) << kSpareBits;
  static constexpr Player kNoRecord = ~Player{kInputMask};  // after every key, ascending or descending

  Player PlayerOf(uint64_t i) {
    const Input& input = inputs_[i];
    const Player player = (input.at != input.end ? input.at->head ^ flip_ : kNoRecord) | i;
    has_long_keys_ |= IsLong(player);
    return player;
  }
  static bool IsNone(Player player) { return player >= kNoRecord; }
  static uint64_t InputOf(Player player) { return static_cast<uint64_t>(player) & kInputMask; }

  // Keeps the loser of the two, and returns the winner. Without a branch where the heads decide: it would be mispredicted.
  template <bool with_long_keys>
  Player Play(Player a, Player* b_and_loser) const {
    const Player b = *b_and_loser;
    uint64_t high = static_cast<uint64_t>((a ^ b) >> 64);
    uint64_t low = static_cast<uint64_t>(a ^ b);
    bool b_wins = b < a;
    if constexpr (with_long_keys) {
      if ((high | (low & ~kInputMask)) == 0 && IsLong(a)) b_wins = IsBefore(InputOf(b), InputOf(a));
    }
    high &= -uint64_t{b_wins};
    low &= -uint64_t{b_wins};
    const Player exchange = Player{high} << 64 | low;
    *b_and_loser = b ^ exchange;
    return a ^ exchange;
  }

  // The winner after an input has moved to another record, or to its end.
  Player NextWinner(uint64_t input) {
    const Player player = PlayerOf(input);
    return has_long_keys_ ? PlayPath<true>(player, input) : PlayPath<false>(player, input);
  }

  template <bool with_long_keys>
  Player PlayPath(Player player, uint64_t input) {
    Player* const losers = losers_.get();
    for (size_t node = (leaves_ + input) / 2; node > 0; node /= 2) {
      player = Play<with_long_keys>(player, &losers[node]);
    }
    return player;
  }

  // Whether there is more of the key than its head.
  bool IsLong(Player player) const { return (static_cast<uint64_t>(player) & kSizeMask) == long_size_; }

  bool IsBefore(uint64_t i, uint64_t j) const {
    const int c = Compare(inputs_[i].at->key, inputs_[j].at->key);
    if (c == 0) return i < j;
    return flip_ != 0 ? c > 0 : c < 0;
  }

  const size_t count_;
  const size_t leaves_;  // some of them without a source: each path is as long as any, as the processor expects it
  const std::unique_ptr<Input[]> inputs_;
  const std::unique_ptr<Player[]> losers_;
  const OrderedHead flip_;
  const uint64_t long_size_;  // that of a player whose key is longer than its head
  bool has_long_keys_ = false;
  Player winner_ = kNoRecord;
  std::array<Record, kReady> ready_;
  uint64_t merged_ = 0;
};

}  // namespace

std::unique_ptr<Cursor> NewMerge(std::vector<std::unique_ptr<RecordSource>> inputs, bool descending) {
  if (inputs.empty()) return std::make_unique<EmptyCursor>();
  return std::make_unique<MergeCursor>(std::move(inputs), descending);
}

}  // namespace runjob
