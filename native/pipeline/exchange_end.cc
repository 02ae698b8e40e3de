// Keys and rows for an exchange.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aggregate/distinct.h"
#include "aggregate/table.h"
#include "base/hash.h"
#include "column/keys.h"
#include "column/rows.h"
#include "pipeline/first_rows.h"
#include "pipeline/operator.h"
#include "pipeline/pipeline.h"
#include "pipeline/rank_limit.h"
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
  // `by`: the columns whose keys decide the partition, one of so many; without partitions the receiver chooses. `limit`: on the rank of rows
  // among those with equal `by`, with which keys begin then.
  ExchangeEnd(std::vector<KeyColumn> keys, Side side, std::vector<uint32_t> by, uint32_t partitions, BatchSink* records,
              RowSample* sample, std::unique_ptr<RankLimit> limit)
      : keys_(std::move(keys)),
        side_(side),
        by_(std::move(by)),
        partitions_(partitions),
        records_(records),
        sample_(sample),
        limit_(std::move(limit)) {
    const auto is_plain = [](const KeyColumn& key) { return !key.order.descending && key.order.nulls_first; };
    if (!std::all_of(keys_.begin(), keys_.end(), is_plain)) return;
    for (const KeyColumn& key : keys_) plain_keys_.push_back(key.column);
  }

  Status Add(const Batch& batch) override {
    columns_.clear();
    for (const Vector& column : batch.columns) columns_.push_back(&column);
    if (limit_ != nullptr && !limit_->gave_up()) return AddFirst(batch);
    if (partitions_ > 0) fixed_ = WriteFixed(batch, by_, &by_bytes_);
    fixed_key_ = WriteFixed(batch, plain_keys_, &fixed_keys_);
    const size_t row_size = FixedRowSize(batch);
    fixed_rows_.resize(row_size * batch.count);
    if (row_size > 0) WriteFixedRows(batch, fixed_rows_.data());
    for (size_t i = 0; i < batch.count; i++) {
      const size_t key_start = key_bytes_.size();
      const size_t value_start = values_.size();
      AppendRecordKey(batch, i);
      if (row_size > 0) {
        values_.append(fixed_rows_, i * row_size, row_size);
      } else {
        AppendRow(columns_, batch.row(i), &values_);
      }
      if (sample_ != nullptr) {
        sample_->Add(Slice(key_bytes_.data() + key_start, key_bytes_.size() - key_start),
                     Slice(values_.data() + value_start, values_.size() - value_start));
      }
      if (partitions_ > 0) chosen_.push_back(PartitionOfRow(batch, i));
      RUNJOB_RETURN_IF_ERROR(EndRecord());
    }
    return Pass();
  }
  Status Finish() override { return Status::Ok(); }

 private:
  // The rows that may be needed.
  Status AddFirst(const Batch& batch) {
    for (size_t first = 0; first < batch.count;) {
      RUNJOB_RETURN_IF_ERROR(BuildGroups(batch, first));
      const size_t n = groups_.count();
      char* states[AggregateTable::kGroup];
      limit_->Find(AggregateTable::Keys{groups_.Padded(), 0, groups_.ends(), nullptr, n}, states);
      for (size_t i = 0; i < n; i++) RankLimit::Prefetch(states[i]);
      for (size_t i = 0; i < n; i++) {
        const size_t row = batch.row(first + i);
        order_.clear();
        for (size_t k = by_.size(); k < keys_.size(); k++) {
          AppendKey(batch.columns[keys_[k].column], row, keys_[k].order, &order_);
        }
        if (!limit_->Needs(states[i], order_)) continue;
        const size_t start = i == 0 ? 0 : groups_.ends()[i - 1];
        const Slice group(groups_.buffer()->data() + start, groups_.ends()[i] - start);
        key_bytes_.append(group.data, group.size);
        key_bytes_ += order_;
        AppendRow(columns_, row, &values_);
        if (partitions_ > 0) chosen_.push_back(PartitionOf(HashKey(group), partitions_));
        RUNJOB_RETURN_IF_ERROR(EndRecord());
      }
      first += n;
    }
    limit_->MakeRoom();
    return Pass();
  }

  // The keys of the partition's columns of the next rows.
  Status BuildGroups(const Batch& batch, size_t first) {
    const size_t end = std::min(batch.count, first + AggregateTable::kGroup);
    groups_.Clear();
    const size_t fixed = FixedKeySize(batch, by_);
    if (fixed > 0) {
      WriteFixedKeys(batch, by_, first, end - first, groups_.AddFixed(end - first, fixed));
      return Status::Ok();
    }
    for (size_t i = first; i < end && groups_.size() < kBatchBytes; i++) {
      for (const uint32_t column : by_) AppendKey(batch.columns[column], batch.row(i), KeyOrder(), groups_.buffer());
      RUNJOB_RETURN_IF_ERROR(groups_.End());
    }
    return Status::Ok();
  }

  Status EndRecord() {
    if (key_bytes_.size() > UINT32_MAX - kBatchPadding || values_.size() > UINT32_MAX) {
      return Status::Error("RECORD_TOO_LARGE", "a row has more than 4 GiB");
    }
    key_ends_.push_back(static_cast<uint32_t>(key_bytes_.size()));
    value_ends_.push_back(static_cast<uint32_t>(values_.size()));
    return key_bytes_.size() + values_.size() > kBatchBytes ? Pass() : Status::Ok();
  }

  // Of the i-th row that counts.
  void AppendRecordKey(const Batch& batch, size_t i) {
    if (fixed_key_ > 0) {
      key_bytes_.append(fixed_keys_, i * fixed_key_, fixed_key_);
    } else {
      for (const KeyColumn& part : keys_) AppendKey(batch.columns[part.column], batch.row(i), part.order, &key_bytes_);
    }
    if (side_ != Side::kNone) key_bytes_.push_back(side_ == Side::kLeft ? '\x01' : '\x00');
  }

  // Keys of all rows, where they have the same size, which is returned.
  static size_t WriteFixed(const Batch& batch, const std::vector<uint32_t>& columns, std::string* keys) {
    const size_t size = FixedKeySize(batch, columns);
    if (size == 0) return 0;
    keys->resize(size * batch.count);
    WriteFixedKeys(batch, columns, 0, batch.count, keys->data());
    return size;
  }

  // Likewise.
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
  RowSample* const sample_;                 // null: none is wanted
  const std::unique_ptr<RankLimit> limit_;  // null: all rows are needed
  std::vector<const Vector*> columns_;
  std::string key_bytes_;
  std::vector<uint32_t> key_ends_;
  std::string values_;
  std::vector<uint32_t> value_ends_;
  std::string by_bytes_;  // keys of all rows of a batch, of `fixed_` bytes each, or of one row
  size_t fixed_ = 0;
  // Keys and rows of a batch, where all have the same size.
  std::vector<uint32_t> plain_keys_;  // columns of keys in the default order; empty: some are in another
  std::string fixed_keys_;
  size_t fixed_key_ = 0;
  std::string fixed_rows_;
  std::vector<uint32_t> chosen_;  // partitions
  // Of rows that may not be needed: the part of their keys that is `by_`, and the rest of one.
  KeyList groups_;
  std::string order_;
};

}  // namespace

