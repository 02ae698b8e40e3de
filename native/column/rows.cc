#include "column/rows.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "column/column_buffer.h"
#include "column/row_buffer.h"
#include "column/row_value.h"

namespace runjob {

namespace {

// In a byte.
constexpr size_t kNullBits = 8;

void AppendNulls(size_t count, std::string* out) { out->append((count + kNullBits - 1) / kNullBits, '\0'); }

void AppendCount(size_t count, std::string* out) {
  const uint32_t n = static_cast<uint32_t>(count);
  out->append(reinterpret_cast<const char*>(&n), sizeof(n));
}

void AppendList(const Vector& column, size_t row, std::string* out) {
  const ListRange range = column.at<ListRange>(row);
  const Vector& elements = column.children[0];
  AppendCount(range.count, out);
  const size_t nulls = out->size();
  AppendNulls(range.count, out);
  for (size_t i = 0; i < range.count; i++) {
    if (elements.valid(range.start + i)) {
      AppendRowValue(elements, range.start + i, out);
    } else {
      (*out)[nulls + i / kNullBits] |= static_cast<char>(1 << i % kNullBits);
    }
  }
}

void AppendStruct(const Vector& column, size_t row, std::string* out) {
  const size_t nulls = out->size();
  AppendNulls(column.children.size(), out);
  for (size_t i = 0; i < column.children.size(); i++) {
    const Vector& field = column.children[i];
    if (field.valid(row)) {
      AppendRowValue(field, row, out);
    } else {
      (*out)[nulls + i / kNullBits] |= static_cast<char>(1 << i % kNullBits);
    }
  }
}

template <size_t kWidth>
void WriteFixedValues(const Batch& batch, const Vector& column, size_t stride, char* out) {
  const char* const values = static_cast<const char*>(column.values);
  for (size_t i = 0; i < batch.count; i++) {
    std::memcpy(out + i * stride, values + column.index(batch.row(i)) * kWidth, kWidth);
  }
}

// The bytes of a row that have not been read.
struct RowReader {
  const char* at;
  const char* end;

