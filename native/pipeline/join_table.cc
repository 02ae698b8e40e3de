#include "pipeline/join_table.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "column/column_buffer.h"
#include "column/program.h"
#include "column/rows.h"
#include "column/text_heap.h"
#include "pipeline/gather.h"
#include "pipeline/join_rows.h"
#include "pipeline/row_index.h"

namespace runjob {
namespace {

constexpr size_t kMostSetBytes = size_t{16} << 20;  // of one key
// Rows as columns, so that those of a batch are gathered column by column. Lists and structs stay as they were: decoded, they could take
// many times as much.
class Memory final : public JoinRows {
 public:
  Memory(Schema schema, std::vector<uint32_t> by, Keep keep, KeySets sets, size_t rows)
      : JoinRows(std::move(schema), std::move(by), keep, std::move(sets)),
        index_(RowIndex::Make(key_types(), rows, keep != Keep::kKeys)) {
    if (keep == Keep::kKeys) return;
    for (uint32_t i = 0; i < this->schema().size(); i++) {
      const Field& field = this->schema()[i];
      if (field.type.is_nested()) {
        nested_.push_back(i);
        nested_schema_.push_back(field);
      } else {
        flat_.push_back(i);
        columns_.emplace_back(field.type).Reserve(rows + 1);
      }
    }
    if (!nested_.empty()) rests_.reserve(rows);
  }

  size_t bytes() const override {
    size_t bytes =
        JoinRows::bytes() + index_->bytes() + texts_.bytes() + arena_.bytes() + rests_.capacity() * sizeof(Slice);
    for (const ColumnBuffer& column : columns_) bytes += column.bytes();
    return bytes;
  }
  std::unique_ptr<JoinLookup> NewLookup() const override { return std::make_unique<Lookup>(this); }

 private:
  class Lookup final : public JoinLookup {
   public:
    explicit Lookup(const Memory* table)
        : table_(table),
          finder_(table->index_.get()),
          gathers_(table->columns_.size()),
          rests_(NewRowDecoder(table->nested_schema_)),
          null_rest_(NullRow(table->nested_.size())) {}

    Status Find(const Batch& batch, const std::vector<uint32_t>& on) override {
      batch_ = &batch;
      return finder_.Find(batch, on, first_);
    }

    Status Select(bool matched, uint16_t* selection, size_t* count) override {
      size_t kept = 0;
      for (size_t i = 0; i < batch_->count; i++) {
        selection[kept] = static_cast<uint16_t>(batch_->row(i));
        kept += (first_[i] != kNoRow) == matched;
      }
      *count = kept;
      return Status::Ok();
    }

    bool Extend(Batch* batch, bool lone, bool marked, uint16_t* selection) override {
      if (!table_->index_->is_unique() || !table_->nested_.empty()) return false;
      size_t kept = 0;
      has_null_ = false;
      for (size_t i = 0; i < batch_->count; i++) {
        const bool found = first_[i] != kNoRow;
        selection[kept] = static_cast<uint16_t>(batch_->row(i));
        rows_[kept] = found ? first_[i] : table_->count_;
        kept += found || lone;
        has_null_ |= !found;
      }
      has_null_ &= lone;
      for (size_t i = 0; marked && i < kept; i++) Mark(i);
      if (kept < batch_->count) {
        batch->selection = selection;
        batch->count = kept;
      }
      for (size_t i = 0; i < gathers_.size(); i++) {
        gathers_[i].Put(ColumnOf(i), rows_, selection, kept, &batch->columns.emplace_back());
      }
      return true;
    }

    Status AddPairs(JoinPairs* pairs) override { return AddPairsOf(*batch_, this, pairs); }

    Status First(size_t i, bool* found) {
      row_ = first_[i];
      *found = row_ != kNoRow;
      return Status::Ok();
    }
    Status Next(bool* found) {
      row_ = table_->index_->next(row_);
      *found = row_ != kNoRow;
      return Status::Ok();
    }
    Status Put(size_t pair, bool* is_last) {
      if (pair == 0) Clear();
      rows_[pair] = row_;
      return table_->nested_.empty() ? Status::Ok() : PutRest(table_->rests_[row_], is_last);
    }
    Status PutNull(size_t pair) {
      if (pair == 0) Clear();
      rows_[pair] = table_->count_;
      has_null_ = true;
      bool is_last = false;
      return table_->nested_.empty() ? Status::Ok() : PutRest(null_rest_, &is_last);
    }

