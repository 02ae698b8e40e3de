#include "parquet/scan.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "column/add_rows.h"
#include "parquet/failure.h"

namespace runjob::parquet {

namespace {

// Where lists are long, batches have fewer rows.
constexpr size_t kBatchEntries = 64 << 10;
constexpr size_t kFirstNestedRows = 64;

// The types that leaves are read as. False where two nodes share a leaf.
bool FindTypes(const Node& node, const Type& type, std::vector<const Type*>* types) {
  if (node.kind == NodeKind::kLeaf) {
    if ((*types)[node.leaf] != nullptr) return false;
    (*types)[node.leaf] = &type;
  }
  for (size_t i = 0; i < node.children.size(); i++) {
    if (!FindTypes(node.children[i], type.fields[i].type, types)) return false;
  }
  return true;
}

void FindLeaves(const Node& node, std::vector<uint32_t>* leaves) {
  if (node.kind == NodeKind::kLeaf) leaves->push_back(node.leaf);
  for (const Node& child : node.children) FindLeaves(child, leaves);
}

template <class T>
bool Take(Slice* bytes, T* value) {
  if (bytes->size < sizeof(T)) return false;
  std::memcpy(value, bytes->data, sizeof(T));
  *bytes = Slice(bytes->data + sizeof(T), bytes->size - sizeof(T));
  return true;
}

}  // namespace

Status Scan::Create(Slice spec, const ScanOptions& options, ByteSource* source, Decompressor* decompressor,
                    ColumnSink* sink, std::unique_ptr<Scan>* scan) {
  std::unique_ptr<Scan> made(new Scan(options));
  made->sink_ = sink;
  ScanSpec& own = made->spec_;
  RUNJOB_RETURN_IF_ERROR(ReadScanSpec(spec, &own));
  std::vector<const Type*> types(own.leaves.size());
  for (size_t i = 0; i < own.nodes.size(); i++) {
    if (!FindTypes(own.nodes[i], own.schema[i].type, &types))
      return Status::Error("BAD_ARGUMENT", "two columns share a leaf");
  }
  for (size_t i = 0; i < own.leaves.size(); i++) {
    if (types[i] == nullptr) return Status::Error("BAD_ARGUMENT", "a leaf is not used");
    made->readers_.push_back(
        std::make_unique<LeafReader>(own.leaves[i], *types[i], source, decompressor, options.max_page_bytes));
  }
  for (size_t i = 0; i < own.nodes.size(); i++) {
    const Node& node = own.nodes[i];
    made->assemblers_.emplace_back();
    made->leaves_.emplace_back();
    FindLeaves(node, &made->leaves_.back());
    if (node.kind == NodeKind::kLeaf) continue;
    made->assemblers_.back() = std::make_unique<Assembler>(node, own.schema[i].type, made->readers_);
    made->is_nested_ |= !made->leaves_.back().empty();
  }
  made->batch_.columns.resize(own.nodes.size());
  made->is_late_.resize(own.nodes.size());
  made->is_loaded_.resize(own.nodes.size());
  if (made->is_nested_) made->batch_rows_ = kFirstNestedRows;
  *scan = std::move(made);
  return Status::Ok();
}

void Scan::LoadLate(const std::vector<uint32_t>& columns) {
  is_late_.assign(spec_.nodes.size(), false);
  for (const uint32_t column : columns) is_late_[column] = !MayBeAtFault(column);
}

bool Scan::MayBeAtFault(uint32_t column) const {
  if (leaves_[column].empty()) return true;
  return std::any_of(leaves_[column].begin(), leaves_[column].end(), [&](uint32_t leaf) {
    const Leaf& own = spec_.leaves[leaf];
    const bool is_time =
        own.read_as == ReadAs::kInt96 || own.read_as == ReadAs::kMillis || own.read_as == ReadAs::kNanos;
    return is_time || (!spec_.schema[column].nullable && own.max_definition > 0);
  });
}

Status Scan::Open(Slice group) {
  uint32_t count = 0;
  bool ok = Take(&group, &group_rows_) && Take(&group, &count);
  group_row_ = 0;
  ranges_.clear();
  range_ = 0;
  uint64_t last = 0;
  for (uint32_t i = 0; ok && i < count; i++) {
    Range range;
    ok = Take(&group, &range.first) && Take(&group, &range.end) && range.first >= last && range.end > range.first;
    last = range.end;
    ranges_.push_back(range);
  }
  ok = ok && last <= group_rows_;
  for (std::unique_ptr<LeafReader>& reader : readers_) {
    uint8_t codec = 0;
    Chunk chunk;
    ok = ok && Take(&group, &codec) && Take(&group, &chunk.start) && Take(&group, &chunk.bytes) &&
         Take(&group, &chunk.uncounted) && Take(&group, &count);
    ok = ok && chunk.bytes <= INT64_MAX && chunk.start <= INT64_MAX;
    for (uint32_t i = 0; ok && i < count; i++) {
      PagePlace place;
      ok = Take(&group, &place.offset) && Take(&group, &place.first_row);
      const bool is_after =
          i == 0 ? place.first_row == 0 && place.offset >= chunk.start
                 : place.first_row >= chunk.pages.back().first_row && place.offset > chunk.pages.back().offset;
      ok = ok && is_after && place.offset < chunk.start + chunk.bytes && place.first_row <= group_rows_;
      chunk.pages.push_back(place);
    }
    if (!ok) break;
    chunk.codec = static_cast<Codec>(codec);
    reader->Open(std::move(chunk), group_rows_);
  }
  return ok && group.size == 0 ? Status::Ok() : Status::Error("BAD_ARGUMENT", "a row group is malformed");
}

Status Scan::Read(size_t rows, size_t* read) {
  *read = 0;
  while (*read < rows && range_ < ranges_.size() && !sink_->done()) {
    const Range& range = ranges_[range_];
    if (group_row_ < range.first) {
      for (uint32_t i = 0; i < spec_.nodes.size(); i++) SkipColumn(i, range.first - group_row_);
      group_row_ = range.first;
    }
    const size_t n = static_cast<size_t>(std::min<uint64_t>(batch_rows_, range.end - group_row_));
    RUNJOB_RETURN_IF_ERROR(ReadBatch(n));
    RUNJOB_RETURN_IF_ERROR(AddBatch());
    for (uint32_t i = 0; i < spec_.nodes.size(); i++) {
      if (!is_loaded_[i]) SkipColumn(i, n);
    }
    group_row_ += n;
    rows_in_ += n;
    *read += n;
    if (group_row_ == range.end) range_++;
    if (next_rows_ > 0) batch_rows_ = next_rows_;
    if (group_row_ < group_rows_) continue;
    for (std::unique_ptr<LeafReader>& reader : readers_) RUNJOB_RETURN_IF_ERROR(reader->Close());
  }
  return Status::Ok();
}

Status Scan::ReadBatch(size_t rows) {
  batch_.rows = rows;
  batch_.count = rows;
  batch_.selection = nullptr;
  is_added_again_ = false;
  next_rows_ = 0;
  for (uint32_t i = 0; i < spec_.nodes.size(); i++) {
    is_loaded_[i] = !is_late_[i];
    if (is_late_[i]) {
      batch_.columns[i] = Vector();
    } else {
      RUNJOB_RETURN_IF_ERROR(ReadColumn(i, nullptr, rows));
    }
  }
  return Status::Ok();
}

Status Scan::Load(const std::vector<uint32_t>& columns, Batch* batch) {
  for (const uint32_t column : columns) {
    if (!is_loaded_[column]) {
      // After a row at fault, rows that come later may be added apart.
      const bool is_whole = is_added_again_ || batch->selection == nullptr;
      RUNJOB_RETURN_IF_ERROR(is_whole ? ReadColumn(column, nullptr, batch_.rows)
                                      : ReadColumn(column, batch->selection, batch->count));
      is_loaded_[column] = true;
    }
    batch->columns[column] = batch_.columns[column];
  }
  return Status::Ok();
}

Status Scan::ReadColumn(uint32_t column, const uint16_t* selection, size_t count) {
  const size_t rows = batch_.rows;
  Vector* vector = &batch_.columns[column];
  if (!assemblers_[column]) return readers_[leaves_[column][0]]->ReadFlat(rows, selection, count, vector);
  size_t entries = rows;
  for (const uint32_t leaf : leaves_[column]) {
    RUNJOB_RETURN_IF_ERROR(readers_[leaf]->ReadNested(rows));
    entries = std::max(entries, readers_[leaf]->entries());
  }
  // Not more than twice as many as before: the next rows may be others.
  const size_t wanted = std::min({std::max<size_t>(1, kBatchEntries * rows / entries), 2 * batch_rows_, kVectorRows});
  if (!leaves_[column].empty()) next_rows_ = next_rows_ == 0 ? wanted : std::min(next_rows_, wanted);
  return assemblers_[column]->Assemble(rows, vector);
}

void Scan::SkipColumn(uint32_t column, uint64_t rows) {
  for (const uint32_t leaf : leaves_[column]) readers_[leaf]->Skip(rows);
}

Status Scan::AddBatch() {
  class Checked : public ColumnSink {
   public:
    explicit Checked(Scan* scan) : scan_(*scan) {}
    Status Add(const Batch& batch) override {
      RUNJOB_RETURN_IF_ERROR(scan_.CheckNulls(batch));
      Status status = scan_.sink_->Add(batch);
      if (!status.ok()) scan_.is_added_again_ = true;
      return status;
    }
    Status Finish() override { return Status::Ok(); }
    bool done() const override { return scan_.sink_->done(); }

   private:
    Scan& scan_;
  };
  Checked checked(this);
  const auto place_of = [this](size_t row) { return RecordPlace{group_row_ + row, Slice()}; };
  if (options_.places != nullptr) {
    options_.places->clear();
    for (size_t row = 0; row < batch_.rows; row++) options_.places->push_back(place_of(row));
  }
  uint64_t added = 0;
  return AddRows(batch_, place_of, &checked, options_.bad, &added);
}

Status Scan::CheckNulls(const Batch& batch) const {
  for (size_t c = 0; c < batch.columns.size(); c++) {
    const Vector& column = batch.columns[c];
    if (spec_.schema[c].nullable || column.validity == nullptr) continue;
    for (size_t i = 0; i < batch.count; i++) {
      if (column.valid(batch.row(i))) continue;
      return Status::BadRecord("CELL_INVALID",
                               "column \"" + spec_.schema[c].name + "\" has no value here, and is not nullable",
                               static_cast<int64_t>(batch.row(i)));
    }
  }
  return Status::Ok();
}

}  // namespace runjob::parquet
