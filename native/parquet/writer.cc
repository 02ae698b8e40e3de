#include "parquet/writer.h"

#include <algorithm>
#include <utility>

#include "parquet/leaf.h"

namespace runjob::parquet {

namespace {

// A row group ends once its pages, compressed, and what becomes pages have so many bytes. Every worker has that much memory.
constexpr size_t kHeldBytes = size_t{16} << 20;
// Or if its values have, or its rows are so many, however well they are compressed.
constexpr uint64_t kGroupBytes = uint64_t{128} << 20;
constexpr uint64_t kGroupRows = uint64_t{1} << 20;
// How many rows, or bytes of them, come between two looks at that.
constexpr size_t kLookRows = kVectorRows;
constexpr size_t kLookBytes = size_t{1} << 20;

constexpr char kMagic[] = "PAR1";

enum Repetition : int32_t { kRequired = 0, kOptional = 1, kRepeated = 2 };

// Of the old enumeration, for old readers.
enum Converted : int32_t { kUtf8 = 0, kListType = 3, kDecimalType = 5, kDateType = 6, kTimestampMicros = 10 };

// About the bytes that a value has in a page.
size_t BytesOf(const Vector& vector, size_t row) {
  if (!vector.valid(row)) return 1;
  switch (vector.type->id) {
    case TypeId::kString:
    case TypeId::kBinary:
      return sizeof(uint32_t) + vector.at<StringView>(row).size;
    case TypeId::kList: {
      const ListRange range = vector.at<ListRange>(row);
      size_t bytes = 1;
      for (uint32_t i = 0; i < range.count; i++) bytes += BytesOf(vector.children[0], range.start + i);
      return bytes;
    }
    case TypeId::kStruct: {
      size_t bytes = 1;
      for (const Vector& child : vector.children) bytes += BytesOf(child, vector.index(row));
      return bytes;
    }
    default:
      return vector.type->width();
  }
}

void WriteTypeOf(const Type& type, ThriftWriter* writer) {
  const auto unit = [&](int id, bool is_utc) {
    writer->Struct(id);
    writer->Bool(1, is_utc);
    writer->Struct(2);  // the unit
    writer->Struct(2);  // microseconds
    writer->End();
    writer->End();
    writer->End();
  };
  const auto empty = [&](int id) {
    writer->Struct(id);
    writer->End();
  };
  switch (type.id) {
    case TypeId::kString:
      writer->I32(6, kUtf8);
      writer->Struct(10);
      empty(1);
      break;
    case TypeId::kDecimal:
      writer->I32(6, kDecimalType);
      writer->I32(7, type.scale);
      writer->I32(8, type.precision);
      writer->Struct(10);
      writer->Struct(5);
      writer->I32(1, type.scale);
      writer->I32(2, type.precision);
      writer->End();
      break;
    case TypeId::kDate:
      writer->I32(6, kDateType);
      writer->Struct(10);
      empty(6);
      break;
    case TypeId::kTimestamp:
      writer->I32(6, kTimestampMicros);
      writer->Struct(10);
      unit(8, true);
      break;
    case TypeId::kTimestampNtz:
      writer->Struct(10);
      unit(8, false);
      break;
    case TypeId::kList:
      writer->I32(6, kListType);
      writer->Struct(10);
      empty(3);
      break;
    default:
      return;
  }
  writer->End();
}

size_t CountElements(const Schema& fields) {
  size_t count = 0;
  for (const Field& field : fields) {
    count += 1 + CountElements(field.type.fields) + (field.type.id == TypeId::kList ? 1 : 0);
  }
  return count;
}

void WriteGroup(Slice name, Repetition repetition, size_t children, ThriftWriter* writer) {
  writer->I32(3, repetition);
  writer->Binary(4, name);
  writer->I32(5, static_cast<int32_t>(children));
}

// Parents first.
void WriteElement(Slice name, const Field& field, ThriftWriter* writer) {
  const Repetition repetition = field.nullable ? kOptional : kRequired;
  const Type& type = field.type;
  writer->StructElement();
  if (type.is_nested()) {
    WriteGroup(name, repetition, type.fields.size(), writer);
    WriteTypeOf(type, writer);
    writer->End();
    if (type.id == TypeId::kList) {
      writer->StructElement();
      WriteGroup(Slice(std::string_view("list")), kRepeated, 1, writer);
      writer->End();
      WriteElement(Slice(std::string_view("element")), type.fields[0], writer);
    } else {
      for (const Field& child : type.fields) WriteElement(Slice(child.name), child, writer);
    }
    return;
  }
  writer->I32(1, static_cast<int32_t>(PhysicalOf(type)));
  if (type.is_wide()) writer->I32(2, static_cast<int32_t>(DecimalBytes(type.precision)));
  writer->I32(3, repetition);
  writer->Binary(4, name);
  WriteTypeOf(type, writer);
  writer->End();
}

}  // namespace

Writer::Writer(const Schema& schema, WriterOptions options) : schema_(schema), options_(std::move(options)) {
  for (const Field& field : schema_) {
    Column column;
    WrittenLeaf leaf;
    leaf.path.push_back(field.name);
    AddColumn(field, {}, leaf, &column);
    column.is_fixed = !field.type.is_nested() && !field.type.is_bytes();
    column.width = column.is_fixed ? field.type.width() : 0;
    if (!field.type.is_nested()) column.flat = chunks_.back().get();
    columns_.push_back(std::move(column));
  }
}

void Writer::AddColumn(const Field& field, std::vector<Shredder::Step> steps, WrittenLeaf leaf, Column* column) {
  const Type& type = field.type;
  Shredder::Step step{type.id, field.nullable, 0, leaf.max_definition, leaf.max_definition, 0};
  if (field.nullable) step.present = ++leaf.max_definition;
  if (type.id == TypeId::kList) {
    leaf.max_definition++;
    step.repetition = ++leaf.max_repetition;
    leaf.path.emplace_back("list");
    leaf.path.emplace_back("element");
    steps.push_back(step);
    AddColumn(type.fields[0], std::move(steps), std::move(leaf), column);
    return;
  }
  if (type.id == TypeId::kStruct) {
    for (const Field& child : type.fields) {
      WrittenLeaf below = leaf;
      below.path.push_back(child.name);
      steps.push_back(step);
      AddColumn(child, steps, std::move(below), column);
      steps.pop_back();
      step.child++;
    }
    return;
  }
  steps.push_back(step);
  leaf.type = type;
  chunks_.push_back(std::make_unique<ChunkWriter>(std::move(leaf), options_.codec, &options_.compress));
  column->leaves.emplace_back(std::move(steps), chunks_.back().get());
}

Status Writer::Add(const Batch& batch) {
  size_t fixed_bytes = 0;
  for (const Column& column : columns_) fixed_bytes += column.width;
  for (size_t done = 0; done < batch.count;) {
    // Rows up to the next look.
    size_t count = 0;
    while (done + count < batch.count && rows_since_look_ < kLookRows && bytes_since_look_ < kLookBytes) {
      const size_t row = batch.row(done + count);
      size_t bytes = fixed_bytes;
      for (size_t c = 0; c < columns_.size(); c++) {
        if (!columns_[c].is_fixed) bytes += BytesOf(batch.columns[c], row);
      }
      raw_bytes_ += bytes;
      bytes_since_look_ += bytes;
      rows_since_look_++;
      count++;
    }
    RUNJOB_RETURN_IF_ERROR(AddSlice(batch, done, count));
    done += count;
    if (rows_since_look_ < kLookRows && bytes_since_look_ < kLookBytes) continue;
    rows_since_look_ = bytes_since_look_ = 0;
    size_t held = 0;
    for (const auto& chunk : chunks_) held += chunk->bytes();
    if (held >= kHeldBytes || raw_bytes_ >= kGroupBytes || rows_ >= kGroupRows) RUNJOB_RETURN_IF_ERROR(EndGroup());
  }
  return Status::Ok();
}

Status Writer::AddSlice(const Batch& batch, size_t first, size_t count) {
  rows_of_slice_.resize(count);
  for (size_t i = 0; i < count; i++) rows_of_slice_[i] = static_cast<uint32_t>(batch.row(first + i));
  for (size_t c = 0; c < columns_.size(); c++) {
    const Vector& vector = batch.columns[c];
    if (columns_[c].flat != nullptr) {
      RUNJOB_RETURN_IF_ERROR(columns_[c].flat->AddRows(vector, rows_of_slice_.data(), count));
      continue;
    }
    for (Shredder& leaf : columns_[c].leaves) {
      RUNJOB_RETURN_IF_ERROR(leaf.AddRows(vector, rows_of_slice_.data(), count));
    }
  }
  rows_ += count;
  return Status::Ok();
}

void Writer::Pass(Slice bytes) {
  options_.pass(bytes);
  offset_ += bytes.size;
}

Status Writer::EndGroup() {
  if (rows_ == 0) return Status::Ok();
  if (offset_ == 0) Pass(Slice(std::string_view(kMagic)));
  for (const auto& chunk : chunks_) RUNJOB_RETURN_IF_ERROR(chunk->Finish());
  Group group;
  group.rows = rows_;
  for (const auto& chunk : chunks_) group.chunks.push_back(chunk->Take(offset_, [this](Slice bytes) { Pass(bytes); }));
  groups_.push_back(std::move(group));
  rows_ = raw_bytes_ = 0;
  rows_since_look_ = bytes_since_look_ = 0;
  return Status::Ok();
}

Status Writer::Finish() {
  RUNJOB_RETURN_IF_ERROR(EndGroup());
  if (offset_ == 0) Pass(Slice(std::string_view(kMagic)));
  const std::string footer = Footer();
  for (const Group& group : groups_) {
    for (const ChunkWriter::Written& chunk : group.chunks) Pass(Slice(chunk.column_index));
  }
  for (const Group& group : groups_) {
    for (const ChunkWriter::Written& chunk : group.chunks) Pass(Slice(chunk.offset_index));
  }
  Pass(Slice(footer));
  const auto size = static_cast<uint32_t>(footer.size());
  if (size != footer.size()) return Status::Error("RECORD_TOO_LARGE", "the footer of a Parquet file has at most 4 GiB");
  Pass(Slice(reinterpret_cast<const char*>(&size), sizeof(size)));
  Pass(Slice(std::string_view(kMagic)));
  return Status::Ok();
}

// The indexes, which come next, begin at offset_.
std::string Writer::Footer() const {
  std::string bytes;
  ThriftWriter writer(&bytes);
  writer.I32(1, 2);
  writer.List(2, ThriftType::kStruct, 1 + CountElements(schema_));
  writer.StructElement();
  writer.Binary(4, Slice(std::string_view("schema")));
  writer.I32(5, static_cast<int32_t>(schema_.size()));
  writer.End();
  for (const Field& field : schema_) WriteElement(Slice(field.name), field, &writer);
  uint64_t rows = 0;
  for (const Group& group : groups_) rows += group.rows;
  writer.I64(3, static_cast<int64_t>(rows));
  uint64_t column_index = offset_;
  uint64_t offset_index = offset_;
  for (const Group& group : groups_) {
    for (const ChunkWriter::Written& chunk : group.chunks) offset_index += chunk.column_index.size();
  }
  writer.List(4, ThriftType::kStruct, groups_.size());
  for (size_t g = 0; g < groups_.size(); g++) {
    const Group& group = groups_[g];
    uint64_t stored = 0, raw = 0;
    writer.StructElement();
    writer.List(1, ThriftType::kStruct, group.chunks.size());
    for (const ChunkWriter::Written& chunk : group.chunks) {
      stored += chunk.bytes;
      raw += chunk.raw_bytes;
      writer.StructElement();
      writer.I64(2, 0);
      writer.Struct(3, Slice(chunk.metadata));
      writer.I64(4, static_cast<int64_t>(offset_index));
      writer.I32(5, static_cast<int32_t>(chunk.offset_index.size()));
      if (!chunk.column_index.empty()) {
        writer.I64(6, static_cast<int64_t>(column_index));
        writer.I32(7, static_cast<int32_t>(chunk.column_index.size()));
      }
      writer.End();
      offset_index += chunk.offset_index.size();
      column_index += chunk.column_index.size();
    }
    writer.I64(2, static_cast<int64_t>(raw));
    writer.I64(3, static_cast<int64_t>(group.rows));
    writer.I64(5, static_cast<int64_t>(group.chunks.front().start));
    writer.I64(6, static_cast<int64_t>(stored));
    if (g <= INT16_MAX) writer.I16(7, static_cast<int16_t>(g));
    writer.End();
  }
  writer.Binary(6, Slice(options_.created_by));
  writer.List(7, ThriftType::kStruct, chunks_.size());
  for (size_t i = 0; i < chunks_.size(); i++) {
    // As its type says.
    writer.StructElement();
    writer.Struct(1);
    writer.End();
    writer.End();
  }
  writer.End();
  return bytes;
}

}  // namespace runjob::parquet
