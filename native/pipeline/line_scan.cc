#include "pipeline/line_scan.h"

#include <bit>
#include <cstring>
#include <deque>
#include <string>
#include <utility>

#include "base/utf8.h"
#include "base/word.h"
#include "column/add_rows.h"
#include "text/text_mapper.h"

namespace runjob {

namespace {

constexpr char kBom[] = "\xEF\xBB\xBF";
constexpr size_t kBomBytes = 3;

class LineScan : public Mapper {
 public:
  LineScan(const LineScanOptions& options, const Schema& schema, ColumnSink* sink, BadRecords* bad)
      : Mapper(bad), limit_(options.limit), skip_bom_(options.skip_bom), places_(options.places), sink_(sink) {
    batch_.columns.resize(schema.size());
    for (size_t i = 0; i < schema.size(); i++) {
      batch_.columns[i].type = &schema[i].type;
      batch_.columns[i].values = lines_;
    }
  }

  Status Push(Slice chunk, uint64_t limit, bool last, bool* done) override {
    bool cut;
    const Slice text(chunk.data, BytesBeforeLimit(chunk, taken_, limit, &cut));
    const char* p = text.data;
    const char* const end = p + text.size;
    while (p != end) {
      const char* newline = static_cast<const char*>(std::memchr(p, '\n', static_cast<size_t>(end - p)));
      const Slice part(p, static_cast<size_t>((newline == nullptr ? end : newline) - p));
      if (newline == nullptr) {
        RUNJOB_RETURN_IF_ERROR(Hold(part));
        break;
      }
      p = newline + 1;
      const uint64_t next = taken_ + static_cast<uint64_t>(p - text.data);
      if (position_ < taken_) {
        // Begun by an earlier chunk.
        RUNJOB_RETURN_IF_ERROR(Hold(part));
        RUNJOB_RETURN_IF_ERROR(AddHeld(next));
      } else {
        RUNJOB_RETURN_IF_ERROR(Add(part, next));
      }
    }
    taken_ += text.size;
    if ((cut || last) && position_ < taken_) RUNJOB_RETURN_IF_ERROR(AddHeld(taken_));
    // Lines are in the chunk.
    RUNJOB_RETURN_IF_ERROR(Flush());
    *done = cut || last || sink_->done();
    return Status::Ok();
  }

 private:
  // Keeps a part of the line at position_.
  Status Hold(Slice part) {
    if (skips_) return Status::Ok();
    held_.append(part.data, part.size);
    return CheckLength(held_);
  }

  Status CheckLength(Slice line) {
    if (line.size <= limit_.max_bytes) return Status::Ok();
    Status bad = limit_.TooLong("a line", position_);
    if (!limit_.keep_bad) return bad;
    RUNJOB_RETURN_IF_ERROR(Flush());
    bad_.Add({std::move(bad), Excerpt(line)});
    std::string().swap(held_);
    skips_ = true;
    return Status::Ok();
  }

  // The held line is whole; the next one starts at `next`.
  Status AddHeld(uint64_t next) {
    RUNJOB_RETURN_IF_ERROR(Add(held_, next));
    RUNJOB_RETURN_IF_ERROR(Flush());
    std::string().swap(held_);  // lines can be huge: give the memory back
    return Status::Ok();
  }

  Status Add(Slice line, uint64_t next) {
    const uint64_t start = std::exchange(position_, next);
    records_in_++;
    if (!skips_ && line.size > limit_.max_bytes) {
      position_ = start;
      RUNJOB_RETURN_IF_ERROR(CheckLength(line));
      position_ = next;
    }
    if (std::exchange(skips_, false)) return Status::Ok();
    if (start == 0 && skip_bom_ && line.size >= kBomBytes && std::memcmp(line.data, kBom, kBomBytes) == 0) {
      line = Slice(line.data + kBomBytes, line.size - kBomBytes);
    }
    if (line.size > 0 && line.data[line.size - 1] == '\r') line.size--;
    lines_[rows_] = StringView(Valid(line));
    starts_[rows_] = start;
    rows_++;
    return rows_ == kVectorRows ? Flush() : Status::Ok();
  }

  // The first byte that is not ASCII, or the end.
  static const char* SkipAscii(const char* p, const char* end) {
    constexpr uint64_t kHighs = 0x8080808080808080;
    while (end - p >= 8) {
      const uint64_t highs = Load64(p) & kHighs;
      if (highs != 0) return p + std::countr_zero(highs) / 8;
      p += 8;
    }
    const uint64_t highs = LoadBelow8(p, static_cast<size_t>(end - p)) & kHighs;
    return highs == 0 ? end : p + std::countr_zero(highs) / 8;
  }

  // The line in valid UTF-8: itself, or a copy.
  Slice Valid(Slice line) {
    const char* p = line.data;
    const char* const end = p + line.size;
    while ((p = SkipAscii(p, end)) != end) {
      const Utf8Char c = DecodeUtf8(p, end);
      if (c.code_point == kReplacement) break;
      p += c.length;
    }
    if (p == end) return line;
    std::string* const copy = &copies_.emplace_back(line.data, p);
    while (p != end) {
      const Utf8Char c = DecodeUtf8(p, end);
      AppendUtf8(c.code_point, copy);
      p += c.length;
    }
    return *copy;
  }

  Status Flush() {
    if (rows_ == 0) return Status::Ok();
    batch_.rows = batch_.count = rows_;
    const auto place_of = [this](size_t row) { return RecordPlace{starts_[row], lines_[row].slice()}; };
    if (places_ != nullptr) {
      places_->clear();
      for (size_t row = 0; row < rows_; row++) places_->push_back(place_of(row));
    }
    Status status = AddRows(batch_, place_of, sink_, limit_.keep_bad ? &bad_ : nullptr, &records_out_);
    rows_ = 0;
    copies_.clear();
    return status;
  }

  const RecordLimit limit_;
  const bool skip_bom_;
  RowPlaces* const places_;
  ColumnSink* const sink_;
  uint64_t taken_ = 0;
  std::string held_;    // of the line at position_, from earlier chunks
  bool skips_ = false;  // it is too long: what else comes of it is skipped
  StringView lines_[kVectorRows];
  uint64_t starts_[kVectorRows];
  std::deque<std::string> copies_;
  size_t rows_ = 0;
  Batch batch_;
};

}  // namespace

std::unique_ptr<Mapper> NewLineScan(const LineScanOptions& options, const Schema& schema, ColumnSink* sink,
                                    BadRecords* bad) {
  return std::make_unique<LineScan>(options, schema, sink, bad);
}

}  // namespace runjob
