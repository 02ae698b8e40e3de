#include "pipeline/code_states.h"

namespace runjob {

namespace {

// Their states fit the cache.
constexpr size_t kMostCombinations = 32768;
constexpr uint64_t kBooleans = 0;  // no dictionary has this number
constexpr size_t kFewRows = 32;    // of a state: sorting them does not pay

bool IsBoolean(const Vector& column) { return column.type->id == TypeId::kBoolean && column.form == VectorForm::kFlat; }

}  // namespace

bool CodeStates::Begin(const Batch& batch, const std::vector<uint32_t>& columns) {
  if (!Prepare(batch, columns)) {
    // Rows are looked up without codes, and states may move.
    Reset(0);
    return false;
  }
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

bool CodeStates::Prepare(const Batch& batch, const std::vector<uint32_t>& columns) {
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
  if (!same || states_.size() != combinations) Reset(combinations);
  return true;
}

size_t CodeStates::FindNew(const Batch& batch, uint16_t* rows, uint32_t* combinations) {
  static char later;  // of states that will be set
  size_t n = 0;
  if (size_ == states_.size()) return n;
  for (size_t i = 0; i < batch.count; i++) {
    char*& state = states_[combinations_[i]];
    if (state != nullptr) continue;
    state = &later;
    rows[n] = static_cast<uint16_t>(batch.row(i));
    combinations[n++] = combinations_[i];
  }
  size_ += n;
  return n;
}

// Counts, and then places: a stable sort. The halves of the batch are counted side by side, because a count waits for the one before it if
// that is of the same combination.
const std::vector<StateRows>* CodeStates::SortRows(const Batch& batch) {
  if (states_.size() == 1) {
    rows_.resize(batch.count);
    for (size_t i = 0; i < batch.count; i++) rows_[i] = static_cast<uint16_t>(batch.row(i));
    by_state_.assign(1, StateRows{states_[0], rows_.data(), batch.count});
    return &by_state_;
  }
  const size_t half = batch.count / 2;
  for (std::vector<uint16_t>& counts : counts_) counts.resize(states_.size());
  present_.clear();
  const auto count = [this](size_t i, std::vector<uint16_t>* counts) {
    const uint32_t combination = combinations_[i];
    if (counts_[0][combination] + counts_[1][combination] == 0) present_.push_back(combination);
    ++(*counts)[combination];
  };
  for (size_t i = 0; i < half; i++) {
    count(i, &counts_[0]);
    count(half + i, &counts_[1]);
  }
  if (half + half < batch.count) count(batch.count - 1, &counts_[1]);

  const bool few = present_.size() * kFewRows <= batch.count;
  by_state_.clear();
  if (few) {
    rows_.resize(batch.count);
    uint16_t* at = rows_.data();
    for (const uint32_t combination : present_) {
      uint16_t& first = counts_[0][combination];
      uint16_t& second = counts_[1][combination];
      const size_t n = size_t{first} + second;
      by_state_.push_back(StateRows{states_[combination], at, n});
      // From now on: where the next row of each half goes.
      second = static_cast<uint16_t>(at - rows_.data() + first);
      first = static_cast<uint16_t>(at - rows_.data());
      at += n;
    }
    const auto place = [&](size_t i, std::vector<uint16_t>* places) {
      rows_[(*places)[combinations_[i]]++] = static_cast<uint16_t>(batch.row(i));
    };
    for (size_t i = 0; i < half; i++) {
      place(i, &counts_[0]);
      place(half + i, &counts_[1]);
    }
    if (half + half < batch.count) place(batch.count - 1, &counts_[1]);
  }
  for (const uint32_t combination : present_) counts_[0][combination] = counts_[1][combination] = 0;
  return few ? &by_state_ : nullptr;
}

}  // namespace runjob
