#include "pipeline/join_table.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "aggregate/distinct.h"
#include "base/arena.h"
#include "column/keys.h"
#include "column/program.h"
#include "column/rows.h"

namespace runjob {
namespace {

constexpr size_t kGroup = AggregateTable::kGroup;

class Table final : public JoinTable {
 public:
  Table(Schema schema, std::vector<uint32_t> by)
      : schema_(std::move(schema)), by_(std::move(by)), decoder_(NewRowDecoder(schema_)), table_(sizeof(Chain)) {
    for (const uint32_t column : by_) key_types_.push_back(schema_[column].type);
  }

  Status Add(Cursor* cursor, size_t max_records, size_t* records) override {
    *records = 0;
    while (cursor->valid() && *records < max_records) {
      decoder_->Clear();
      Row* rows[kGroup];
      size_t n = 0;
      size_t bytes = 0;
      for (; cursor->valid() && *records < max_records && n < kGroup && bytes < kGroupBytes; ++*records) {
        rows[n] = Copy(cursor->value());
        RUNJOB_RETURN_IF_ERROR(decoder_->Add(rows[n]->bytes()));
        bytes += rows[n++]->size;
        RUNJOB_RETURN_IF_ERROR(cursor->Next());
      }
      RUNJOB_RETURN_IF_ERROR(Insert(rows, n));
    }
    return Status::Ok();
  }

  size_t bytes() const override { return table_.bytes() + arena_.bytes(); }
  size_t rows() const override { return rows_; }
  const Schema& schema() const override { return schema_; }
  const std::vector<Type>& key_types() const override { return key_types_; }

  void Find(const AggregateTable::Keys& keys, const Row** rows) const override {
    const char* states[kGroup];
    table_.Look(keys, states);
    for (size_t i = 0; i < keys.n; i++) {
      rows[i] = states[i] == nullptr ? nullptr : reinterpret_cast<const Chain*>(states[i])->first;
    }
  }

 private:
  // The rows of a key: the state of the table.
  struct Chain {
    Row* first;
    Row* last;
  };

  static constexpr size_t kGroupBytes = size_t{1} << 20;  // of rows that are inserted together

  // The rows that have been decoded.
  Status Insert(Row* const* rows, size_t n) {
    const Batch& batch = decoder_->batch();
    Row* inserted[kGroup];
    keys_.Clear();
    for (size_t i = 0; i < n; i++) {
      if (!std::all_of(by_.begin(), by_.end(), [&](uint32_t column) { return batch.columns[column].valid(i); }))
        continue;
      for (const uint32_t column : by_) AppendKey(batch.columns[column], i, KeyOrder(), keys_.buffer());
      inserted[keys_.count()] = rows[i];
      RUNJOB_RETURN_IF_ERROR(keys_.End());
    }
    const size_t count = keys_.count();
    if (count == 0) return Status::Ok();
    char* states[kGroup];
    table_.Find(AggregateTable::Keys{keys_.Padded(), 0, keys_.ends(), nullptr, count}, states);
    for (size_t i = 0; i < count; i++) {
      Chain* const chain = reinterpret_cast<Chain*>(states[i]);
      (chain->last == nullptr ? chain->first : chain->last->next) = inserted[i];
      chain->last = inserted[i];
    }
    rows_ += count;
    return Status::Ok();
  }

  Row* Copy(Slice bytes) {
    Row* const row = new (arena_.Allocate(sizeof(Row) + bytes.size)) Row{nullptr, bytes.size};
    if (bytes.size > 0) std::memcpy(reinterpret_cast<char*>(row + 1), bytes.data, bytes.size);
    return row;
  }

  const Schema schema_;
  const std::vector<uint32_t> by_;
  std::vector<Type> key_types_;
  const std::unique_ptr<RowDecoder> decoder_;
  AggregateTable table_;
  Arena arena_;
  size_t rows_ = 0;
  KeyList keys_;
};

}  // namespace

Status JoinTable::Compile(Slice program, std::unique_ptr<JoinTable>* table) {
  ProgramReader reader(program);
  Schema schema;
  uint32_t count = 0;
  reader.Read(&schema);
  reader.Read(&count);
  std::vector<uint32_t> by;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t column = 0;
    if (!reader.Read(&column) || column >= schema.size()) return BadProgram();
    by.push_back(column);
  }
  if (!reader.at_end()) return BadProgram();
  *table = std::make_unique<Table>(std::move(schema), std::move(by));
  return Status::Ok();
}

}  // namespace runjob
