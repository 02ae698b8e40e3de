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
    if (node.kind == NodeKind::kLeaf) continue;
    made->assemblers_.back() = std::make_unique<Assembler>(node, own.schema[i].type, made->readers_);
    FindLeaves(node, &made->nested_);
  }
  made->batch_.columns.resize(own.nodes.size());
  if (!made->nested_.empty()) made->batch_rows_ = kFirstNestedRows;
  *scan = std::move(made);
  return Status::Ok();
}

Status Scan::Open(Slice group) {
  bool ok = Take(&group, &group_rows_);
  group_row_ = 0;
  for (std::unique_ptr<LeafReader>& reader : readers_) {
    uint8_t codec = 0;
    Chunk chunk;
    ok = ok && Take(&group, &codec) && Take(&group, &chunk.start) && Take(&group, &chunk.bytes) &&
         Take(&group, &chunk.uncounted);
    ok = ok && chunk.bytes <= INT64_MAX && chunk.start <= INT64_MAX;
    if (!ok) break;
    chunk.codec = static_cast<Codec>(codec);
    reader->Open(chunk);
  }
  return ok && group.size == 0 ? Status::Ok() : Status::Error("BAD_ARGUMENT", "a row group is malformed");
}

Status Scan::Read(size_t rows, size_t* read) {
  *read = 0;
  while (*read < rows && group_row_ < group_rows_ && !sink_->done()) {
    const size_t n = static_cast<size_t>(std::min<uint64_t>(batch_rows_, group_rows_ - group_row_));
    RUNJOB_RETURN_IF_ERROR(ReadBatch(n));
    RUNJOB_RETURN_IF_ERROR(AddBatch());
    group_row_ += n;
    rows_in_ += n;
    *read += n;
    if (group_row_ < group_rows_) continue;
    for (std::unique_ptr<LeafReader>& reader : readers_) RUNJOB_RETURN_IF_ERROR(reader->Close());
  }
  return Status::Ok();
}

Status Scan::ReadBatch(size_t rows) {
  size_t entries = rows;
  for (const uint32_t leaf : nested_) {
    RUNJOB_RETURN_IF_ERROR(readers_[leaf]->ReadNested(rows));
    entries = std::max(entries, readers_[leaf]->entries());
  }
  for (size_t i = 0; i < spec_.nodes.size(); i++) {
    Vector* vector = &batch_.columns[i];
    RUNJOB_RETURN_IF_ERROR(assemblers_[i] ? assemblers_[i]->Assemble(rows, vector)
                                          : readers_[spec_.nodes[i].leaf]->ReadFlat(rows, vector));
  }
  if (!nested_.empty()) {
    // Not more than twice as many as before: the next rows may be others.
    const size_t wanted = std::max<size_t>(1, kBatchEntries * rows / entries);
    batch_rows_ = std::min({wanted, 2 * batch_rows_, kVectorRows});
  }
  batch_.rows = rows;
  batch_.count = rows;
  batch_.selection = nullptr;
  return Status::Ok();
}

Status Scan::AddBatch() {
  class Checked : public ColumnSink {
   public:
    explicit Checked(const Scan& scan) : scan_(scan) {}
    Status Add(const Batch& batch) override {
      RUNJOB_RETURN_IF_ERROR(scan_.CheckNulls(batch));
      return scan_.sink_->Add(batch);
    }
    Status Finish() override { return Status::Ok(); }
    bool done() const override { return scan_.sink_->done(); }

   private:
    const Scan& scan_;
  };
  Checked checked(*this);
  const auto place_of = [this](size_t row) { return RecordPlace{group_row_ + row, Slice()}; };
  uint64_t added = 0;
  return AddRows(batch_, place_of, &checked, options_.keep_bad ? &bad_ : nullptr, &added);
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
