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

class KeyFilter final : public RowSelector {
 public:
  KeyFilter(const Schema& schema, std::shared_ptr<const JoinTable> table, const KeySet* keys, uint32_t column)
      : schema_(schema), table_(std::move(table)), keys_(keys), columns_{column} {}

  Status Add(const Batch& batch) override {
    if (keys_ == nullptr || !keys_->is_known() || passed_ > 0) {
      if (passed_ > 0) passed_--;
      return next_->Add(batch);
    }
    const size_t count = Select(batch);
    Weigh(batch.count, count);
    return Pass(batch, count);
  }

  const Schema& schema() const override { return schema_; }
  const std::vector<uint32_t>* filter_columns() const override { return &columns_; }
  size_t bytes() const override { return is_kept_.capacity(); }

 private:
  // Returns use(has), where has(row) says whether the row, which is not null, may have a key.
  template <class Use>
  auto WithHas(const Vector& column, const Use& use) const {
    if (!keys_->is_number() || column.form != VectorForm::kFlat) {
      return use([&](size_t row) { return keys_->Has(column, row); });
    }
    return keys_->WithNumbers([&](const auto& has) {
      return WithFlatKeyNumbers(
          column, [&](const auto& number_at) { return use([&](size_t row) { return has(number_at(row)); }); });
    });
  }

  size_t Select(const Batch& batch) {
    const Vector& column = batch.columns[columns_[0]];
    if (column.form == VectorForm::kDictionary) {
      if (column.dictionary != dictionary_) Judge(column);
      return SelectIf(batch, column,
                      [codes = column.codes, is_kept = is_kept_.data()](size_t row) { return is_kept[codes[row]]; });
    }
    return WithHas(column, [&](const auto& has) { return SelectIf(batch, column, has); });
  }

  // Each entry of a dictionary is looked for once.
  void Judge(const Vector& column) {
    Vector entries;
    entries.type = column.type;
    entries.values = column.values;
    is_kept_.resize(column.entries);
    WithHas(entries, [&, is_kept = is_kept_.data()](const auto& has) {
      for (size_t i = 0; i < column.entries; i++) is_kept[i] = has(i);
    });
    dictionary_ = column.dictionary;
  }

  template <class Has>
  size_t SelectIf(const Batch& batch, const Vector& column, const Has& has) {
    if (column.validity != nullptr) {
      return SelectRows(batch, [&](size_t row) { return column.valid(row) && has(row); });
    }
    return SelectRows(batch, has);
  }

  template <class Has>
  size_t SelectRows(const Batch& batch, const Has& has) {
    size_t count = 0;
    const auto select = [&](const auto& row_at) {
      for (size_t i = 0; i < batch.count; i++) {
        const size_t row = row_at(i);
        selection_[count] = static_cast<uint16_t>(row);
        count += has(row);
      }
    };
    if (batch.selection == nullptr) {
      select([](size_t i) { return i; });
    } else {
      select([rows = batch.selection](size_t i) { return size_t{rows[i]}; });
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
  const KeySet* const keys_;  // null: any value may be one
  const std::vector<uint32_t> columns_;
  size_t batches_ = 0;  // that were tried
  size_t tried_ = 0;    // rows of these
  size_t dropped_ = 0;
  size_t passed_ = 0;        // batches that will pass without being tried
  uint64_t dictionary_ = 0;  // whose entries these are:
  std::vector<uint8_t> is_kept_;
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
  if (key >= types.size() || !(input[column].type == types[key])) return BadProgram();
  *result = std::make_unique<KeyFilter>(input, tables[table], tables[table]->keys(key), column);
  return Status::Ok();
}

}  // namespace runjob
