// How a table of a join takes rows, wherever it keeps them.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "column/rows.h"
#include "pipeline/join_table.h"

namespace runjob {

// Of each key; null: none.
using KeySets = std::vector<std::unique_ptr<KeySet>>;

class JoinRows : public JoinTable {
 public:
  JoinRows(Schema schema, std::vector<uint32_t> by, Keep keep, KeySets sets)
      : JoinRows(NewRowDecoder(schema), schema, std::move(by), keep, std::move(sets)) {}
  // @param decoder gives rows of this schema
  JoinRows(std::unique_ptr<RowDecoder> decoder, Schema schema, std::vector<uint32_t> by, Keep keep, KeySets sets)
      : schema_(std::move(schema)),
        by_(std::move(by)),
        keep_(keep),
        sets_(std::move(sets)),
        decoder_(std::move(decoder)) {
    for (const uint32_t column : by_) key_types_.push_back(schema_[column].type);
  }

  Status Add(Cursor* cursor, size_t max_records, size_t* steps) override {
    *steps = 0;
    while (cursor->valid() && *steps < max_records) {
      decoder_->Clear();
      size_t bytes = 0;
      for (; cursor->valid() && *steps < max_records && decoder_->rows() < kVectorRows && bytes < kMostBytes;
           ++*steps) {
        const Slice row = cursor->value();
        RUNJOB_RETURN_IF_ERROR(decoder_->Add(row));
        bytes += row.size;
        RUNJOB_RETURN_IF_ERROR(cursor->Next());
      }
      RUNJOB_RETURN_IF_ERROR(Insert());
    }
    return *steps == 0 ? Complete(max_records, steps) : Status::Ok();
  }

  const Schema& schema() const override { return schema_; }
  const std::vector<Type>& key_types() const override { return key_types_; }
  Keep keep() const override { return keep_; }
  const KeySet* keys(size_t i) const override { return sets_[i].get(); }
  size_t bytes() const override {
    size_t bytes = 0;
    for (const auto& set : sets_) bytes += set == nullptr ? 0 : set->bytes();
    return bytes;
  }

 protected:
  const std::vector<uint32_t>& by() const { return by_; }

  // Takes the rows that count; has_key[i]: the i-th one can be found.
  virtual Status Put(const Batch& rows, const bool* has_key) = 0;
  // There are no more rows. What it does may take several calls: `steps` is 0 with the last one.
  virtual Status Complete(size_t max_steps, size_t* steps) = 0;

 private:
  static constexpr size_t kMostBytes = size_t{1} << 20;  // of rows that are put together

  Status Insert() {
    Batch rows = decoder_->batch();
    const size_t n = rows.rows;
    rows.count = 0;
    rows.selection = selection_;
    size_t keyed = 0;
    for (size_t i = 0; i < n; i++) {
      const bool has_key = std::all_of(by_.begin(), by_.end(), [&](uint32_t c) { return rows.columns[c].valid(i); });
      if (!has_key && keep_ != Keep::kAll) continue;
      has_key_[rows.count] = has_key;
      selection_[rows.count++] = static_cast<uint16_t>(i);
      keyed_[keyed] = static_cast<uint16_t>(i);
      keyed += has_key;
    }
    for (size_t key = 0; key < by_.size(); key++) {
      if (sets_[key] != nullptr) sets_[key]->Add(rows.columns[by_[key]], keyed_, keyed);
    }
    return Put(rows, has_key_);
  }

  const Schema schema_;
  const std::vector<uint32_t> by_;
  const Keep keep_;
  const KeySets sets_;
  std::vector<Type> key_types_;
  const std::unique_ptr<RowDecoder> decoder_;
  uint16_t selection_[kVectorRows];
  uint16_t keyed_[kVectorRows];  // rows of these that can be found
  bool has_key_[kVectorRows];
};

// Adds the pairs of the rows that count with those that `lookup` finds, one after another:
//
//   Status First(size_t i, bool* found)    the first row for the i-th one; Next(&found): the one after it
//   Status Put(size_t pair, bool* is_last) the row that was found is that of this pair; whether there is no room for more
//   Status PutNull(size_t pair)            it has none
template <class Lookup>
Status AddPairsOf(const Batch& batch, Lookup* lookup, JoinPairs* pairs) {
  const bool marks = GivesLoneRight(pairs->type()) && !pairs->has_residual();
  for (size_t i = 0; i < batch.count && !pairs->stopped(); i++) {
    const size_t left = batch.row(i);
    bool found = false;
    RUNJOB_RETURN_IF_ERROR(lookup->First(i, &found));
    if (!found) {
      if (!GivesLoneLeft(pairs->type())) continue;
      RUNJOB_RETURN_IF_ERROR(lookup->PutNull(pairs->count()));
      RUNJOB_RETURN_IF_ERROR(pairs->AddGiven(left));
      continue;
    }
    while (found && !pairs->stopped()) {
      bool is_last = false;
      RUNJOB_RETURN_IF_ERROR(lookup->Put(pairs->count(), &is_last));
      if (marks) lookup->Mark(pairs->count());
      RUNJOB_RETURN_IF_ERROR(pairs->has_residual() ? pairs->AddPair(left, is_last) : pairs->AddGiven(left, is_last));
      RUNJOB_RETURN_IF_ERROR(lookup->Next(&found));
    }
    if (!pairs->has_left_ends() || pairs->stopped()) continue;
    RUNJOB_RETURN_IF_ERROR(lookup->PutNull(pairs->count()));
    RUNJOB_RETURN_IF_ERROR(pairs->AddLeftEnd(left));
  }
  return Status::Ok();
}

// In a file.
std::unique_ptr<JoinTable> NewJoinFile(Schema schema, std::vector<uint32_t> by, JoinTable::Keep keep, KeySets sets,
                                       const JoinTable::Place& place);

}  // namespace runjob
