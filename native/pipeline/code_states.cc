#include "pipeline/code_states.h"

namespace runjob {

namespace {

// Their states fit the cache.
constexpr size_t kMostCombinations = 32768;
constexpr uint64_t kBooleans = 0;  // no dictionary has this number

bool IsBoolean(const Vector& column) { return column.type->id == TypeId::kBoolean && column.form == VectorForm::kFlat; }

}  // namespace

bool CodeStates::Begin(const Batch& batch, const std::vector<uint32_t>& columns) {
  size_t combinations = 1;
  bool same = dictionaries_.size() == columns.size();
  dictionaries_.resize(columns.size());
  for (size_t c = 0; c < columns.size(); c++) {
    const Vector& column = batch.columns[columns[c]];
    const bool is_boolean = IsBoolean(column);
    if (!is_boolean && column.form != VectorForm::kDictionary) return false;
    combinations *= (is_boolean ? 2 : size_t{column.entries}) + 1;
    if (combinations > kMostCombinations) return false;
    const uint64_t dictionary = is_boolean ? kBooleans : column.dictionary;
    same &= dictionaries_[c] == dictionary;
    dictionaries_[c] = dictionary;
  }
  if (!same || states_.size() != combinations) states_.assign(combinations, nullptr);

  combinations_.assign(batch.count, 0);
  for (const uint32_t index : columns) {
    const Vector& column = batch.columns[index];
    const bool is_boolean = IsBoolean(column);
    const uint32_t codes = is_boolean ? 2 : column.entries;
    for (size_t i = 0; i < batch.count; i++) {
      const size_t row = batch.row(i);
      const uint32_t code = is_boolean ? column.at<uint8_t>(row) : column.codes[row];
      combinations_[i] = combinations_[i] * (codes + 1) + (column.valid(row) ? code : codes);
    }
  }
  return true;
}

}  // namespace runjob
