// Rows as lines of text.
//
//   u8 0                 JSON lines
//   u8 1, u8 delimiter   CSV, without a header row
//   u8 2, u8 escape      TSV, likewise; escape: tabs, line ends and backslashes become \t \n \r and two backslashes
//   u8 3                 one string column, a line each
//
// Nulls are null in JSON and empty elsewhere. In CSV an empty text is "", and so is a null whose line would be empty.

#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/number.h"
#include "pipeline/operator.h"
#include "pipeline/row_text.h"
#include "text/text_write.h"

namespace runjob {

namespace {

enum class TextKind : uint8_t { kJsonLines = 0, kCsv = 1, kTsv = 2, kText = 3 };

class JsonEnd final : public ColumnSink {
 public:
  JsonEnd(const Schema& schema, std::string* out) : row_(schema), out_(out) {}

  Status Add(const Batch& batch) override {
    for (size_t i = 0; i < batch.count; i++) {
      row_.Append(batch, batch.row(i), out_);
      out_->push_back('\n');
    }
    return Status::Ok();
  }
  Status Finish() override { return Status::Ok(); }

 private:
  const JsonRow row_;
  std::string* const out_;
};

// Writes into a buffer that stays in the cache, and appends that when it is full: most fields are so short that a call for each would take
// longer than the bytes.
class FieldsEnd final : public ColumnSink {
 public:
  FieldsEnd(TextKind kind, char delimiter, bool escape, std::string* out)
      : kind_(kind),
        raw_(kind == TextKind::kText || (kind == TextKind::kTsv && !escape)),
        plain_numbers_(kind != TextKind::kCsv || std::strchr(",;|\t", delimiter) != nullptr),
        delimiter_(delimiter),
        out_(out) {
    Resize(kBufferBytes);
  }

  Status Add(const Batch& batch) override {
    const bool single = batch.columns.size() == 1;
    char* p = buffer_.get();
    for (size_t i = 0; i < batch.count; i++) {
      const size_t row = batch.row(i);
      p = Room(p, 0);
      for (size_t c = 0; c < batch.columns.size(); c++) {
        const Vector& column = batch.columns[c];
        p = Room(p, kMaxNumberText);
        if (c > 0) *p++ = delimiter_;
        if (column.valid(row)) {
          p = Write(column, row, p);
        } else if (single && kind_ == TextKind::kCsv) {
          p = WriteEmpty(p);
        }
      }
      *p++ = '\n';
    }
    Pass(p);
    return Status::Ok();
  }
  Status Finish() override { return Status::Ok(); }

 private:
  static constexpr size_t kBufferBytes = size_t{32} << 10;
  static constexpr size_t kBesides = 4;  // of a field: what is before or after it, or the quotes of an empty one

  // REQUIRES: room for kMaxNumberText.
  char* Write(const Vector& column, size_t row, char* p) {
    const TypeId type = column.type->id;
    if (type == TypeId::kString) return WriteField(column.at<StringView>(row).slice(), p);
    if (plain_numbers_) {
      if (type == TypeId::kInt) return std::to_chars(p, p + kMaxNumberText, column.at<int32_t>(row)).ptr;
      if (type == TypeId::kLong) return std::to_chars(p, p + kMaxNumberText, column.at<int64_t>(row)).ptr;
      if (type == TypeId::kDouble) return WriteNumber(column.at<double>(row), p);
    }
    plain_.clear();
    AppendPlain(column, row, &plain_);
    return WriteField(plain_, p);
  }

  char* WriteField(Slice text, char* p) {
    if (kind_ == TextKind::kCsv && text.size == 0) return WriteEmpty(p);
    p = Room(p, MaxFieldText(text.size));
    if (raw_) {
      if (text.size > 0) std::memcpy(p, text.data, text.size);
      return p + text.size;
    }
    return kind_ == TextKind::kCsv ? WriteCsvField(text, delimiter_, p) : WriteTsvField(text, p);
  }

  static char* WriteEmpty(char* p) {
    *p++ = '"';
    *p++ = '"';
    return p;
  }

  // Where a field of so many bytes, and what is besides it, goes.
  char* Room(char* p, size_t bytes) {
    bytes += kBesides;
    if (bytes <= static_cast<size_t>(end_ - p)) [[likely]] {
      return p;
    }
    Pass(p);
    if (bytes > static_cast<size_t>(end_ - buffer_.get())) Resize(bytes);
    return buffer_.get();
  }
  void Pass(const char* end) { out_->append(buffer_.get(), static_cast<size_t>(end - buffer_.get())); }
  void Resize(size_t bytes) {
    buffer_ = std::make_unique_for_overwrite<char[]>(bytes);
    end_ = buffer_.get() + bytes;
  }

  const TextKind kind_;
  const bool raw_;            // fields are written as they are
  const bool plain_numbers_;  // their text has nothing to be quoted or escaped
  const char delimiter_;
  std::string* const out_;
  std::unique_ptr<char[]> buffer_;
  const char* end_ = nullptr;
  std::string plain_;
};

}  // namespace

Status CompileTextEnd(ProgramReader* program, const Schema& input, std::string* output,
                      std::unique_ptr<ColumnSink>* result) {
  uint8_t kind = 0;
  if (!program->Read(&kind)) return BadProgram();
  uint8_t delimiter = '\t';
  bool escape = true;
  switch (static_cast<TextKind>(kind)) {
    case TextKind::kJsonLines:
      *result = std::make_unique<JsonEnd>(input, output);
      return Status::Ok();
    case TextKind::kCsv:
      if (!program->Read(&delimiter)) return BadProgram();
      break;
    case TextKind::kTsv:
      if (!program->Read(&escape)) return BadProgram();
      break;
    case TextKind::kText:
      if (input.size() != 1 || input[0].type.id != TypeId::kString) {
        return Status::Error("BAD_ARGUMENT", "text has one column, a string");
      }
      break;
    default:
      return BadProgram();
  }
  for (const Field& field : input) {
    if (field.type.is_nested()) return Status::Error("BAD_ARGUMENT", "only JSON lines hold lists and structs");
  }
  *result = std::make_unique<FieldsEnd>(static_cast<TextKind>(kind), static_cast<char>(delimiter), escape, output);
  return Status::Ok();
}

}  // namespace runjob