    void TakeColumns(size_t pairs, std::vector<Vector>* columns) override {
      size_t flat = 0;
      size_t nested = 0;
      for (uint32_t i = 0; i < table_->schema().size(); i++) {
        if (nested < table_->nested_.size() && table_->nested_[nested] == i) {
          columns->push_back(rests_->batch().columns[nested++]);
        } else {
          gathers_[flat].Take(ColumnOf(flat), rows_, pairs, &columns->emplace_back());
          flat++;
        }
      }
    }

    void Mark(size_t pair) override {
      // The row of nulls, too.
      if (marked_.empty()) marked_.resize(size_t{table_->count_} + 1);
      marked_[rows_[pair]] = true;
    }
    Status AddUnmarked(JoinPairs* pairs) override {
      for (row_ = 0; row_ < table_->count_ && !pairs->stopped(); row_++) {
        if (!marked_.empty() && marked_[row_]) continue;
        bool is_last = false;
        RUNJOB_RETURN_IF_ERROR(Put(pairs->count(), &is_last));
        RUNJOB_RETURN_IF_ERROR(pairs->AddGiven(0, is_last));
      }
      return Status::Ok();
    }

    size_t bytes() const override {
      size_t bytes = sizeof(*this) + finder_.bytes() + rests_->bytes() + marked_.size() / 8;
      for (const Gather& gather : gathers_) bytes += gather.bytes();
      return bytes;
    }

   private:
    void Clear() {
      has_null_ = false;
      rests_->Clear();
      rest_bytes_ = 0;
    }
    Status PutRest(Slice rest, bool* is_last) {
      rest_bytes_ += rest.size;
      *is_last = rest_bytes_ > kPairBytes;
      return rests_->Add(rest);
    }
    Vector ColumnOf(size_t flat) const {
      Vector column = table_->views_[flat];
      if (!has_null_ && !table_->has_nulls_[flat]) column.validity = nullptr;
      return column;
    }

    const Memory* const table_;
    RowFinder finder_;
    const Batch* batch_ = nullptr;
    uint32_t first_[kVectorRows];  // of each row of the batch
    uint32_t row_ = kNoRow;        // that was found
    // Of the pairs that are waiting.
    uint32_t rows_[kVectorRows];
    bool has_null_ = false;  // one of them at least has no row
    std::vector<Gather> gathers_;
    const std::unique_ptr<RowDecoder> rests_;
    const std::string null_rest_;
    size_t rest_bytes_ = 0;
    std::vector<bool> marked_;
  };

  Status Put(const Batch& rows, const bool* has_key) override {
    if (rows.count > kMostTableRows - count_) {
      return Status::Error("OUT_OF_MEMORY", "a table in memory has no more than 4 billion rows");
    }
    Batch keyed = rows;
    uint16_t selection[kVectorRows];
    uint32_t numbers[kVectorRows];
    keyed.selection = selection;
    keyed.count = 0;
    for (size_t i = 0; i < rows.count; i++) {
      selection[keyed.count] = static_cast<uint16_t>(rows.row(i));
      numbers[keyed.count] = count_ + static_cast<uint32_t>(i);
      keyed.count += has_key[i];
    }
    RUNJOB_RETURN_IF_ERROR(index_->Add(keyed, by(), numbers));
    for (size_t i = 0; i < columns_.size(); i++) AppendValues(rows, rows.columns[flat_[i]], &columns_[i]);
    if (!nested_.empty()) AppendRests(rows);
    count_ += static_cast<uint32_t>(rows.count);
    return Status::Ok();
  }

  void AppendValues(const Batch& rows, const Vector& column, ColumnBuffer* to) {
    const size_t width = column.type->width();
    for (size_t i = 0; i < rows.count; i++) {
      const size_t row = rows.row(i);
      if (!column.valid(row)) {
        to->AppendNull();
      } else if (column.type->is_bytes()) {
        to->Append(texts_.Copy(column.at<StringView>(row).slice()));
      } else {
        to->AppendFixed(static_cast<const char*>(column.values) + column.index(row) * width);
      }
    }
  }

  void AppendRests(const Batch& rows) {
    std::vector<const Vector*> columns;
    for (const uint32_t i : nested_) columns.push_back(&rows.columns[i]);
    std::string bytes;
    for (size_t i = 0; i < rows.count; i++) {
      bytes.clear();
      AppendRow(columns, rows.row(i), &bytes);
      char* const copy = arena_.Allocate(bytes.size());
      std::memcpy(copy, bytes.data(), bytes.size());
      rests_.emplace_back(copy, bytes.size());
    }
  }

