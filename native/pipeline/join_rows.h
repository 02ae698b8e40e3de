// How a table of a join takes rows, wherever it keeps them.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aggregate/distinct.h"
#include "column/keys.h"
#include "column/rows.h"
#include "pipeline/join_table.h"

namespace runjob {

// Of each key; null: none.
using KeySets = std::vector<std::unique_ptr<KeySet>>;

class JoinRows : public JoinTable {
 public:
  JoinRows(Schema schema, std::vector<uint32_t> by, Keep keep, KeySets sets)
      : schema_(std::move(schema)),
        by_(std::move(by)),
        keep_(keep),
        sets_(std::move(sets)),
        decoder_(NewRowDecoder(schema_)) {
    for (const uint32_t column : by_) key_types_.push_back(schema_[column].type);
  }

  Status Add(Cursor* cursor, size_t max_records, size_t* steps) override {
    *steps = 0;
    while (cursor->valid() && *steps < max_records) {
      decoder_->Clear();
      bytes_.clear();
      size_t ends[kGroup];
      size_t n = 0;
      for (; cursor->valid() && *steps < max_records && n < kGroup && bytes_.size() < kGroupBytes; ++*steps) {
        const Slice row = cursor->value();
        RUNJOB_RETURN_IF_ERROR(decoder_->Add(row));
        if (keep_ != Keep::kKeys) bytes_.append(row.data, row.size);
        ends[n++] = bytes_.size();
        RUNJOB_RETURN_IF_ERROR(cursor->Next());
      }
      RUNJOB_RETURN_IF_ERROR(Insert(ends, n));
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
  static constexpr size_t kGroup = AggregateTable::kGroup;

  // One row, and which of the keys it has; -1: none.
  struct Item {
    Slice bytes;
    int key;
  };

  // Takes n rows; the keys are those of the ones that have one, in that order.
  virtual Status Put(const Item* rows, size_t n, const AggregateTable::Keys& keys) = 0;
  // There are no more rows. What it does may take several calls: `steps` is 0 with the last one.
  virtual Status Complete(size_t max_steps, size_t* steps) = 0;

 private:
  static constexpr size_t kGroupBytes = size_t{1} << 20;  // of rows that are put together

  Status Insert(const size_t* ends, size_t n) {
    const Batch& batch = decoder_->batch();
    Item items[kGroup];
    size_t kept = 0;
    keys_.Clear();
    for (size_t i = 0; i < n; i++) {
      const size_t start = i == 0 ? 0 : ends[i - 1];
      const bool has_key = std::all_of(by_.begin(), by_.end(), [&](uint32_t c) { return batch.columns[c].valid(i); });
      if (!has_key && keep_ != Keep::kAll) continue;
      items[kept++] =
          Item{Slice(bytes_.data() + start, ends[i] - start), has_key ? static_cast<int>(keys_.count()) : -1};
      if (!has_key) continue;
      for (size_t key = 0; key < by_.size(); key++) {
        if (sets_[key] != nullptr) sets_[key]->Add(batch.columns[by_[key]], i);
      }
      for (const uint32_t column : by_) AppendKey(batch.columns[column], i, KeyOrder(), keys_.buffer());
      RUNJOB_RETURN_IF_ERROR(keys_.End());
    }
    return Put(items, kept, AggregateTable::Keys{keys_.Padded(), 0, keys_.ends(), nullptr, keys_.count()});
  }

  const Schema schema_;
  const std::vector<uint32_t> by_;
  const Keep keep_;
  const KeySets sets_;
  std::vector<Type> key_types_;
  const std::unique_ptr<RowDecoder> decoder_;
  std::string bytes_;
  KeyList keys_;
};

// In a file.
std::unique_ptr<JoinTable> NewJoinFile(Schema schema, std::vector<uint32_t> by, JoinTable::Keep keep, KeySets sets,
                                       const JoinTable::Place& place);

}  // namespace runjob
