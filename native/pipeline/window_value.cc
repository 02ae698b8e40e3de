// Functions whose result is a value of one other row.
#include <algorithm>
#include <utility>

#include "pipeline/window_frame.h"
#include "pipeline/window_function.h"

namespace runjob {

Status WindowValue::At(uint64_t row, std::string* result) {
  RUNJOB_RETURN_IF_ERROR(place_.Seek(row));
  if (evaluated_ != place_.chunk()) {
    // Not before it has been evaluated: values are as old as their chunk.
    evaluated_ = nullptr;
    RUNJOB_RETURN_IF_ERROR(expression_->Evaluate(place_.chunk()->batch(), &values_[0]));
    evaluated_ = place_.chunk();
  }
  result->clear();
  AppendRow({&values_[0]}, place_.index(), result);
  return Status::Ok();
}

namespace {

// A row of one column, which is null.
constexpr char kNullRow = 1;

Status ReadResult(ProgramReader* program, const Schema& schema, WindowValue* value, Schema* results) {
  results->resize(1);
  if (!program->Read(&results->front())) return BadProgram();
  RUNJOB_RETURN_IF_ERROR(value->Read(program, schema));
  return value->type() == results->front().type ? Status::Ok() : BadProgram();
}

// lag and lead.
class Shift final : public WindowFunction {
 public:
  explicit Shift(WindowRows* rows) : WindowFunction(rows), rows_(rows), value_(rows), other_(rows) {}

  Status Read(ProgramReader* program, const Schema& schema) {
    Schema results;
    if (!program->Read(&distance_)) return BadProgram();
    RUNJOB_RETURN_IF_ERROR(ReadResult(program, schema, &value_, &results));
    if (!program->Read(&has_other_)) return BadProgram();
    if (has_other_) {
      RUNJOB_RETURN_IF_ERROR(other_.Read(program, schema));
      if (!(other_.type() == results[0].type)) return BadProgram();
    }
    SetResults(std::move(results));
    return Status::Ok();
  }

 private:
  Status Next(uint64_t row, uint8_t flags, bool* known) override {
    if ((flags & kBeginsPartition) != 0) partition_ = row;
    const __int128 wanted = static_cast<__int128>(row) + distance_;
    uint64_t end = 0;
    *known = rows_->PartitionEnd(row, &end) || wanted < static_cast<__int128>(end);
    if (!*known) return Status::Ok();
    if (wanted >= static_cast<__int128>(partition_) && wanted < static_cast<__int128>(end)) {
      RUNJOB_RETURN_IF_ERROR(value_.At(static_cast<uint64_t>(wanted), &row_));
    } else if (has_other_) {
      RUNJOB_RETURN_IF_ERROR(other_.At(row, &row_));
    } else {
      row_.assign(1, kNullRow);
    }
    oldest_ = distance_ < 0 ? static_cast<uint64_t>(std::max(wanted, static_cast<__int128>(partition_))) : row;
    return Give(row_);
  }
  uint64_t Oldest() const override { return oldest_; }

  WindowRows* const rows_;
  int64_t distance_ = 0;
  bool has_other_ = false;
  WindowValue value_;
  WindowValue other_;
  uint64_t partition_ = 0;
  uint64_t oldest_ = 0;
  std::string row_;
};

class Nth final : public WindowFunction {
 public:
  explicit Nth(WindowRows* rows) : WindowFunction(rows), frame_(rows), value_(rows) {}

  Status Read(ProgramReader* program, const Schema& schema) {
    Schema results;
    RUNJOB_RETURN_IF_ERROR(frame_.Read(program, schema));
    if (!program->Read(&n_) || n_ == 0) return BadProgram();
    RUNJOB_RETURN_IF_ERROR(ReadResult(program, schema, &value_, &results));
    SetResults(std::move(results));
    return Status::Ok();
  }

 private:
  Status Next(uint64_t row, uint8_t flags, bool* known) override {
    RUNJOB_RETURN_IF_ERROR(frame_.Find(row, flags, known));
    if (!*known) return Status::Ok();
    if (n_ > frame_.high() - frame_.low()) {
      row_.assign(1, kNullRow);
    } else {
      const uint64_t wanted = frame_.low() + n_ - 1;
      if (wanted != found_) RUNJOB_RETURN_IF_ERROR(value_.At(wanted, &found_row_));
      found_ = wanted;
      row_ = found_row_;
    }
    return Give(row_);
  }
  uint64_t Oldest() const override {
    // A frame that begins with its partition is long, but one of its rows is looked at, once.
    return frame_.from_start() && frame_.low() + n_ - 1 == found_ ? frame_.high() : frame_.low();
  }

  WindowFrame frame_;
  WindowValue value_;
  uint32_t n_ = 0;
  uint64_t found_ = UINT64_MAX;  // whose value is in found_row_
  std::string found_row_;
  std::string row_;
};

}  // namespace

Status CompileWindowShift(ProgramReader* program, const Schema& schema, WindowRows* rows,
                          std::unique_ptr<WindowFunction>* function) {
  auto shift = std::make_unique<Shift>(rows);
  RUNJOB_RETURN_IF_ERROR(shift->Read(program, schema));
  *function = std::move(shift);
  return Status::Ok();
}

Status CompileWindowNth(ProgramReader* program, const Schema& schema, WindowRows* rows,
                        std::unique_ptr<WindowFunction>* function) {
  auto nth = std::make_unique<Nth>(rows);
  RUNJOB_RETURN_IF_ERROR(nth->Read(program, schema));
  *function = std::move(nth);
  return Status::Ok();
}

}  // namespace runjob
