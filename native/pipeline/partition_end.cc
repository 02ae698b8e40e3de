// Rows into files in folders of their values, k=v/l=w: one file after another, because the rows come sorted by these columns.
//
//   u32 count, u32 column..., u64 bytes of a file, end     the end is one of the other columns, of text, Parquet or Avro
//
// A partition goes on in another file after a number of rows at which the one before has that many bytes. So files depend on the rows alone.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "column/text.h"
#include "pipeline/operator.h"

namespace runjob {

namespace {

constexpr std::string_view kNullFolder = "__HIVE_DEFAULT_PARTITION__";
// Of most filesystems.
constexpr size_t kMaxNameBytes = 255;
// Rows between two looks at the size of a file.
constexpr uint64_t kLookRows = kVectorRows;

// As Spark's ExternalCatalogUtils, and NUL, which no path has.
bool IsEscaped(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return byte < 0x20 || byte == 0x7f || (c != '\0' && std::strchr("\"#%'*/:=?[\\]^{", c) != nullptr);
}

void AppendEscaped(Slice text, std::string* out) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (size_t i = 0; i < text.size; i++) {
    const char c = text.data[i];
    if (!IsEscaped(c)) {
      out->push_back(c);
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    out->push_back('%');
    out->push_back(kDigits[byte >> 4]);
    out->push_back(kDigits[byte & 15]);
  }
}

Status Invalid(const std::string& column, const std::string& problem) {
  return Status::Error("PARTITION_INVALID", "the value of " + column + " " + problem);
}

// The value as Spark's cast to text gives it. -0 is the same value as 0.
Status AppendValue(const Field& field, const Vector& column, size_t row, std::string* out) {
  switch (field.type.id) {
    case TypeId::kBoolean:
      out->append(column.at<uint8_t>(row) != 0 ? "true" : "false");
      return Status::Ok();
    case TypeId::kInt:
      AppendLong(column.at<int32_t>(row), out);
      return Status::Ok();
    case TypeId::kLong:
      AppendLong(column.at<int64_t>(row), out);
      return Status::Ok();
    case TypeId::kDouble:
      AppendDouble(column.at<double>(row) == 0 ? 0.0 : column.at<double>(row), out);
      return Status::Ok();
    case TypeId::kDecimal:
      AppendDecimal(field.type.is_wide() ? column.at<__int128>(row) : column.at<int64_t>(row), field.type.scale, out);
      return Status::Ok();
    case TypeId::kDate:
      AppendDate(column.at<int32_t>(row), out);
      return Status::Ok();
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      AppendTimestamp(column.at<int64_t>(row), out);
      return Status::Ok();
    default:
      break;
  }
  const Slice text = column.at<StringView>(row).slice();
  if (text.size == 0) return Invalid(field.name, "is an empty text, which would be read back as null");
  if (text == Slice(kNullFolder)) return Invalid(field.name, "is the text that stands for null in names of folders");
  out->append(text.data, text.size);
  return Status::Ok();
}

class PartitionEnd final : public ColumnSink {
 public:
  PartitionEnd(const Schema& input, std::vector<uint32_t> by, uint64_t file_bytes, const PartitionHost& host)
      : input_(input), by_(std::move(by)), file_bytes_(file_bytes), host_(host) {
    for (uint32_t i = 0; i < input_.size(); i++) {
      if (std::find(by_.begin(), by_.end(), i) != by_.end()) continue;
      rest_.push_back(i);
      schema_.push_back(input_[i]);
    }
  }

  // The end of the columns that are not in folders; `text` is where one of text appends.
  using Open = std::function<Status(const Schema& schema, std::string* text, std::function<void(Slice)> pass,
                                    std::unique_ptr<ColumnSink>* end)>;
  Status SetOpen(Open open) {
    open_ = std::move(open);
    // The first one says whether the program is right.
    return OpenEnd();
  }

  Status Add(const Batch& batch) override {
    for (size_t i = 0; i < batch.count;) {
      if (!is_open_ || !IsSame(batch, batch.row(i))) RUNJOB_RETURN_IF_ERROR(Begin(batch, batch.row(i)));
      size_t count = 1;
      const uint64_t most = kLookRows - rows_ % kLookRows;
      while (count < most && i + count < batch.count && IsSame(batch, batch.row(i + count))) count++;
      RUNJOB_RETURN_IF_ERROR(AddRows(batch, i, count));
      i += count;
      rows_ += count;
      if (rows_ % kLookRows == 0 && bytes_ >= file_bytes_) RUNJOB_RETURN_IF_ERROR(EndFile());
    }
    return Status::Ok();
  }

  Status Finish() override { return is_open_ ? EndFile() : Status::Ok(); }

 private:
  Status OpenEnd() {
    return open_(
        schema_, &text_, [this](Slice bytes) { Pass(bytes); }, &end_);
  }

  void Pass(Slice bytes) {
    bytes_ += bytes.size;
    host_.pass(bytes);
  }

  void PassText() {
    if (text_.empty()) return;
    Pass(Slice(text_));
    text_.clear();
  }

