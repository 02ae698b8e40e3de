// Join of two sides in one sorted stream.
#include <algorithm>
#include <cstring>
#include <utility>

#include "operator/operators.h"
#include "record/key_encoding.h"
#include "record/record.h"

namespace runjob {
namespace {

enum Side : char { kRight = 0, kLeft = 1 };  // in sort order

// What a side without a row has for its fields, as CSV text.
std::string EmptyFields(uint32_t count) { return std::string(count == 0 ? 0 : count - 1, ','); }

class JoinCursor : public Cursor {
 public:
  JoinCursor(std::unique_ptr<Cursor> input, const JoinOptions& options)
      : input_(std::move(input)),
        tuple_key_(options.tuple_key),
        pairs_(options.type != JoinType::kSemi && options.type != JoinType::kAnti),
        gives_matched_(options.type != JoinType::kAnti),
        gives_lone_left_(options.type == JoinType::kLeft || options.type == JoinType::kFull ||
                         options.type == JoinType::kAnti),
        gives_lone_right_(options.type == JoinType::kRight || options.type == JoinType::kFull),
        has_left_fields_(options.left_fields > 0),
        has_right_fields_(pairs_ && options.right_fields > 0),
        missing_left_(EmptyFields(options.left_fields)),
        missing_right_(EmptyFields(options.right_fields)),
        group_limit_bytes_(options.group_limit_bytes) {}

  uint64_t records_in() const override { return records_; }

 private:
  Status Begin() override {
    RUNJOB_RETURN_IF_ERROR(input_->Start());
    return FindRow();
  }
  Status Read() override {
    if (++right_ < right_ends_.size()) {
      SetRow(Right());
      return Status::Ok();
    }
    if (giving_lone_rights_) {
      // The input is already at the next group.
      DropRights();
      return FindRow();
    }
    RUNJOB_RETURN_IF_ERROR(Advance());
    return FindRow();
  }

  // From the input's current record to the next row of the output.
  Status FindRow() {
    while (input_->valid()) {
      const Slice key = input_->key();
      if (!InGroup(key)) {
        if (HasLoneRights()) return GiveLoneRights();
        StartGroup(key);
      }
      if (key.size != group_.size() + 1) return Misplaced();
      const char side = key.data[group_.size()];
      if (side == kRight && !seen_left_) {
        if (matches_nothing_) {
          if (gives_lone_right_) {
            PutLeft(Slice(missing_left_));
            SetRow(input_->value());
            return Status::Ok();
          }
        } else {
          has_match_ = true;
          if (pairs_) RUNJOB_RETURN_IF_ERROR(HoldRight(input_->value()));
        }
      } else if (side == kLeft) {
        seen_left_ = true;
        if (has_match_ ? gives_matched_ : gives_lone_left_) {
          PutLeft(input_->value());
          SetRow(right_ends_.empty() ? Slice(missing_right_) : Right());
          return Status::Ok();
        }
      } else {
        return Misplaced();
      }
      RUNJOB_RETURN_IF_ERROR(Advance());
    }
    return HasLoneRights() ? GiveLoneRights() : Status::Ok();
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
    DropRights();
    seen_left_ = false;
    has_match_ = false;
    matches_nothing_ = HasEmptyPart(row_key_);
  }

  bool HasEmptyPart(Slice key) const {
    if (!tuple_key_) return key.empty();
    while (!key.empty()) {
      const size_t size = PrefixLength(key);
      if (size <= 2) return true;  // its end alone
      key = Slice(key.data + size, key.size - size);
    }
    return false;
  }

  Status HoldRight(Slice row) {
    // Its length counts, too, or empty rows would be free.
    if (row.size + (right_ends_.size() + 1) * sizeof(size_t) + rights_.size() > group_limit_bytes_) {
      return Status::Error("JOIN_GROUP_TOO_LARGE", "the right side's rows with the key \"" +
                                                       row_key_.ToString().substr(0, 100) + "\" are more than " +
                                                       std::to_string(group_limit_bytes_) + " bytes");
    }
    rights_.append(row.data, row.size);
    right_ends_.push_back(rights_.size());
    return Status::Ok();
  }

  void DropRights() {
    rights_.clear();
    right_ends_.clear();
    giving_lone_rights_ = false;
  }

  // Right rows that are held and can have no left row any more.
  bool HasLoneRights() const { return gives_lone_right_ && !seen_left_ && !right_ends_.empty(); }

  Status GiveLoneRights() {
    giving_lone_rights_ = true;
    PutLeft(Slice(missing_left_));
    SetRow(Right());
    return Status::Ok();
  }

  void PutLeft(Slice row) {
    left_size_ = has_left_fields_ ? PutSide(0, row) : 0;
    right_ = 0;
  }

  void SetRow(Slice right) {
    const size_t size = has_right_fields_ ? PutSide(left_size_, right) : left_size_;
    SetReady(row_key_, Slice(row_.data(), size));
  }

  Slice Right() const {
    const size_t start = right_ == 0 ? 0 : right_ends_[right_ - 1];
    return Slice(rights_.data() + start, right_ends_[right_] - start);
  }

  // Writes a side's row at offset `at` of the output's; returns where it ends.
  size_t PutSide(size_t at, Slice row) {
    const bool bare = !has_left_fields_ || !has_right_fields_;
    const size_t end = at + FieldSize(row, bare);
    if (end > row_.size()) row_.resize(std::max(end, 2 * row_.size()));
    PutField(row, bare, row_.data() + at);
    return end;
  }

  const std::unique_ptr<Cursor> input_;
  const bool tuple_key_;
  const bool pairs_;  // rows of both sides make one of the output
  const bool gives_matched_;
  const bool gives_lone_left_;
  const bool gives_lone_right_;
  const bool has_left_fields_;
  const bool has_right_fields_;
  const std::string missing_left_;
  const std::string missing_right_;
  const size_t group_limit_bytes_;

  std::string group_;      // the key's escaped group part
  std::string plain_key_;  // and itself, if it had to be unescaped
  Slice row_key_;
  bool matches_nothing_ = false;
  std::string rights_;  // the group's right rows, one after another
  std::vector<size_t> right_ends_;
  bool has_match_ = false;  // there are right rows, held or not
  bool seen_left_ = false;
  bool giving_lone_rights_ = false;
  size_t right_ = 0;  // the right row in the output
  std::string row_;   // the output's value at its start, and room
  size_t left_size_ = 0;
  uint64_t records_ = 0;
};

}  // namespace

std::unique_ptr<Cursor> NewJoin(std::unique_ptr<Cursor> input, const JoinOptions& options) {
  return std::make_unique<JoinCursor>(std::move(input), options);
}

}  // namespace runjob
