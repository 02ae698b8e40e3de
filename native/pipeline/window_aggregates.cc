// Aggregates of frames. A frame moves forward only, so each row comes in once; where it goes out again at the front, states of later rows
// are kept, because a state cannot be made smaller.
#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "pipeline/group_values.h"
#include "pipeline/window_frame.h"
#include "pipeline/window_function.h"

namespace runjob {
namespace {

// The aggregates of rows, which may be changed as long as they only grow.
class State {
 public:
  static constexpr size_t kMostBytes = size_t{8} << 20;

  explicit State(size_t width) : words_(width / sizeof(uint64_t) + 1), places_(kVectorRows, bytes()) {}

  void Clear() {
    std::fill(words_.begin(), words_.end(), 0);
    if (arena_.bytes() > 0) arena_.Reset();
    most_ = kMostBytes;
  }
  // REQUIRES: `values` have been evaluated for the batch.
  Status Update(GroupValues* values, const Batch& batch, size_t first, size_t n) {
    values->Update(batch, first, n, places_.data(), nullptr, &arena_);
    if (arena_.bytes() < most_) return Status::Ok();
    // What was replaced still takes room.
    std::string written;
    values->Write(bytes(), &written);
    Clear();
    RUNJOB_RETURN_IF_ERROR(values->Merge(bytes(), written, &arena_, nullptr));
    most_ = std::max(kMostBytes, 2 * arena_.bytes());
    return Status::Ok();
  }
  // Adds the state of later rows.
  Status Merge(const GroupValues& values, Slice written) { return values.Merge(bytes(), written, &arena_, nullptr); }
  char* bytes() { return reinterpret_cast<char*>(words_.data()); }
  size_t held() const { return arena_.bytes(); }

 private:
  std::vector<uint64_t> words_;
  const std::vector<char*> places_;
  Arena arena_;
  size_t most_ = kMostBytes;
};

class Aggregates final : public WindowFunction {
 public:
  explicit Aggregates(WindowRows* rows) : WindowFunction(rows), rows_(rows), frame_(rows), back_(rows), front_(rows) {}

  Status Read(ProgramReader* program, const Schema& schema) {
    RUNJOB_RETURN_IF_ERROR(frame_.Read(program, schema));
    RUNJOB_RETURN_IF_ERROR(values_.Read(program, &schema));
    if (!values_.tags().empty()) return BadProgram();
    Schema results;
    for (size_t i = 0; i < values_.size(); i++) {
      results.push_back(values_.result(i));
      listed_ |= values_.holds_values(i);
    }
    SetResults(std::move(results));
    state_ = std::make_unique<State>(values_.width());
    result_ = std::make_unique<State>(values_.width());
    return Status::Ok();
  }

  size_t bytes() const override {
    size_t bytes = WindowFunction::bytes() + state_->held() + result_->held() + suffix_bytes_.capacity();
    for (const std::string& state : chunk_suffixes_) bytes += state.capacity() + sizeof(state);
    return bytes;
  }

 private:
  Status Next(uint64_t row, uint8_t flags, bool* known) override {
    const bool is_first = (flags & kBeginsPartition) != 0;
    if (is_first && (!begun_ || row != partition_)) {
      begun_ = true;
      partition_ = added_ = flip_ = row;
      front_end_ = row;
      chunk_suffixes_.clear();
      state_->Clear();
      has_row_ = false;
    }
    RUNJOB_RETURN_IF_ERROR(frame_.Find(row, flags, known));
    if (!*known) {
      // All rows to be seen are of this partition.
      return frame_.from_start() && frame_.to_end() ? AddTo(rows_->end()) : Status::Ok();
    }
    const uint64_t low = frame_.low();
    const uint64_t high = frame_.high();
    if (!has_row_ || low != low_ || high != high_) {
      RUNJOB_RETURN_IF_ERROR(frame_.from_start() ? FinishGrown(high)
                             : listed_           ? FinishAnew(low, high)
                                                 : FinishMoved(low, high));
      has_row_ = true;
      low_ = low;
      high_ = high;
    }
    return Give(row_);
  }
  uint64_t Oldest() const override { return frame_.from_start() ? std::min(frame_.high(), added_) : frame_.low(); }

  // A frame that begins with its partition.
  Status FinishGrown(uint64_t high) {
    RUNJOB_RETURN_IF_ERROR(AddTo(high));
    return values_.Finish(state_->bytes(), &row_);
  }

  // A state that has all values is as large as they are together: so it is made for each row.
  Status FinishAnew(uint64_t low, uint64_t high) {
    state_->Clear();
    RUNJOB_RETURN_IF_ERROR(AddRows(low, high, &back_, state_.get()));
    return values_.Finish(state_->bytes(), &row_);
  }

  // The rows before `flip_` are the front: of each of these in one chunk, and of each later chunk, there is the state of all from there to
  // `flip_`. The rows from `flip_` on are in state_. Two stacks make a queue.
  Status FinishMoved(uint64_t low, uint64_t high) {
    if (low >= flip_) {
      RUNJOB_RETURN_IF_ERROR(Flip(low, high));
    } else {
      if (low >= front_end_) RUNJOB_RETURN_IF_ERROR(NextFront(low));
      RUNJOB_RETURN_IF_ERROR(AddTo(high));
    }
    result_->Clear();
    if (low < flip_) RUNJOB_RETURN_IF_ERROR(result_->Merge(values_, Suffix(low)));
    if (added_ > flip_) {
      if (written_ != added_) {
        back_state_.clear();
        values_.Write(state_->bytes(), &back_state_);
        written_ = added_;
      }
      RUNJOB_RETURN_IF_ERROR(result_->Merge(values_, back_state_));
    }
    return values_.Finish(result_->bytes(), &row_);
  }

