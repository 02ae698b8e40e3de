// Keys and rows for an exchange.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "column/keys.h"
#include "column/rows.h"
#include "pipeline/operator.h"
#include "record/batch.h"
#include "record/row_sample.h"

namespace runjob {

namespace {

// Of keys or rows in a batch of records, unless one record has more: ends of columns are 32 bits.
constexpr size_t kBatchBytes = size_t{16} << 20;

enum class Side : uint8_t { kNone = 0, kRight = 1, kLeft = 2 };

struct KeyColumn {
  uint32_t column;
  KeyOrder order;
};

class ExchangeEnd : public ColumnSink {
 public:
  ExchangeEnd(std::vector<KeyColumn> keys, Side side, BatchSink* records, RowSample* sample)
      : keys_(std::move(keys)), side_(side), records_(records), sample_(sample) {}

  Status Add(const Batch& batch) override {
    columns_.clear();
    for (const Vector& column : batch.columns) columns_.push_back(&column);
    for (size_t i = 0; i < batch.count; i++) {
      const size_t key_start = key_bytes_.size();
      const size_t value_start = values_.size();
      AppendRecordKey(batch, batch.row(i));
      AppendRow(columns_, batch.row(i), &values_);
      if (sample_ != nullptr) {
        sample_->Add(Slice(key_bytes_.data() + key_start, key_bytes_.size() - key_start),
                     Slice(values_.data() + value_start, values_.size() - value_start));
      }
      if (key_bytes_.size() > UINT32_MAX - kBatchPadding || values_.size() > UINT32_MAX) {
        return Status::Error("RECORD_TOO_LARGE", "a row has more than 4 GiB");
      }
      key_ends_.push_back(static_cast<uint32_t>(key_bytes_.size()));
      value_ends_.push_back(static_cast<uint32_t>(values_.size()));
      if (key_bytes_.size() + values_.size() > kBatchBytes) RUNJOB_RETURN_IF_ERROR(Pass());
    }
    return Pass();
  }
  Status Finish() override { return Status::Ok(); }

 private:
  void AppendRecordKey(const Batch& batch, size_t row) {
    for (const KeyColumn& part : keys_) AppendKey(batch.columns[part.column], row, part.order, &key_bytes_);
    if (side_ != Side::kNone) key_bytes_.push_back(side_ == Side::kLeft ? '\x01' : '\x00');
  }

  Status Pass() {
    if (key_ends_.empty()) return Status::Ok();
    RecordBatch batch;
    batch.count = key_ends_.size();
    key_bytes_.append(kBatchPadding, '\0');
    batch.key_bytes = key_bytes_.data();
    batch.key_ends = key_ends_.data();
    ValueColumn rows;
    rows.kind = ValueKind::kBytes;
    rows.bytes = values_.data();
    rows.ends = value_ends_.data();
    batch.columns = &rows;
    batch.column_count = 1;
    RUNJOB_RETURN_IF_ERROR(records_->Add(batch));
    key_bytes_.clear();
    key_ends_.clear();
    values_.clear();
    value_ends_.clear();
    return Status::Ok();
  }

  const std::vector<KeyColumn> keys_;
  const Side side_;
  BatchSink* const records_;
  RowSample* const sample_;  // null: none is wanted
  std::vector<const Vector*> columns_;
  std::string key_bytes_;
  std::vector<uint32_t> key_ends_;
  std::string values_;
  std::vector<uint32_t> value_ends_;
};

}  // namespace

Status CompileExchangeEnd(ProgramReader* program, const Schema& input, BatchSink* records,
                          std::optional<RowSample>* sample, std::unique_ptr<ColumnSink>* result) {
  uint32_t count = 0;
  uint8_t side = 0;
  bool is_sampled = false;
  std::vector<KeyColumn> keys;
  if (!program->Read(&count)) return BadProgram();
  for (uint32_t i = 0; i < count; i++) {
    KeyColumn key;
    if (!program->Read(&key.column) || key.column >= input.size()) return BadProgram();
    if (!program->Read(&key.order.descending) || !program->Read(&key.order.nulls_first)) return BadProgram();
    keys.push_back(key);
  }
  if (!program->Read(&side) || side > static_cast<uint8_t>(Side::kLeft) || records == nullptr) {
    return BadProgram();
  }
  if (!program->Read(&is_sampled)) return BadProgram();
  if (is_sampled) sample->emplace();
  *result = std::make_unique<ExchangeEnd>(std::move(keys), static_cast<Side>(side), records,
                                          is_sampled ? &**sample : nullptr);
  return Status::Ok();
}

}  // namespace runjob
