// Rows as lines of text.
//
//   u8 0                 JSON lines
//   u8 1, u8 delimiter   CSV, without a header row
//   u8 2, u8 escape      TSV, likewise; escape: tabs, line ends and backslashes become \t \n \r and two backslashes
//   u8 3                 one string column, a line each
//
// Nulls are null in JSON and empty elsewhere. In CSV an empty text is "", and so is a null whose line would be empty.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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

class FieldsEnd final : public ColumnSink {
 public:
  FieldsEnd(TextKind kind, char delimiter, bool escape, std::string* out)
      : kind_(kind), delimiter_(delimiter), escape_(escape), out_(out) {}

  Status Add(const Batch& batch) override {
    const bool single = batch.columns.size() == 1;
    for (size_t i = 0; i < batch.count; i++) {
      const size_t row = batch.row(i);
      for (size_t c = 0; c < batch.columns.size(); c++) {
        if (c > 0) out_->push_back(delimiter_);
        const Vector& column = batch.columns[c];
        if (column.valid(row)) {
          Append(column, row);
        } else if (single && kind_ == TextKind::kCsv) {
          out_->append("\"\"");
        }
      }
      out_->push_back('\n');
    }
    return Status::Ok();
  }
  Status Finish() override { return Status::Ok(); }

 private:
  void Append(const Vector& column, size_t row) {
    Slice text;
    if (column.type->id == TypeId::kString) {
      text = column.at<StringView>(row).slice();
    } else {
      plain_.clear();
      AppendPlain(column, row, &plain_);
      text = Slice(plain_);
    }
    if (kind_ == TextKind::kText || (kind_ == TextKind::kTsv && !escape_)) {
      out_->append(text.data, text.size);
      return;
    }
    if (kind_ == TextKind::kCsv && text.size == 0) {
      out_->append("\"\"");
      return;
    }
    if (field_.size() < MaxFieldText(text.size)) field_.resize(2 * MaxFieldText(text.size));
    const bool is_csv = kind_ == TextKind::kCsv;
    char* const begin = field_.data();
    out_->append(begin, is_csv ? WriteCsvField(text, delimiter_, begin) : WriteTsvField(text, begin));
  }

  const TextKind kind_;
  const char delimiter_;
  const bool escape_;
  std::string* const out_;
  std::string plain_;
  std::string field_;  // room for one
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
