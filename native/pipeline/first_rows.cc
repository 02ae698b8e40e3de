#include "pipeline/first_rows.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/word.h"
#include "pipeline/row_selector.h"

namespace runjob {

namespace {

class FirstRows final : public RowSelector {
 public:
  FirstRows(const Schema& schema, uint32_t column, KeyOrder order, FirstRecords* records)
      : schema_(schema), columns_{column}, order_(order), records_(records) {}

  Status Add(const Batch& batch) override {
    const std::string* const floor = records_->floor();
    if (floor == nullptr) return next_->Add(batch);
    const size_t count = Select(batch, *floor);
    RUNJOB_RETURN_IF_ERROR(Pass(batch, count));
    // Only now: after an error the batch is added again.
    records_->LeaveOut(batch.count - count);
    return Status::Ok();
  }

  const Schema& schema() const override { return schema_; }
  const std::vector<uint32_t>* filter_columns() const override { return &columns_; }
  size_t bytes() const override { return keys_.capacity(); }

 private:
  size_t Select(const Batch& batch, const std::string& floor) {
    const size_t fixed = FixedKeySize(batch, columns_);
    if (fixed > 1 && floor.size() >= fixed) {
      keys_.resize(batch.count * fixed + sizeof(uint64_t));
      WriteFixedKeys(batch, columns_, 0, batch.count, keys_.data());
      // Where the floor's value is not null either, their first bytes decide.
      if (keys_[0] == floor[0]) return SelectNumbers(batch, fixed, floor);
    }
    const Vector& column = batch.columns[columns_[0]];
    return SelectIf(batch, [&](size_t i) {
      keys_.clear();
      AppendKey(column, batch.row(i), order_, &keys_);
      return std::memcmp(keys_.data(), floor.data(), std::min(keys_.size(), floor.size())) <= 0;
    });
  }

  // By keys_, of `fixed` bytes each, which ascend.
  size_t SelectNumbers(const Batch& batch, size_t fixed, const std::string& floor) {
    const size_t unused = 64 - 8 * std::min(fixed - 1, sizeof(uint64_t));
    const auto number = [unused](const char* key) { return __builtin_bswap64(Load64(key + 1)) >> unused; };
    std::string padded = floor.substr(0, fixed);
    padded.resize(fixed + sizeof(uint64_t));
    const uint64_t last = number(padded.data());
    const char* const keys = keys_.data();
    if (!order_.descending) return SelectIf(batch, [=](size_t i) { return number(keys + i * fixed) <= last; });
    const uint64_t first = ~last << unused >> unused;
    return SelectIf(batch, [=](size_t i) { return number(keys + i * fixed) >= first; });
  }

  // The rows for which it is true, by their number among those that count.
  template <class Is>
  size_t SelectIf(const Batch& batch, const Is& is) {
    size_t count = 0;
    for (size_t i = 0; i < batch.count; i++) {
      selection_[count] = static_cast<uint16_t>(batch.row(i));
      count += is(i);
    }
    return count;
  }

  const Schema& schema_;
  const std::vector<uint32_t> columns_;
  const KeyOrder order_;
  FirstRecords* const records_;
  std::string keys_;
};

}  // namespace

std::unique_ptr<RowOperator> NewFirstRows(const Schema& schema, uint32_t column, KeyOrder order,
                                          FirstRecords* records) {
  return std::make_unique<FirstRows>(schema, column, order, records);
}

}  // namespace runjob