  bool Take(size_t size, const char** bytes) {
    if (static_cast<size_t>(end - at) < size) return false;
    *bytes = at;
    at += size;
    return true;
  }
  bool TakeCount(uint32_t* count) {
    const char* bytes;
    if (!Take(sizeof(*count), &bytes)) return false;
    std::memcpy(count, bytes, sizeof(*count));
    return true;
  }
};

bool IsNull(const char* nulls, size_t i) { return (nulls[i / kNullBits] >> i % kNullBits & 1) != 0; }

bool ReadValue(RowReader* row, ColumnBuffer* column);

// A value of each column.
bool ReadFields(RowReader* row, std::vector<ColumnBuffer>* columns) {
  const char* nulls;
  if (!row->Take((columns->size() + kNullBits - 1) / kNullBits, &nulls)) return false;
  for (size_t i = 0; i < columns->size(); i++) {
    if (IsNull(nulls, i)) {
      (*columns)[i].AppendNull();
    } else if (!ReadValue(row, &(*columns)[i])) {
      return false;
    }
  }
  return true;
}

bool ReadList(RowReader* row, ColumnBuffer* column) {
  uint32_t count;
  const char* nulls;
  if (!row->TakeCount(&count) || !row->Take((size_t{count} + kNullBits - 1) / kNullBits, &nulls)) return false;
  ColumnBuffer* elements = &column->children()[0];
  if (elements->rows() + count > UINT32_MAX) return false;
  for (size_t i = 0; i < count; i++) {
    if (IsNull(nulls, i)) {
      elements->AppendNull();
    } else if (!ReadValue(row, elements)) {
      return false;
    }
  }
  column->AppendList(count);
  return true;
}

bool ReadValue(RowReader* row, ColumnBuffer* column) {
  switch (column->type().id) {
    case TypeId::kString:
    case TypeId::kBinary: {
      uint32_t size;
      const char* bytes;
      if (!row->TakeCount(&size) || !row->Take(size, &bytes)) return false;
      column->Append(StringView(Slice(bytes, size)));
      return true;
    }
    case TypeId::kList:
      return ReadList(row, column);
    case TypeId::kStruct:
      if (!ReadFields(row, &column->children())) return false;
      column->AppendStruct();
      return true;
    case TypeId::kBoolean: {
      const char* byte;
      if (!row->Take(1, &byte) || *byte < 0 || *byte > 1) return false;
      column->AppendFixed(byte);
      return true;
    }
    default: {
      const char* bytes;
      if (!row->Take(column->width(), &bytes)) return false;
      column->AppendFixed(bytes);
      return true;
    }
  }
}

bool SkipValue(RowReader* row, const Type& type);

bool SkipFields(RowReader* row, const Schema& fields) {
  const char* nulls;
  if (!row->Take((fields.size() + kNullBits - 1) / kNullBits, &nulls)) return false;
  for (size_t i = 0; i < fields.size(); i++) {
    if (!IsNull(nulls, i) && !SkipValue(row, fields[i].type)) return false;
  }
  return true;
}

bool SkipList(RowReader* row, const Type& element) {
  uint32_t count;
  const char* nulls;
  if (!row->TakeCount(&count) || !row->Take((size_t{count} + kNullBits - 1) / kNullBits, &nulls)) return false;
  for (size_t i = 0; i < count; i++) {
    if (!IsNull(nulls, i) && !SkipValue(row, element)) return false;
  }
  return true;
}

bool SkipValue(RowReader* row, const Type& type) {
  const char* bytes;
  switch (type.id) {
    case TypeId::kString:
    case TypeId::kBinary: {
      uint32_t size;
      return row->TakeCount(&size) && row->Take(size, &bytes);
    }
    case TypeId::kList:
      return SkipList(row, type.fields[0].type);
    case TypeId::kStruct:
      return SkipFields(row, type.fields);
    default:
      return row->Take(type.width(), &bytes);
  }
}

bool HasBytes(const Schema& schema) {
  return std::any_of(schema.begin(), schema.end(),
                     [](const Field& field) { return field.type.is_bytes() || HasBytes(field.type.fields); });
}

// All values of a row.
class AllColumns {
 public:
  explicit AllColumns(const Schema& schema) : schema_(schema), has_bytes_(HasBytes(schema)) {}

  // Of the rows that Read() fills.
  const Schema& schema() const { return schema_; }
  bool Read(RowReader* row, RowBuffer* rows) const {
    if (has_bytes_) {
      // Views of long values point into the copy.
      const size_t size = static_cast<size_t>(row->end - row->at);
      char* const copy = rows->heap().Allocate(size);
      if (size > 0) std::memcpy(copy, row->at, size);
      *row = RowReader{copy, copy + size};
    }
    return ReadFields(row, &rows->columns());
  }

 private:
  const Schema schema_;
  const bool has_bytes_;
};

// Those of some columns, which ascend.
class SomeColumns {
 public:
  SomeColumns(const Schema& schema, const std::vector<uint32_t>& columns) : wanted_(ColumnsOf(schema, columns)) {
    for (const Field& field : schema) {
      const bool is_fixed = !field.type.is_bytes() && !field.type.is_nested();
      parts_.push_back(Part{field.type, is_fixed ? field.type.width() : 0, false});
    }
    for (const uint32_t column : columns) parts_[column].is_wanted = true;
  }

  const Schema& schema() const { return wanted_; }
  bool Read(RowReader* row, RowBuffer* rows) const {
    const char* nulls;
    if (!row->Take((parts_.size() + kNullBits - 1) / kNullBits, &nulls)) return false;
    ColumnBuffer* column = rows->columns().data();
    for (size_t i = 0; i < parts_.size(); i++) {
      const Part& part = parts_[i];
      const bool is_null = IsNull(nulls, i);
      const char* bytes;
      if (!part.is_wanted) {
        if (!is_null && !(part.width > 0 ? row->Take(part.width, &bytes) : SkipValue(row, part.type))) return false;
        continue;
      }
      if (is_null) {
        column->AppendNull();
      } else if (!(part.width > 0 ? ReadValue(row, column) : ReadCopy(row, column, &rows->heap()))) {
        return false;
      }
      column++;
    }
    return true;
  }

