#include "pipeline/window_frame.h"

#include <algorithm>

#include "aggregate/integer.h"

namespace runjob {

namespace {

constexpr __int128 kLargest = static_cast<__int128>(~static_cast<unsigned __int128>(0) >> 1);

// The row at a distance, or the nearest one from `least` to `most`.
uint64_t Shifted(uint64_t row, __int128 by, uint64_t least, uint64_t most) {
  const __int128 at = static_cast<__int128>(row) + by;
  return static_cast<uint64_t>(
      std::clamp<__int128>(at, static_cast<__int128>(least), static_cast<__int128>(std::max(least, most))));
}

// NaN is the largest.
int CompareReal(double a, double b) {
  if (a != a || b != b) return (a != a) - (b != b);
  return (a > b) - (a < b);
}

}  // namespace

bool WindowFrame::ReadEnd(ProgramReader* program, End* end) {
  uint8_t kind = 0;
  if (!program->Read(&kind) || kind > static_cast<uint8_t>(EndKind::kOffset)) return false;
  end->kind = static_cast<EndKind>(kind);
  return end->kind != EndKind::kOffset || (program->Read(&end->whole) && program->Read(&end->real));
}

Status WindowFrame::Read(ProgramReader* program, const Schema& schema) {
  uint8_t unit = 0;
  if (!program->Read(&unit) || unit > 1 || !ReadEnd(program, &start_) || !ReadEnd(program, &end_)) return BadProgram();
  by_range_ = unit == 1;
  program->Read(&column_);
  program->Read(&order_.descending);
  if (!program->Read(&order_.nulls_first)) return BadProgram();
  // By rows, the current one is at no distance.
  for (End* end : {&start_, &end_}) {
    if (!by_range_ && end->kind == EndKind::kCurrent) end->kind = EndKind::kOffset;
  }
  const bool has_key = by_range_ && (start_.kind == EndKind::kOffset || end_.kind == EndKind::kOffset);
  if (!has_key) return Status::Ok();
  if (column_ >= schema.size()) return BadProgram();
  const Type& type = schema[column_].type;
  if (type.is_bytes() || type.is_nested() || type.id == TypeId::kBoolean) return BadProgram();
  type_ = type.id;
  wide_ = type.is_wide();
  return Status::Ok();
}

Status WindowFrame::Find(uint64_t row, uint8_t flags, bool* known) {
  if ((flags & kBeginsPartition) != 0) {
    partition_ = row;
    low_ = std::max(low_, row);
    high_ = std::max(high_, row);
  }
  *known = true;
  // Peers have one frame by range.
  if (by_range_ && (flags & kBeginsPeers) == 0) return Status::Ok();
  peers_ = row;
  uint64_t end = 0;
  const bool is_end = rows_->PartitionEnd(row, &end);
  RUNJOB_RETURN_IF_ERROR(FindHigh(row, end, is_end, known));
  return *known ? FindLow(row) : Status::Ok();
}

Status WindowFrame::FindHigh(uint64_t row, uint64_t limit, bool is_end, bool* known) {
  if (end_.kind == EndKind::kUnbounded) {
    *known = is_end;
    if (is_end) high_ = limit;
    return Status::Ok();
  }
  if (!by_range_) {
    const __int128 wanted = static_cast<__int128>(row) + end_.whole + 1;
    *known = is_end || wanted <= static_cast<__int128>(limit);
    if (*known) high_ = Shifted(row, end_.whole + 1, partition_, limit);
    return Status::Ok();
  }
  if (end_.kind == EndKind::kCurrent) {
    high_ = std::max(high_, row + 1);
    for (; high_ < limit; high_++) {
      RUNJOB_RETURN_IF_ERROR(at_high_.Seek(high_));
      if ((at_high_.flags() & kBeginsPeers) != 0) break;
    }
  } else {
    Key key;
    RUNJOB_RETURN_IF_ERROR(KeyAt(&current_, row, &key));
    RUNJOB_RETURN_IF_ERROR(Skip(Moved(key, end_), true, limit, &at_high_, &high_));
  }
  *known = is_end || high_ < limit;
  return Status::Ok();
}

Status WindowFrame::FindLow(uint64_t row) {
  if (start_.kind == EndKind::kUnbounded) {
    low_ = partition_;
  } else if (!by_range_) {
    low_ = Shifted(row, start_.whole, partition_, high_);
    low_ = std::min(low_, high_);
  } else if (start_.kind == EndKind::kCurrent) {
    low_ = std::min(peers_, high_);
  } else {
    Key key;
    RUNJOB_RETURN_IF_ERROR(KeyAt(&current_, row, &key));
    RUNJOB_RETURN_IF_ERROR(Skip(Moved(key, start_), false, high_, &at_low_, &low_));
  }
  return Status::Ok();
}

Status WindowFrame::Skip(const Key& key, bool equal, uint64_t limit, WindowPlace* place, uint64_t* at) {
  for (; *at < limit; ++*at) {
    Key other;
    RUNJOB_RETURN_IF_ERROR(KeyAt(place, *at, &other));
    const int order = Compare(other, key);
    if (order > 0 || (order == 0 && !equal)) break;
  }
  return Status::Ok();
}

Status WindowFrame::KeyAt(WindowPlace* place, uint64_t row, Key* key) {
  RUNJOB_RETURN_IF_ERROR(place->Seek(row));
  const Vector& column = place->chunk()->batch().columns[column_];
  const size_t index = place->index();
  key->null = !column.valid(index);
  if (key->null) return Status::Ok();
  switch (type_) {
    case TypeId::kDouble:
      key->real = column.at<double>(index);
      break;
    case TypeId::kInt:
    case TypeId::kDate:
      key->whole = column.at<int32_t>(index);
      break;
    default:
      key->whole = wide_ ? column.at<Integer128>(index).value() : column.at<int64_t>(index);
  }
  return Status::Ok();
}

WindowFrame::Key WindowFrame::Moved(const Key& key, const End& end) const {
  Key moved = key;
  if (key.null) return moved;
  moved.real += order_.descending ? -end.real : end.real;
  const __int128 by = order_.descending ? -end.whole : end.whole;
  if (__builtin_add_overflow(key.whole, by, &moved.whole)) {
    moved.whole = by > 0 ? kLargest : -kLargest - 1;
  }
  return moved;
}

int WindowFrame::Compare(const Key& a, const Key& b) const {
  if (a.null || b.null) {
    const int order = static_cast<int>(b.null) - static_cast<int>(a.null);
    return order_.nulls_first ? order : -order;
  }
  const int order = type_ == TypeId::kDouble ? CompareReal(a.real, b.real) : (a.whole > b.whole) - (a.whole < b.whole);
  return order_.descending ? -order : order;
}

}  // namespace runjob
