// Keys and rows for an exchange.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "column/keys.h"
#include "column/rows.h"
#include "pipeline/operator.h"
#include "record/batch.h"
#include "record/partition.h"
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
  // `by`: the columns whose keys decide the partition, one of so many; without partitions the receiver chooses.
  ExchangeEnd(std::vector<KeyColumn> keys, Side side, std::vector<uint32_t> by, uint32_t partitions, BatchSink* records,
              RowSample* sample)
      : keys_(std::move(keys)),
        side_(side),
        by_(std::move(by)),
        partitions_(partitions),
        records_(records),
        sample_(sample) {}

  Status Add(const Batch& batch) override {
    columns_.clear();
    for (const Vector& column : batch.columns) columns_.push_back(&column);
    if (partitions_ > 0) WritePartitionKeys(batch);
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
      if (partitions_ > 0) chosen_.push_back(PartitionOfRow(batch, i));
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

  void WritePartitionKeys(const Batch& batch) {
    fixed_ = FixedKeySize(batch, by_);
    if (fixed_ == 0) return;
    by_bytes_.resize(fixed_ * batch.count);
    WriteFixedKeys(batch, by_, 0, batch.count, by_bytes_.data());
  }

  // Of the i-th row that counts.
  uint32_t PartitionOfRow(const Batch& batch, size_t i) {
    if (fixed_ > 0) return PartitionOf(HashKey(Slice(by_bytes_.data() + i * fixed_, fixed_)), partitions_);
    by_bytes_.clear();
    for (const uint32_t column : by_) AppendKey(batch.columns[column], batch.row(i), KeyOrder(), &by_bytes_);
    return PartitionOf(HashKey(by_bytes_), partitions_);
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
    if (partitions_ > 0) batch.partitions = chosen_.data();
    RUNJOB_RETURN_IF_ERROR(records_->Add(batch));
    key_bytes_.clear();
    key_ends_.clear();
    values_.clear();
    value_ends_.clear();
    chosen_.clear();
    return Status::Ok();
  }

  const std::vector<KeyColumn> keys_;
  const Side side_;
  const std::vector<uint32_t> by_;
  const uint32_t partitions_;
  BatchSink* const records_;
  RowSample* const sample_;  // null: none is wanted
  std::vector<const Vector*> columns_;
  std::string key_bytes_;
  std::vector<uint32_t> key_ends_;
  std::string values_;
  std::vector<uint32_t> value_ends_;
  std::string by_bytes_;  // keys of all rows of a batch, of `fixed_` bytes each, or of one row
  size_t fixed_ = 0;
  std::vector<uint32_t> chosen_;  // partitions
};

}  // namespace

Status CompileExchangeEnd(ProgramReader* program, const Schema& input, BatchSink* records, uint32_t partitions,
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
  if (!program->Read(&side) || side > static_cast<uint8_t>(Side::kLeft) || !program->Read(&count)) return BadProgram();
  std::vector<uint32_t> by;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t column = 0;
    if (!program->Read(&column) || column >= input.size()) return BadProgram();
    by.push_back(column);
  }
  if (!program->Read(&is_sampled)) return BadProgram();
  if (records == nullptr || by.empty() != (partitions == 0)) return BadProgram();
  if (is_sampled) sample->emplace();
  *result = std::make_unique<ExchangeEnd>(std::move(keys), static_cast<Side>(side), std::move(by), partitions, records,
                                          is_sampled ? &**sample : nullptr);
  return Status::Ok();
}

}  // namespace runjob
