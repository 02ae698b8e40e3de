#include "json/json_columns.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "column/add_rows.h"
#include "json/json_row.h"
#include "text/text_mapper.h"

namespace runjob {

namespace {

constexpr char kBom[] = "\xEF\xBB\xBF";
constexpr size_t kBomBytes = 3;
constexpr size_t kKeepLineBytes = 4 << 20;

bool IsBlank(Slice line) {
  for (size_t i = 0; i < line.size; i++) {
    const char c = line.data[i];
    if (c != ' ' && c != '\t' && c != '\r') return false;
  }
  return true;
}

class JsonScan final : public Mapper {
 public:
  JsonScan(const JsonColumnsOptions& options, const Schema& schema, ColumnSink* sink, BadRecords* bad)
      : Mapper(bad),
        limit_(options.limit),
        row_places_(options.places),
        sink_(sink),
        rows_(schema),
        bom_pending_(options.skip_bom) {}

  Status Push(Slice chunk, uint64_t limit, bool last, bool* done) override;

 private:
  Status TakeLines(Slice text, uint64_t start, bool final);
  Status Extend(Slice part, uint64_t line_start);
  Status FinishLine();
  Status TakeLine(Slice line, uint64_t start);
  Status Reject(Status status, Slice line, uint64_t start);
  Status Flush();

  const RecordLimit limit_;
  RowPlaces* const row_places_;
  ColumnSink* const sink_;
  JsonRows rows_;
  std::vector<RecordPlace> places_;  // of the rows

  bool bom_pending_;
  uint64_t taken_ = 0;  // bytes
  // The line at position_, which an earlier chunk began. Rows refer to it until they are flushed.
  std::string unfinished_;
  bool skips_ = false;  // it is too long: no more than its first bytes are kept
};

Status JsonScan::Push(Slice chunk, uint64_t limit, bool last, bool* done) {
  bool cut = false;
  const Slice text(chunk.data, BytesBeforeLimit(chunk, taken_, limit, &cut));
  const uint64_t start = taken_;
  taken_ += text.size;
  Status status = TakeLines(text, start, cut || last);
  // What was read before a bad line is passed on.
  Status flushed = Flush();
  if (!flushed.ok()) {
    status = std::move(flushed);
  } else if (sink_->done()) {
    // What is wrong behind the last row that is needed does not matter.
    status = Status::Ok();
  }
  if (!status.ok()) {
    if (status.offset() >= 0) position_ = static_cast<uint64_t>(status.offset());
    return status;
  }
  if (position_ == taken_) unfinished_.clear();
  if (unfinished_.capacity() > kKeepLineBytes && unfinished_.empty()) std::string().swap(unfinished_);
  *done = cut || last || sink_->done();
  return Status::Ok();
}

Status JsonScan::TakeLines(Slice text, uint64_t start, bool final) {
  const char* p = text.data;
  const char* const end = p + text.size;
  const auto find_newline = [&] {
    return p == end ? nullptr : static_cast<const char*>(std::memchr(p, '\n', static_cast<size_t>(end - p)));
  };
  if (position_ < start) {  // in the middle of a line
    const char* const newline = find_newline();
    RUNJOB_RETURN_IF_ERROR(Extend(Slice(p, static_cast<size_t>((newline == nullptr ? end : newline) - p)), position_));
    p = newline == nullptr ? end : newline + 1;
    if (newline != nullptr) {
      RUNJOB_RETURN_IF_ERROR(FinishLine());
      position_ = start + static_cast<uint64_t>(p - text.data);
    }
  }
  while (p < end && !sink_->done()) {
    const char* const newline = find_newline();
    if (newline == nullptr) {
      // Rows must not refer to it before it is whole: a longer line may move it.
      RUNJOB_RETURN_IF_ERROR(Flush());
      unfinished_.clear();
      RUNJOB_RETURN_IF_ERROR(Extend(Slice(p, static_cast<size_t>(end - p)), position_));
      break;
    }
    RUNJOB_RETURN_IF_ERROR(TakeLine(Slice(p, static_cast<size_t>(newline - p)), position_));
    p = newline + 1;
    position_ = start + static_cast<uint64_t>(p - text.data);
  }
  if (final && position_ < taken_ && !sink_->done()) {
    RUNJOB_RETURN_IF_ERROR(FinishLine());
    position_ = taken_;
  }
  return Status::Ok();
}

Status JsonScan::Extend(Slice part, uint64_t line_start) {
  const size_t room = skips_ ? kExcerptBytes - unfinished_.size() : part.size;
  unfinished_.append(part.data, std::min(part.size, room));
  if (skips_ || unfinished_.size() <= limit_.max_bytes) return Status::Ok();
  if (!limit_.keep_bad) return limit_.TooLong("a line", line_start);
  std::string(Excerpt(unfinished_)).swap(unfinished_);
  skips_ = true;
  return Status::Ok();
}

Status JsonScan::FinishLine() {
  if (std::exchange(skips_, false)) return Reject(limit_.TooLong("a line", position_), Slice(unfinished_), position_);
  return TakeLine(Slice(unfinished_), position_);
}

Status JsonScan::TakeLine(Slice line, uint64_t start) {
  if (line.size > limit_.max_bytes) return Reject(limit_.TooLong("a line", start), line, start);
  if (std::exchange(bom_pending_, false) && line.size >= kBomBytes && std::memcmp(line.data, kBom, kBomBytes) == 0) {
    line = Slice(line.data + kBomBytes, line.size - kBomBytes);
  }
  if (IsBlank(line)) return Status::Ok();
  Status status = rows_.Append(line);
  if (!status.ok()) return Reject(std::move(status), line, start);
  places_.push_back({start, line});
  return rows_.size() == kVectorRows ? Flush() : Status::Ok();
}

Status JsonScan::Reject(Status status, Slice line, uint64_t start) {
  Status bad = Status::BadRecord(status.code(), status.detail(), static_cast<int64_t>(start));
  if (!limit_.keep_bad) return bad;
  // Bad rows are noted in order, and the sink may reject some of those before.
  RUNJOB_RETURN_IF_ERROR(Flush());
  if (sink_->done()) return Status::Ok();
  bad_.Add({std::move(bad), Excerpt(line)});
  records_in_++;
  return Status::Ok();
}

Status JsonScan::Flush() {
  if (rows_.size() == 0) return Status::Ok();
  if (row_places_ != nullptr) *row_places_ = places_;
  const auto place_of = [this](size_t row) { return places_[row]; };
  Status status = AddRows(rows_.batch(), place_of, sink_, limit_.keep_bad ? &bad_ : nullptr, &records_out_);
  records_in_ += rows_.size();
  rows_.Clear();
  places_.clear();
  return status;
}

}  // namespace

std::unique_ptr<Mapper> NewJsonScan(const JsonColumnsOptions& options, const Schema& schema, ColumnSink* sink,
                                    BadRecords* bad) {
  return std::make_unique<JsonScan>(options, schema, sink, bad);
}

}  // namespace runjob