  Status AddRows(const Batch& batch, size_t first, size_t count) {
    rows_of_part_.resize(count);
    for (size_t i = 0; i < count; i++) rows_of_part_[i] = static_cast<uint16_t>(batch.row(first + i));
    part_.rows = batch.rows;
    part_.selection = rows_of_part_.data();
    part_.count = count;
    part_.columns.clear();
    for (const uint32_t column : rest_) part_.columns.push_back(batch.columns[column]);
    RUNJOB_RETURN_IF_ERROR(end_->Add(part_));
    PassText();
    return Status::Ok();
  }

  // The row's values are those of the open file, byte by byte: a difference may be none, as that of 0 and -0.
  bool IsSame(const Batch& batch, size_t row) {
    for (size_t k = 0; k < by_.size(); k++) {
      const Vector& column = batch.columns[by_[k]];
      const bool valid = column.valid(row);
      if (valid != values_[k].valid) return false;
      if (valid && !(BytesOf(column, row) == Slice(values_[k].bytes))) return false;
    }
    return true;
  }

  static Slice BytesOf(const Vector& column, size_t row) {
    if (column.type->is_bytes()) return column.at<StringView>(row).slice();
    const size_t width = column.type->width();
    return Slice(static_cast<const char*>(column.values) + column.index(row) * width, width);
  }

  Status Begin(const Batch& batch, size_t row) {
    values_.resize(by_.size());
    std::string folder;
    for (size_t k = 0; k < by_.size(); k++) {
      const Field& field = input_[by_[k]];
      const Vector& column = batch.columns[by_[k]];
      const size_t start = folder.size();
      AppendEscaped(Slice(field.name), &folder);
      folder.push_back('=');
      values_[k].valid = column.valid(row);
      if (values_[k].valid) {
        values_[k].bytes = BytesOf(column, row).ToString();
        std::string text;
        RUNJOB_RETURN_IF_ERROR(AppendValue(field, column, row, &text));
        AppendEscaped(Slice(text), &folder);
      } else {
        folder.append(kNullFolder);
      }
      if (folder.size() - start > kMaxNameBytes) {
        return Invalid(field.name, "is too long for the name of a folder, which has 255 bytes at most");
      }
      folder.push_back('/');
    }
    folder.pop_back();
    if (is_open_ && folder == folder_) return Status::Ok();
    if (is_open_) RUNJOB_RETURN_IF_ERROR(EndFile());
    folder_ = std::move(folder);
    return BeginFile();
  }

  Status BeginFile() {
    if (end_ == nullptr) RUNJOB_RETURN_IF_ERROR(OpenEnd());
    host_.begin(folder_);
    is_open_ = true;
    return Status::Ok();
  }

  // What comes next begins another one, of the same folder or not.
  Status EndFile() {
    RUNJOB_RETURN_IF_ERROR(end_->Finish());
    PassText();
    host_.end(rows_);
    end_.reset();
    is_open_ = false;
    rows_ = bytes_ = 0;
    return Status::Ok();
  }

  struct Value {
    bool valid = false;
    std::string bytes;
  };

  const Schema& input_;
  const std::vector<uint32_t> by_;
  const uint64_t file_bytes_;
  const PartitionHost host_;
  std::vector<uint32_t> rest_;
  Schema schema_;  // of `rest_`
  Open open_;
  std::unique_ptr<ColumnSink> end_;  // null: the next file needs a new one
  std::string text_;
  bool is_open_ = false;
  std::string folder_;         // of the open file
  std::vector<Value> values_;  // likewise
  uint64_t rows_ = 0;
  uint64_t bytes_ = 0;
  Batch part_;
  std::vector<uint16_t> rows_of_part_;
};

}  // namespace

Status CompilePartitionEnd(ProgramReader* program, const Schema& input, const PartitionHost& host,
                           const CompileEnd& compile, std::unique_ptr<ColumnSink>* result) {
  uint32_t count = 0;
  if (!program->Read(&count) || count == 0 || count >= input.size()) return BadProgram();
  std::vector<uint32_t> by(count);
  for (uint32_t& column : by) {
    if (!program->Read(&column) || column >= input.size()) return BadProgram();
    const Type& type = input[column].type;
    if (type.is_nested() || type.id == TypeId::kBinary) {
      return Status::Error("BAD_ARGUMENT", "no folder is named after lists, structs and bytes");
    }
  }
  uint64_t file_bytes = 0;
  if (!program->Read(&file_bytes)) return BadProgram();
  if (!host.begin || !host.end) return Status::Error("BAD_ARGUMENT", "nobody makes the files of a pipeline");
  auto end = std::make_unique<PartitionEnd>(input, std::move(by), file_bytes, host);
  // Every file has an end of its own, from the same bytes.
  auto bytes = std::make_shared<std::string>(program->rest().ToString());
  const auto open = [compile, bytes](const Schema& schema, std::string* text, std::function<void(Slice)> pass,
                                     std::unique_ptr<ColumnSink>* made) {
    ProgramReader reader{Slice(*bytes)};
    RUNJOB_RETURN_IF_ERROR(compile(&reader, schema, text, std::move(pass), made));
    return reader.at_end() ? Status::Ok() : BadProgram();
  };
  RUNJOB_RETURN_IF_ERROR(end->SetOpen(open));
  program->Skip();
  *result = std::move(end);
  return Status::Ok();
}

}  // namespace runjob
