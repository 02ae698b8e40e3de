#include "operator/rekey.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "record/number_key.h"
#include "record/record.h"

namespace runjob {

namespace {

constexpr size_t kBatchRecords = 512;
constexpr size_t kBatchBytes = 256 << 10;

// A batch that owns its memory and is filled record by record.
class BatchBuilder {
 public:
  explicit BatchBuilder(const RekeyOptions& options)
      : options_(options), columns_(options.layout.size()), fields_(options.layout.size()) {
    key_ends_.reserve(kBatchRecords);
    number_ = static_cast<size_t>(std::find(options.layout.begin(), options.layout.end(), ValueKind::kNumber) -
                                  options.layout.begin());
  }

  bool empty() const { return key_ends_.empty(); }
  bool full() const { return key_ends_.size() == kBatchRecords || bytes_ >= kBatchBytes; }
  // Whether the record would take an offset past what a batch can count.
  bool Overflows(Slice key, Slice value) const { return bytes_ + kNumberKeyBytes + key.size + value.size > UINT32_MAX; }

  Status Append(Slice key, Slice value) {
    RUNJOB_RETURN_IF_ERROR(SplitValue(value, options_.layout, fields_.data()));
    if (options_.kind == RekeyKind::kByNumber) AppendNumberKey(fields_[number_].number, options_.descending, &keys_);
    keys_.append(key.data, key.size);
    key_ends_.push_back(static_cast<uint32_t>(keys_.size()));
    for (size_t c = 0; c < columns_.size(); c++) {
      if (options_.layout[c] == ValueKind::kNumber) {
        columns_[c].numbers.push_back(fields_[c].number);
      } else {
        columns_[c].bytes.append(fields_[c].bytes.data, fields_[c].bytes.size);
        columns_[c].ends.push_back(static_cast<uint32_t>(columns_[c].bytes.size()));
      }
    }
    bytes_ += kNumberKeyBytes + key.size + value.size;
    return Status::Ok();
  }

  Status FlushTo(BatchSink* sink) {
    if (empty()) return Status::Ok();
    keys_.append(kBatchPadding, '\0');
    views_.clear();
    for (size_t c = 0; c < columns_.size(); c++) {
      views_.push_back(
          {options_.layout[c], columns_[c].numbers.data(), columns_[c].bytes.data(), columns_[c].ends.data()});
    }
    RecordBatch batch;
    batch.count = key_ends_.size();
    batch.key_bytes = keys_.data();
    batch.key_ends = key_ends_.data();
    batch.columns = views_.data();
    batch.column_count = views_.size();
    RUNJOB_RETURN_IF_ERROR(sink->Add(batch));

    keys_.clear();
    key_ends_.clear();
    for (Column& column : columns_) {
      column.numbers.clear();
      column.bytes.clear();
      column.ends.clear();
    }
    bytes_ = 0;
    return Status::Ok();
  }

 private:
  struct Column {
    std::vector<double> numbers;
    std::string bytes;
    std::vector<uint32_t> ends;
  };

  const RekeyOptions& options_;
  size_t number_;  // index of the first number in the layout
  std::string keys_;
  std::vector<uint32_t> key_ends_;
  std::vector<Column> columns_;
  std::vector<ValueColumn> views_;
  std::vector<FieldValue> fields_;
  size_t bytes_ = 0;
};

class DropPrefix : public Cursor {
 public:
  DropPrefix(std::unique_ptr<Cursor> input, size_t bytes) : input_(std::move(input)), bytes_(bytes) {}

  uint64_t records_in() const override { return records_in_; }

 private:
  Status Begin() override { return Drop(input_->Start()); }
  Status Read() override { return Drop(input_->Next()); }

  Status Drop(Status status) {
    if (!status.ok() || !input_->valid()) return status;
    const Slice key = input_->key();
    if (key.size < bytes_) {
      return Status::Error("RUN_CORRUPT", "a key of " + std::to_string(key.size) + " bytes lacks its prefix of " +
                                              std::to_string(bytes_));
    }
    SetReady(Slice(key.data + bytes_, key.size - bytes_), input_->value());
    records_in_++;
    return status;
  }

  std::unique_ptr<Cursor> input_;
  const size_t bytes_;
  uint64_t records_in_ = 0;
};

}  // namespace

Status MoveRecords(Cursor* from, const RekeyOptions& options, uint64_t max_records, BatchSink* to, uint64_t* moved) {
  BatchBuilder builder(options);
  *moved = 0;
  while (*moved < max_records && from->valid()) {
    const Slice key = from->key();
    const Slice value = from->value();
    if (builder.full() || builder.Overflows(key, value)) RUNJOB_RETURN_IF_ERROR(builder.FlushTo(to));
    if (builder.Overflows(key, value)) {
      return Status::Error("RECORD_TOO_LARGE", "a record has " + std::to_string(key.size) + " bytes of key and " +
                                                   std::to_string(value.size) + " of value; together at most 4 GiB");
    }
    RUNJOB_RETURN_IF_ERROR(builder.Append(key, value));
    ++*moved;
    RUNJOB_RETURN_IF_ERROR(from->Next());
  }
  return builder.FlushTo(to);
}

std::unique_ptr<Cursor> NewDropPrefix(std::unique_ptr<Cursor> input, size_t bytes) {
  return std::make_unique<DropPrefix>(std::move(input), bytes);
}

}  // namespace runjob
