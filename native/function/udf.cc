#include "function/udf.h"

#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "column/text.h"
#include "function/block_writer.h"
#include "function/json_texts.h"
#include "function/vector_buffer.h"

namespace runjob {

namespace {

thread_local UdfHost* thread_host = nullptr;

constexpr int64_t kMicrosPerMilli = 1000;

// Where double has every whole number.
bool IsSafe(double number) { return std::abs(number) <= 9007199254740991.0 && number == std::trunc(number); }

// Calls a function for the rows that count, and no others.
class UdfNode : public Node {
 public:
  UdfNode(uint32_t call, Type type, std::vector<UdfArgument> args)
      : Node(std::move(type)), call_(call), args_(std::move(args)), out_(this->type()) {
    if (this->type().is_nested()) nested_ = std::make_unique<JsonTexts>(this->type());
  }

  Status Evaluate(const Frame& frame, Vector* result) override {
    const Rows& rows = frame.rows;
    if (rows.count == 0) {
      *result = NullVector(type());
      return Status::Ok();
    }
    if (thread_host == nullptr) return Status::Error("BAD_ARGUMENT", "the host has no functions of the user's");
    values_.resize(args_.size());
    for (size_t i = 0; i < args_.size(); i++) {
      RUNJOB_RETURN_IF_ERROR(args_[i].value->Evaluate(frame, &values_[i]));
    }
    out_.Reset(rows.size);
    if (nested_ != nullptr) nested_->Clear();
    const size_t count = ChooseAsked(rows);
    for (size_t from = 0; from < count;) {
      const Rows part{rows.size, asked_ + from, PartFrom(from, count)};
      RUNJOB_RETURN_IF_ERROR(Ask(part));
      from += part.count;
    }
    const bool alike = count < rows.count;
    if (nested_ != nullptr) {
      FillNested(rows, alike);
    } else if (alike) {
      FillAlike(rows);
    }
    *result = out_.vector();
    return Status::Ok();
  }

 private:
  // Texts of a block at most, unless one is longer.
  static constexpr size_t kMostBytes = size_t{16} << 20;
  static constexpr uint16_t kNoRow = UINT16_MAX;

  // The only argument that differs from row to row, if it is a dictionary with few entries for the rows; else null.
  const Vector* Dictionary(const Rows& rows) const {
    const Vector* found = nullptr;
    for (const Vector& value : values_) {
      if (value.form == VectorForm::kConstant) continue;
      if (found != nullptr || value.form != VectorForm::kDictionary || value.entries > rows.count) return nullptr;
      found = &value;
    }
    return found;
  }

  // The rows to ask about: one for each entry of a dictionary, and for null; returns how many.
  size_t ChooseAsked(const Rows& rows) {
    const Vector* const dictionary = Dictionary(rows);
    if (dictionary == nullptr) {
      for (size_t i = 0; i < rows.count; i++) asked_[i] = static_cast<uint16_t>(rows[i]);
      return rows.count;
    }
    first_.assign(dictionary->entries + 1, kNoRow);
    size_t count = 0;
    for (size_t i = 0; i < rows.count; i++) {
      const uint16_t row = static_cast<uint16_t>(rows[i]);
      uint16_t& first = first_[dictionary->valid(row) ? dictionary->codes[row] : dictionary->entries];
      if (first == kNoRow) asked_[count++] = first = row;
      alike_[row] = first;
    }
    return count;
  }

  // Rows that were not asked about have the result of one that was.
  void FillAlike(const Rows& rows) {
    const Vector results = out_.vector();
    const size_t width = type().width();
    char* const values = out_.values<char>();
    for (size_t i = 0; i < rows.count; i++) {
      const size_t row = rows[i], first = alike_[row];
      if (row == first) continue;
      std::memcpy(values + row * width, values + first * width, width);
      if (!results.valid(first)) out_.SetNull(row);
    }
  }

  void FillNested(const Rows& rows, bool alike) {
    const Vector values = nested_->values();
    for (size_t i = 0; i < rows.count; i++) {
      const size_t row = rows[i];
      out_.Copy(row, values, places_[alike ? alike_[row] : row]);
    }
  }

  // How many rows go into one block.
  size_t PartFrom(size_t from, size_t end) const {
    size_t bytes = 0;
    for (size_t i = from; i < end; i++) {
      for (const Vector& value : values_) {
        const bool has_bytes = value.type->is_bytes() && value.valid(asked_[i]);
        bytes += has_bytes ? value.at<StringView>(asked_[i]).size : 0;
      }
      if (bytes > kMostBytes) return i == from ? 1 : i - from;
    }
    return end - from;
  }

  Status Ask(const Rows& rows) {
    block_.clear();
    BlockWriter writer(&block_);
    writer.PutCounts(static_cast<uint32_t>(rows.count), static_cast<uint32_t>(args_.size()));
    for (size_t i = 0; i < args_.size(); i++) {
      RUNJOB_RETURN_IF_ERROR(writer.PutColumn(rows, values_[i], args_[i].exact));
    }
    Status status = thread_host->Call(call_, Slice(block_), rows.count, type(),
                                      [&](const UdfResults& results) { return Take(results, rows); });
    if (status.ok() || status.offset() < 0 || static_cast<size_t>(status.offset()) >= rows.count) return status;
    return Status::BadRecord(status.code(), status.detail(), static_cast<int64_t>(rows[status.offset()]));
  }

