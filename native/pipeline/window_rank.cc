// Functions of the place that a row has in its partition.
#include <cstring>

#include "pipeline/window_function.h"

namespace runjob {
namespace {

class Rank final : public WindowFunction {
 public:
  explicit Rank(WindowRows* rows) : WindowFunction(rows), rows_(rows), after_(rows) {}

  Status Read(ProgramReader* program) {
    uint8_t which = 0;
    Schema results(1);
    program->Read(&which);
    program->Read(&parts_);
    if (!program->Read(&results[0]) || which > static_cast<uint8_t>(WindowRank::kNtile)) return BadProgram();
    which_ = static_cast<WindowRank>(which);
    const TypeId type =
        which_ == WindowRank::kPercentRank || which_ == WindowRank::kCumeDist ? TypeId::kDouble : TypeId::kInt;
    if (results[0].type.id != type || (which_ == WindowRank::kNtile && parts_ == 0)) return BadProgram();
    SetResults(std::move(results));
    return Status::Ok();
  }

 private:
  Status Next(uint64_t row, uint8_t flags, bool* known) override {
    uint64_t end = 0;
    *known = true;
    if (which_ >= WindowRank::kPercentRank) RUNJOB_RETURN_IF_ERROR(FindEnd(row, flags, &end, known));
    if (!*known) return Status::Ok();
    if ((flags & kBeginsPartition) != 0) {
      partition_ = row;
      dense_ = 0;
    }
    if ((flags & kBeginsPeers) != 0) {
      peers_ = row;
      dense_++;
    }
    const uint64_t index = row - partition_;
    const uint64_t rank = peers_ - partition_ + 1;
    const uint64_t size = end - partition_;
    switch (which_) {
      case WindowRank::kRowNumber:
        return GiveWhole(index + 1);
      case WindowRank::kRank:
        return GiveWhole(rank);
      case WindowRank::kDenseRank:
        return GiveWhole(dense_);
      case WindowRank::kNtile: {
        // The first parts have a row more.
        const uint64_t least = size / parts_;
        const uint64_t larger = size % parts_;
        const uint64_t in_larger = larger * (least + 1);
        return GiveWhole(index < in_larger ? index / (least + 1) + 1 : larger + (index - in_larger) / least + 1);
      }
      case WindowRank::kPercentRank:
        return GiveValue(size < 2 ? 0.0 : static_cast<double>(rank - 1) / static_cast<double>(size - 1));
      case WindowRank::kCumeDist:
        return GiveValue(static_cast<double>(peers_end_ - partition_) / static_cast<double>(size));
    }
    return Status::Ok();
  }

  // Of the partition, and if it matters of the row's peers.
  Status FindEnd(uint64_t row, uint8_t flags, uint64_t* end, bool* known) {
    *known = rows_->PartitionEnd(row, end);
    if (!*known || which_ != WindowRank::kCumeDist || (flags & kBeginsPeers) == 0) return Status::Ok();
    for (peers_end_ = row + 1; peers_end_ < *end; peers_end_++) {
      RUNJOB_RETURN_IF_ERROR(after_.Seek(peers_end_));
      if ((after_.flags() & kBeginsPeers) != 0) break;
    }
    return Status::Ok();
  }

  Status GiveWhole(uint64_t value) {
    if (value > INT32_MAX)
      return Status::Error("ARITHMETIC_OVERFLOW", "the number of a row in its window is not an int");
    return GiveValue(static_cast<int32_t>(value));
  }
  template <class T>
  Status GiveValue(T value) {
    char row[1 + sizeof(T)] = {};
    std::memcpy(row + 1, &value, sizeof(T));
    return Give(Slice(row, sizeof(row)));
  }

  WindowRows* const rows_;
  WindowPlace after_;
  WindowRank which_ = WindowRank::kRowNumber;
  uint32_t parts_ = 0;
  uint64_t partition_ = 0;
  uint64_t peers_ = 0;
  uint64_t peers_end_ = 0;
  uint64_t dense_ = 0;
};

}  // namespace

Status CompileWindowRank(ProgramReader* program, WindowRows* rows, std::unique_ptr<WindowFunction>* function) {
  auto rank = std::make_unique<Rank>(rows);
  RUNJOB_RETURN_IF_ERROR(rank->Read(program));
  *function = std::move(rank);
  return Status::Ok();
}

}  // namespace runjob
