// Join of two sides that lie side by side in one sorted stream.
#include <algorithm>
#include <cstring>
#include <utility>

#include "key_encoding.h"
#include "merge.h"
#include "packed_record.h"

namespace runjob {
namespace {

enum Side : char { kRight = 0, kLeft = 1 };  // in sort order

class JoinCursor : public Cursor {
 public:
  JoinCursor(std::unique_ptr<Cursor> input, JoinOptions options)
      : input_(std::move(input)), options_(std::move(options)) {}

  uint64_t records_in() const override { return records_; }

 private:
  Status Begin() override {
    RUNJOB_RETURN_IF_ERROR(input_->Start());
    return FindRow();
  }
  Status Read() override {
    if (++right_ < right_ends_.size()) {
      SetRow();
      return Status::Ok();
    }
    // The left row is done, unmatched ones after their only output.
    RUNJOB_RETURN_IF_ERROR(Advance());
    return FindRow();
  }

  // From the record the input stands on to the next left row that has an output.
  Status FindRow() {
    while (input_->valid()) {
      const Slice key = input_->key();
      if (!InGroup(key)) StartGroup(key);
      if (key.size != group_.size() + 1) return Misplaced();
      const char side = key.data[group_.size()];
      if (side == kRight && !seen_left_) {
        RUNJOB_RETURN_IF_ERROR(HoldRight(input_->value()));
      } else if (side == kLeft) {
        seen_left_ = true;
        if (!right_ends_.empty() || options_.left_outer) {
          StartLeft(input_->value());
          return Status::Ok();
        }
      } else {
        return Misplaced();
      }
      RUNJOB_RETURN_IF_ERROR(Advance());
    }
    return Status::Ok();
  }

  Status Advance() {
    records_++;
    return input_->Next();
  }

  static Status Misplaced() {
    return Status::Error("RUN_CORRUPT", "a key of a join has no valid side, or is out of order");
  }

  bool InGroup(Slice key) const {
    return !group_.empty() && key.size >= group_.size() && SameBytes(key.data, group_.data(), group_.size());
  }

  void StartGroup(Slice key) {
    group_.assign(key.data, PrefixLength(key));
    row_key_ = UnescapePrefix(group_, &plain_key_);
    rights_.clear();
    right_ends_.clear();
    seen_left_ = false;
  }

  Status HoldRight(Slice row) {
    // Its length counts, too, or empty rows would be free.
    if (row.size + (right_ends_.size() + 1) * sizeof(size_t) + rights_.size() > options_.group_limit_bytes) {
      return Status::Error("JOIN_GROUP_TOO_LARGE",
                           "the right side's rows with the key \"" + row_key_.ToString().substr(0, 100) +
                               "\" are more than " + std::to_string(options_.group_limit_bytes) + " bytes");
    }
    rights_.append(row.data, row.size);
    right_ends_.push_back(rights_.size());
    return Status::Ok();
  }

  void StartLeft(Slice row) {
    left_size_ = PutField(0, row);
    right_ = 0;
    SetRow();
  }

  void SetRow() {
    const size_t size = PutField(left_size_, Right());
    SetReady(row_key_, Slice(row_.data(), size));
  }

  Slice Right() const {
    if (right_ends_.empty()) return options_.missing_right;
    const size_t start = right_ == 0 ? 0 : right_ends_[right_ - 1];
    return Slice(rights_.data() + start, right_ends_[right_] - start);
  }

  // Writes a field at offset `at` of the row; returns where it ends.
  size_t PutField(size_t at, Slice bytes) {
    const uint32_t size = static_cast<uint32_t>(bytes.size);
    const size_t end = at + sizeof(size) + bytes.size;
    if (end > row_.size()) row_.resize(std::max(end, 2 * row_.size()));
    char* const p = row_.data() + at;
    std::memcpy(p, &size, sizeof(size));
    CopyBytes(p + sizeof(size), bytes.data, bytes.size);
    return end;
  }

  const std::unique_ptr<Cursor> input_;
  const JoinOptions options_;
  std::string group_;      // the key's escaped group part
  std::string plain_key_;  // and itself, if it had to be unescaped
  Slice row_key_;
  std::string rights_;     // the group's right rows, one after another
  std::vector<size_t> right_ends_;
  bool seen_left_ = false;
  size_t right_ = 0;       // the right row in the output
  std::string row_;        // the output's value at its beginning, and room
  size_t left_size_ = 0;
  uint64_t records_ = 0;
};

}  // namespace

std::unique_ptr<Cursor> NewJoin(std::unique_ptr<Cursor> input, JoinOptions options) {
  return std::make_unique<JoinCursor>(std::move(input), std::move(options));
}

}  // namespace runjob
