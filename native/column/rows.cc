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

bool HasBytes(const Schema& schema) {
  return std::any_of(schema.begin(), schema.end(),
                     [](const Field& field) { return field.type.is_bytes() || HasBytes(field.type.fields); });
}

class Decoder final : public RowDecoder {
 public:
  explicit Decoder(const Schema& schema) : schema_(schema), has_bytes_(HasBytes(schema)), rows_(schema_) {}

  Status Add(Slice row) override {
    RowReader reader{row.data, row.data + row.size};
    if (has_bytes_) {
      // Views of long values point into the copy.
      char* const copy = rows_.heap().Allocate(row.size);
      if (row.size > 0) std::memcpy(copy, row.data, row.size);
      reader = RowReader{copy, copy + row.size};
    }
    if (!ReadFields(&reader, &rows_.columns()) || reader.at != reader.end) {
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
  const Schema schema_;
  const bool has_bytes_;
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

std::unique_ptr<RowDecoder> NewRowDecoder(const Schema& schema) { return std::make_unique<Decoder>(schema); }

}  // namespace runjob
