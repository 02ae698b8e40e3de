#include "pipeline/key_filter.h"

#include <utility>

#include "pipeline/key_number.h"
#include "pipeline/row_selector.h"

namespace runjob {

namespace {

constexpr size_t kTriedBatches = 8;
// Of so many rows that were tried, one at least must be dropped...
constexpr size_t kWorth = 4;
// ...or as many batches pass as they are before the next try: what comes later may be other rows.
constexpr size_t kPassedBatches = 128;

enum Verdict : uint8_t { kUnknown = 0, kDropped = 1, kKept = 2 };

class KeyFilter final : public RowSelector {
 public:
  KeyFilter(const Schema& schema, std::shared_ptr<const JoinTable> table, const KeySet* keys, uint32_t column)
      : schema_(schema), table_(std::move(table)), keys_(*keys), columns_{column} {}

  Status Add(const Batch& batch) override {
    if (!keys_.is_known() || passed_ > 0) {
      if (passed_ > 0) passed_--;
      return next_->Add(batch);
    }
    const size_t count = Select(batch);
    Weigh(batch.count, count);
    return Pass(batch, count);
  }

  const Schema& schema() const override { return schema_; }
  const std::vector<uint32_t>* filter_columns() const override { return &columns_; }
  size_t bytes() const override { return verdicts_.capacity(); }

 private:
  size_t Select(const Batch& batch) {
    const Vector& column = batch.columns[columns_[0]];
    if (column.form == VectorForm::kDictionary) return SelectCodes(batch, column);
    if (!keys_.is_number()) return SelectIf(batch, column, [&](size_t row) { return keys_.Has(column, row); });
    return WithKeyNumbers(column, [&](const auto& number_at) {
      return SelectIf(batch, column, [&](size_t row) { return keys_.HasNumber(number_at(row)); });
    });
  }

  // Each entry of a dictionary is looked for once.
  size_t SelectCodes(const Batch& batch, const Vector& column) {
    if (column.dictionary != dictionary_) {
      dictionary_ = column.dictionary;
      verdicts_.assign(column.entries, kUnknown);
    }
    return SelectIf(batch, column, [&](size_t row) {
      uint8_t& verdict = verdicts_[column.codes[row]];
      if (verdict == kUnknown) verdict = keys_.Has(column, row) ? kKept : kDropped;
      return verdict == kKept;
    });
  }

  template <class Has>
  size_t SelectIf(const Batch& batch, const Vector& column, const Has& has) {
    size_t count = 0;
    for (size_t i = 0; i < batch.count; i++) {
      const size_t row = batch.row(i);
      selection_[count] = static_cast<uint16_t>(row);
      count += column.valid(row) && has(row);
    }
    return count;
  }

  void Weigh(size_t tried, size_t kept) {
    tried_ += tried;
    dropped_ += tried - kept;
    if (++batches_ < kTriedBatches) return;
    if (dropped_ < tried_ / kWorth) passed_ = kPassedBatches;
    batches_ = tried_ = dropped_ = 0;
  }

  const Schema& schema_;
  const std::shared_ptr<const JoinTable> table_;
  const KeySet& keys_;
  const std::vector<uint32_t> columns_;
  size_t batches_ = 0;  // that were tried
  size_t tried_ = 0;    // rows of these
  size_t dropped_ = 0;
  size_t passed_ = 0;        // batches that will pass without being tried
  uint64_t dictionary_ = 0;  // that the verdicts are of
  std::vector<uint8_t> verdicts_;
};

}  // namespace

Status CompileKeyFilter(ProgramReader* program, const Schema& input,
                        const std::vector<std::shared_ptr<const JoinTable>>& tables,
                        std::unique_ptr<RowOperator>* result) {
  uint32_t table = 0;
  uint32_t key = 0;
  uint32_t column = 0;
  program->Read(&table);
  program->Read(&key);
  if (!program->Read(&column) || table >= tables.size() || column >= input.size()) return BadProgram();
  const std::vector<Type>& types = tables[table]->key_types();
  const KeySet* const keys = key < types.size() ? tables[table]->keys(key) : nullptr;
  if (keys == nullptr || !(input[column].type == types[key])) return BadProgram();
  *result = std::make_unique<KeyFilter>(input, tables[table], keys, column);
  return Status::Ok();
}

}  // namespace runjob