  Status Complete(size_t, size_t*) override {
    index_->Complete();
    for (ColumnBuffer& column : columns_) {
      Vector& view = views_.emplace_back();
      column.View(&view);
      has_nulls_.push_back(view.validity != nullptr);
      column.AppendNull();
      column.View(&view);
    }
    return Status::Ok();
  }

  static constexpr size_t kPairBytes = size_t{8}
                                       << 20;  // of lists and structs in a batch; one of long ones has fewer rows

  const std::unique_ptr<RowIndex> index_;
  uint32_t count_ = 0;  // of rows; the one after them is null
  // Columns of the schema, and their values: as columns,
  std::vector<uint32_t> flat_;
  std::vector<ColumnBuffer> columns_;
  TextHeap texts_;
  std::vector<Vector> views_;
  std::vector<bool> has_nulls_;  // but for the last row
  // and as rows (column/rows.h).
  std::vector<uint32_t> nested_;
  Schema nested_schema_;
  Arena arena_;
  std::vector<Slice> rests_;
};

// No rows. Of those that it takes, it reads the keys.
class Sets final : public JoinRows {
 public:
  // @param columns of the rows that are keys: they ascend
  Sets(const Schema& schema, const std::vector<uint32_t>& columns, const std::vector<uint32_t>& by, KeySets sets)
      : JoinRows(NewRowDecoder(schema, columns), ColumnsOf(schema, columns), PlacesOf(by, columns), Keep::kSets,
                 std::move(sets)) {}

  static std::unique_ptr<Sets> Make(const Schema& schema, const std::vector<uint32_t>& by, KeySets sets) {
    std::vector<uint32_t> columns = by;
    std::sort(columns.begin(), columns.end());
    columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
    return std::make_unique<Sets>(schema, columns, by, std::move(sets));
  }

  std::unique_ptr<JoinLookup> NewLookup() const override { return nullptr; }

 private:
  static std::vector<uint32_t> PlacesOf(const std::vector<uint32_t>& by, const std::vector<uint32_t>& columns) {
    std::vector<uint32_t> places;
    for (const uint32_t column : by) {
      places.push_back(
          static_cast<uint32_t>(std::lower_bound(columns.begin(), columns.end(), column) - columns.begin()));
    }
    return places;
  }

  Status Put(const Batch&, const bool*) override { return Status::Ok(); }
  Status Complete(size_t, size_t*) override { return Status::Ok(); }
};

}  // namespace

Status JoinTable::Compile(Slice program, const Place& place, std::unique_ptr<JoinTable>* table) {
  ProgramReader reader(program);
  Schema schema;
  uint32_t count = 0;
  uint8_t keep = 0;
  reader.Read(&schema);
  reader.Read(&count);
  std::vector<uint32_t> by;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t column = 0;
    if (!reader.Read(&column) || column >= schema.size()) return BadProgram();
    by.push_back(column);
  }
  if (!reader.Read(&keep) || keep > static_cast<uint8_t>(Keep::kSets)) return BadProgram();
  std::vector<uint32_t> with_set;
  if (!reader.Read(&count)) return BadProgram();
  for (uint32_t i = 0; i < count; i++) {
    uint32_t key = 0;
    if (!reader.Read(&key) || key >= by.size() || schema[by[key]].type.is_nested()) return BadProgram();
    with_set.push_back(key);
  }
  uint64_t rows = 0;
  if (!reader.Read(&rows) || !reader.at_end()) return BadProgram();
  KeySets sets(by.size());
  const size_t most_bytes = place.folder.empty() ? SIZE_MAX : place.memory_bytes / std::max<size_t>(1, count);
  for (const uint32_t key : with_set) {
    sets[key] =
        std::make_unique<KeySet>(schema[by[key]].type, static_cast<size_t>(rows), std::min(kMostSetBytes, most_bytes));
  }
  if (static_cast<Keep>(keep) == Keep::kSets) {
    *table = Sets::Make(schema, by, std::move(sets));
  } else if (place.folder.empty()) {
    const size_t most_rows = static_cast<size_t>(std::min<uint64_t>(rows, kMostTableRows));
    *table =
        std::make_unique<Memory>(std::move(schema), std::move(by), static_cast<Keep>(keep), std::move(sets), most_rows);
  } else {
    *table = NewJoinFile(std::move(schema), std::move(by), static_cast<Keep>(keep), std::move(sets), place);
  }
  return Status::Ok();
}

}  // namespace runjob