  // `value_of(i, &value)`: whether the i-th result is one of this type.
  template <class T, class ValueOf>
  Status Fill(const UdfResults& results, const Rows& rows, const ValueOf& value_of) {
    T* const values = out_.values<T>();
    for (size_t i = 0; i < rows.count; i++) {
      const size_t row = rows[i];
      if (results.nulls != nullptr && results.nulls[i] != 0) {
        out_.SetNull(row);
        values[row] = T();
      } else if (!value_of(i, &values[row])) {
        return Status::BadRecord("RESULT_INVALID", "what is no " + TypeText(type()), static_cast<int64_t>(i));
      }
    }
    return Status::Ok();
  }

  Status FillWhole(const UdfResults& results, const Rows& rows, int64_t unit) {
    return Fill<int64_t>(results, rows, [&](size_t i, int64_t* value) {
      if (results.wide != nullptr) {
        *value = results.wide[i];
        return true;
      }
      const double number = results.numbers[i];
      if (!IsSafe(number)) return false;
      return !__builtin_mul_overflow(static_cast<int64_t>(number), unit, value);
    });
  }

  Status Take(const UdfResults& results, const Rows& rows) {
    const auto text_of = [&](size_t i) {
      const size_t start = i == 0 ? 0 : results.ends[i - 1];
      return Slice(results.bytes.data + start, results.ends[i] - start);
    };
    switch (type().id) {
      case TypeId::kBoolean:
        return Fill<uint8_t>(results, rows, [&](size_t i, uint8_t* value) {
          *value = results.numbers[i] != 0 ? 1 : 0;
          return true;
        });
      case TypeId::kInt:
        return Fill<int32_t>(results, rows, [&](size_t i, int32_t* value) {
          const double number = results.numbers[i];
          if (!IsSafe(number) || number < INT32_MIN || number > INT32_MAX) return false;
          *value = static_cast<int32_t>(number);
          return true;
        });
      case TypeId::kDouble:
        return Fill<double>(results, rows, [&](size_t i, double* value) {
          *value = results.numbers[i];
          return true;
        });
      case TypeId::kLong:
        return FillWhole(results, rows, 1);
      case TypeId::kTimestamp:
        return FillWhole(results, rows, kMicrosPerMilli);
      case TypeId::kString:
      case TypeId::kBinary:
        return Fill<StringView>(results, rows, [&](size_t i, StringView* value) {
          *value = out_.heap().Copy(text_of(i));
          return true;
        });
      case TypeId::kDate:
        return Fill<int32_t>(results, rows, [&](size_t i, int32_t* value) { return ParseDate(text_of(i), value); });
      case TypeId::kTimestampNtz:
        return Fill<int64_t>(results, rows,
                             [&](size_t i, int64_t* value) { return ParseTimestampNtz(text_of(i), value); });
      case TypeId::kDecimal:
        return type().is_wide() ? FillDecimal<__int128>(results, rows, text_of)
                                : FillDecimal<int64_t>(results, rows, text_of);
      case TypeId::kList:
      case TypeId::kStruct:
        return TakeNested(rows, results, text_of);
    }
    return Status::Ok();
  }

  template <class TextOf>
  Status TakeNested(const Rows& rows, const UdfResults& results, const TextOf& text_of) {
    for (size_t i = 0; i < rows.count; i++) {
      const bool is_null = results.nulls != nullptr && results.nulls[i] != 0;
      places_[rows[i]] = static_cast<uint16_t>(nested_->size());
      const Status status = nested_->AddCopy(is_null ? Slice() : text_of(i));
      if (!status.ok()) {
        return Status::BadRecord("RESULT_INVALID", "what does not fit: " + status.detail(), static_cast<int64_t>(i));
      }
    }
    return Status::Ok();
  }

  template <class T, class TextOf>
  Status FillDecimal(const UdfResults& results, const Rows& rows, const TextOf& text_of) {
    return Fill<T>(results, rows, [&](size_t i, T* value) {
      __int128 unscaled = 0;
      if (!ParseDecimal(text_of(i), type().precision, type().scale, &unscaled)) return false;
      *value = static_cast<T>(unscaled);
      return true;
    });
  }

  const uint32_t call_;
  const std::vector<UdfArgument> args_;
  VectorBuffer out_;
  std::vector<Vector> values_;  // of the arguments
  uint16_t asked_[kVectorRows];
  std::vector<uint16_t> first_;        // the row that is asked about for each code, and for null
  uint16_t alike_[kVectorRows];        // by row: the one that is asked about for it
  std::unique_ptr<JsonTexts> nested_;  // results that are lists or structs
  uint16_t places_[kVectorRows];       // by row that is asked about: of its result in them
  std::string block_;
};

}  // namespace

void SetUdfHost(UdfHost* host) { thread_host = host; }

std::unique_ptr<Node> MakeUdf(uint32_t call, Type type, std::vector<UdfArgument> args) {
  return std::make_unique<UdfNode>(call, std::move(type), std::move(args));
}

}  // namespace runjob