Status CompileExchangeEnd(ProgramReader* program, const Schema& input, const PipelineOptions& options,
                          std::optional<RowSample>* sample, std::unique_ptr<RowOperator>* first,
                          std::unique_ptr<ColumnSink>* result) {
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
  std::unique_ptr<RankLimit> limit;
  uint32_t most = 0;
  program->Read(&is_sampled);
  if (!program->Read(&most)) return BadProgram();
  if (most > 0) {
    uint8_t fn = 0;
    if (!program->Read(&fn) || fn > static_cast<uint8_t>(RankFn::kDenseRank)) return BadProgram();
    if (is_sampled || side != 0 || keys.size() <= by.size()) return BadProgram();
    for (size_t i = 0; i < by.size(); i++) {
      if (keys[i].column != by[i] || keys[i].order.descending || !keys[i].order.nulls_first) return BadProgram();
    }
    limit = std::make_unique<RankLimit>(static_cast<RankFn>(fn), most, options.memory_bytes);
  }
  BatchSink* const records = options.records;
  const uint32_t partitions = options.partitions;
  if (records == nullptr || by.empty() != (partitions == 0)) return BadProgram();
  if (is_sampled) sample->emplace();
  if (options.first != nullptr && !is_sampled && !keys.empty()) {
    *first = NewFirstRows(input, keys[0].column, keys[0].order, options.first);
  }
  *result = std::make_unique<ExchangeEnd>(std::move(keys), static_cast<Side>(side), std::move(by), partitions, records,
                                          is_sampled ? &**sample : nullptr, std::move(limit));
  return Status::Ok();
}

}  // namespace runjob