 private:
  struct Part {
    Type type;
    size_t width;  // 0: they differ
    bool is_wanted;
  };

  // A view of a long value points into a copy.
  static bool ReadCopy(RowReader* row, ColumnBuffer* column, TextHeap* heap) {
    RowReader value = *row;
    if (!SkipValue(row, column->type())) return false;
    const size_t size = static_cast<size_t>(row->at - value.at);
    char* const copy = heap->Allocate(size);
    std::memcpy(copy, value.at, size);
    value = RowReader{copy, copy + size};
    return ReadValue(&value, column);
  }

  const Schema wanted_;
  std::vector<Part> parts_;
};

template <class Columns>
class Decoder final : public RowDecoder {
 public:
  template <class... Args>
  explicit Decoder(const Args&... args) : columns_(args...), rows_(columns_.schema()) {}

  Status Add(Slice row) override {
    RowReader reader{row.data, row.data + row.size};
    if (!columns_.Read(&reader, &rows_) || reader.at != reader.end) {
      return Status::Error("RUN_CORRUPT", "a row does not have the columns of its exchange");
    }
    rows_.EndRow();
    return Status::Ok();
  }

  size_t rows() const override { return rows_.rows(); }
  const Batch& batch() override { return rows_.batch(); }
  void Clear() override { rows_.Clear(); }
  size_t bytes() const override { return rows_.bytes(); }

 private:
  const Columns columns_;
  RowBuffer rows_;
};

}  // namespace

void AppendRowValue(const Vector& column, size_t row, std::string* out) {
  switch (column.type->id) {
    case TypeId::kString:
    case TypeId::kBinary: {
      const StringView& view = column.at<StringView>(row);
      AppendCount(view.size, out);
      out->append(view.slice().data, view.size);
      return;
    }
    case TypeId::kList:
      return AppendList(column, row, out);
    case TypeId::kStruct:
      return AppendStruct(column, column.index(row), out);
    default: {
      const size_t width = column.type->width();
      out->append(static_cast<const char*>(column.values) + width * column.index(row), width);
    }
  }
}

void AppendRow(const std::vector<const Vector*>& columns, size_t row, std::string* out) {
  const size_t nulls = out->size();
  AppendNulls(columns.size(), out);
  for (size_t i = 0; i < columns.size(); i++) {
    if (columns[i]->valid(row)) {
      AppendRowValue(*columns[i], row, out);
    } else {
      (*out)[nulls + i / kNullBits] |= static_cast<char>(1 << i % kNullBits);
    }
  }
}

size_t FixedRowSize(const Batch& batch) {
  size_t size = (batch.columns.size() + kNullBits - 1) / kNullBits;
  for (const Vector& column : batch.columns) {
    if (column.validity != nullptr || column.type->is_bytes() || column.type->is_nested()) return 0;
    size += column.type->width();
  }
  return size;
}

void WriteFixedRows(const Batch& batch, char* out) {
  const size_t stride = FixedRowSize(batch);
  const size_t nulls = (batch.columns.size() + kNullBits - 1) / kNullBits;
  for (size_t i = 0; i < batch.count; i++) std::memset(out + i * stride, 0, nulls);
  out += nulls;
  for (const Vector& column : batch.columns) {
    const size_t width = column.type->width();
    switch (width) {
      case 1:
        WriteFixedValues<1>(batch, column, stride, out);
        break;
      case 4:
        WriteFixedValues<4>(batch, column, stride, out);
        break;
      case 8:
        WriteFixedValues<8>(batch, column, stride, out);
        break;
      default:
        WriteFixedValues<16>(batch, column, stride, out);
    }
    out += width;
  }
}

std::unique_ptr<RowDecoder> NewRowDecoder(const Schema& schema) {
  return std::make_unique<Decoder<AllColumns>>(schema);
}

std::unique_ptr<RowDecoder> NewRowDecoder(const Schema& schema, const std::vector<uint32_t>& columns) {
  return std::make_unique<Decoder<SomeColumns>>(schema, columns);
}

}  // namespace runjob