  // All rows of the frame become the front.
  Status Flip(uint64_t low, uint64_t high) {
    chunk_suffixes_.clear();
    state_->Clear();
    flip_ = added_ = high;
    written_ = UINT64_MAX;
    front_end_ = low;
    if (low == high) return Status::Ok();
    RUNJOB_RETURN_IF_ERROR(front_.Seek(low));
    const uint64_t first_end = std::min(front_.chunk()->end(), high);
    for (uint64_t end = high; end > first_end;) {
      RUNJOB_RETURN_IF_ERROR(front_.Seek(end - 1));
      const uint64_t begin = front_.chunk()->first;
      result_->Clear();
      RUNJOB_RETURN_IF_ERROR(AddRows(begin, end, &front_, result_.get()));
      if (!chunk_suffixes_.empty()) RUNJOB_RETURN_IF_ERROR(result_->Merge(values_, chunk_suffixes_.front()));
      chunk_suffixes_.emplace_front();
      values_.Write(result_->bytes(), &chunk_suffixes_.front());
      end = begin;
    }
    return MakeSuffixes(low, first_end);
  }

  // The front goes on in the chunk of that row.
  Status NextFront(uint64_t low) {
    for (;;) {
      const uint64_t begin = front_end_;
      chunk_suffixes_.pop_front();
      RUNJOB_RETURN_IF_ERROR(front_.Seek(begin));
      front_end_ = std::min(front_.chunk()->end(), flip_);
      if (low < front_end_) return MakeSuffixes(low, front_end_);
    }
  }

  // Of the rows [begin, end) of a chunk; chunk_suffixes_ have what follows them in the front.
  Status MakeSuffixes(uint64_t begin, uint64_t end) {
    front_end_ = end;
    suffix_bytes_.clear();
    suffix_ends_.assign(static_cast<size_t>(end - begin) + 1, 0);
    std::string later = chunk_suffixes_.empty() ? std::string() : chunk_suffixes_.front();
    for (uint64_t row = end; row-- > begin;) {
      result_->Clear();
      RUNJOB_RETURN_IF_ERROR(AddRows(row, row + 1, &front_, result_.get()));
      if (!later.empty()) RUNJOB_RETURN_IF_ERROR(result_->Merge(values_, later));
      later.clear();
      values_.Write(result_->bytes(), &later);
      suffix_bytes_ += later;
      suffix_ends_[static_cast<size_t>(end - row)] = suffix_bytes_.size();
    }
    return Status::Ok();
  }

  Slice Suffix(uint64_t row) const {
    const size_t i = static_cast<size_t>(front_end_ - row);
    return Slice(suffix_bytes_.data() + suffix_ends_[i - 1], suffix_ends_[i] - suffix_ends_[i - 1]);
  }

  Status AddTo(uint64_t end) {
    if (added_ >= end) return Status::Ok();
    RUNJOB_RETURN_IF_ERROR(AddRows(added_, end, &back_, state_.get()));
    added_ = end;
    return Status::Ok();
  }

  Status AddRows(uint64_t begin, uint64_t end, WindowPlace* place, State* state) {
    while (begin < end) {
      RUNJOB_RETURN_IF_ERROR(place->Seek(begin));
      const std::shared_ptr<const WindowChunk>& chunk = place->chunk();
      if (evaluated_ != chunk) {
        evaluated_ = nullptr;
        RUNJOB_RETURN_IF_ERROR(values_.Evaluate(chunk->batch()));
        evaluated_ = chunk;
      }
      const uint64_t next = std::min(end, chunk->end());
      RUNJOB_RETURN_IF_ERROR(
          state->Update(&values_, chunk->batch(), place->index(), static_cast<size_t>(next - begin)));
      begin = next;
      // Lists are as large as their results.
      if (listed_ && state->held() > std::max(rows_->memory_bytes(), 2 * State::kMostBytes)) {
        return Status::Error("WINDOW_TOO_LARGE",
                             "the values of a frame take " + std::to_string(state->held()) + " bytes");
      }
    }
    return Status::Ok();
  }

  WindowRows* const rows_;
  WindowFrame frame_;
  GroupValues values_;
  bool listed_ = false;  // a state holds all values
  WindowPlace back_;
  WindowPlace front_;
  std::shared_ptr<const WindowChunk> evaluated_;  // of which the values are
  std::unique_ptr<State> state_;
  std::unique_ptr<State> result_;

  bool begun_ = false;
  uint64_t partition_ = 0;
  uint64_t added_ = 0;  // rows before it are in the state
  uint64_t flip_ = 0;
  std::deque<std::string> chunk_suffixes_;  // of the front's chunks behind the one at hand
  // Of the front's rows at hand, which end there, the last one's first.
  uint64_t front_end_ = 0;
  std::string suffix_bytes_;
  std::vector<size_t> suffix_ends_;
  std::string back_state_;  // state_, when rows before written_ were in it
  uint64_t written_ = UINT64_MAX;

  // The frame whose result is in row_.
  bool has_row_ = false;
  uint64_t low_ = 0;
  uint64_t high_ = 0;
  std::string row_;
};

}  // namespace

Status CompileWindowAggregates(ProgramReader* program, const Schema& schema, WindowRows* rows,
                               std::unique_ptr<WindowFunction>* function) {
  auto aggregates = std::make_unique<Aggregates>(rows);
  RUNJOB_RETURN_IF_ERROR(aggregates->Read(program, schema));
  *function = std::move(aggregates);
  return Status::Ok();
}

}  // namespace runjob
