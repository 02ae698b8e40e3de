// Rows as lines of text.
//
//   u8 0                 JSON lines
//   u8 1, u8 delimiter   CSV, without a header row
//   u8 2, u8 escape      TSV, likewise; escape: tabs, line ends and backslashes become \t \n \r and two backslashes
//   u8 3                 one string column, a line each
//
// Nulls are null in JSON and empty elsewhere. In CSV an empty text is "", and so is a null whose line would be empty.

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/json.h"
#include "base/number.h"
#include "column/text.h"
#include "pipeline/operator.h"
#include "text/text_write.h"

namespace runjob {

namespace {

enum class TextKind : uint8_t { kJsonLines = 0, kCsv = 1, kTsv = 2, kText = 3 };

// The text of a value that is no text itself.
void AppendPlain(const Vector& column, size_t row, std::string* out) {
  const Type& type = *column.type;
  switch (type.id) {
    case TypeId::kBoolean:
      out->append(column.at<uint8_t>(row) != 0 ? "true" : "false");
      return;
    case TypeId::kInt:
      return AppendLong(column.at<int32_t>(row), out);
    case TypeId::kLong:
      return AppendLong(column.at<int64_t>(row), out);
    case TypeId::kDouble:
      return AppendNumber(column.at<double>(row), out);
    case TypeId::kDecimal:
      return AppendDecimal(type.is_wide() ? column.at<__int128>(row) : column.at<int64_t>(row), type.scale, out);
    case TypeId::kDate:
      return AppendDate(column.at<int32_t>(row), out);
    case TypeId::kTimestamp:
      AppendIsoTimestamp(column.at<int64_t>(row), out);
      out->push_back('Z');
      return;
    case TypeId::kTimestampNtz:
      return AppendIsoTimestamp(column.at<int64_t>(row), out);
    case TypeId::kBinary:
      return AppendBase64(column.at<StringView>(row).slice(), out);
    case TypeId::kString:
    case TypeId::kList:
    case TypeId::kStruct:
      return;
  }
}

// Whether JSON has it as a string.
bool IsQuoted(const Vector& column, size_t row) {
  switch (column.type->id) {
    case TypeId::kDouble:
      return !std::isfinite(column.at<double>(row));
    case TypeId::kBinary:
    case TypeId::kDate:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return true;
    default:
      return false;
  }
}

// {"name": and ,"name": of each field.
std::vector<std::string> KeysOf(const std::vector<Field>& fields) {
  std::vector<std::string> keys;
  for (const Field& field : fields) {
    std::string key(keys.empty() ? "{" : ",");
    AppendJsonString(field.name, &key);
    keys.push_back(key + ":");
  }
  return keys;
}

// A type's texts: keys of structs, written once.
class JsonText {
 public:
  explicit JsonText(const Type& type) {
    if (type.id == TypeId::kStruct) keys_ = KeysOf(type.fields);
    for (const Field& field : type.fields) children_.emplace_back(field.type);
  }

  void Append(const Vector& column, size_t row, std::string* out) const {
    if (!column.valid(row)) {
      out->append("null");
      return;
    }
    switch (column.type->id) {
      case TypeId::kString:
        return AppendJsonString(column.at<StringView>(row).slice(), out);
      case TypeId::kList: {
        const ListRange range = column.at<ListRange>(row);
        out->push_back('[');
        for (uint32_t i = 0; i < range.count; i++) {
          if (i > 0) out->push_back(',');
          children_[0].Append(column.children[0], range.start + i, out);
        }
        out->push_back(']');
        return;
      }
      case TypeId::kStruct:
        if (keys_.empty()) out->push_back('{');
        for (size_t i = 0; i < keys_.size(); i++) {
          out->append(keys_[i]);
          children_[i].Append(column.children[i], column.index(row), out);
        }
        out->push_back('}');
        return;
      default: {
        const bool quoted = IsQuoted(column, row);
        if (quoted) out->push_back('"');
        AppendPlain(column, row, out);
        if (quoted) out->push_back('"');
      }
    }
  }

 private:
  std::vector<std::string> keys_;
  std::vector<JsonText> children_;
};

class JsonEnd final : public ColumnSink {
 public:
  JsonEnd(const Schema& schema, std::string* out) : keys_(KeysOf(schema)), out_(out) {
    for (const Field& field : schema) texts_.emplace_back(field.type);
  }

  Status Add(const Batch& batch) override {
    for (size_t i = 0; i < batch.count; i++) {
      const size_t row = batch.row(i);
      if (keys_.empty()) out_->push_back('{');
      for (size_t c = 0; c < keys_.size(); c++) {
        out_->append(keys_[c]);
        texts_[c].Append(batch.columns[c], row, out_);
      }
      out_->append("}\n");
    }
    return Status::Ok();
  }
  Status Finish() override { return Status::Ok(); }

 private:
  const std::vector<std::string> keys_;
  std::vector<JsonText> texts_;
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
