// Text of JSON: parts of it by their path, all of it as a value, and values as such text.
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/json.h"
#include "column/text.h"
#include "function/call.h"
#include "function/functions.h"
#include "function/json_texts.h"
#include "function/value_text.h"
#include "text/json_text.h"

namespace runjob {

namespace {

using T = TypeId;

// A string of JSON without its quotes.
std::string Unescaped(Slice text) {
  std::string out(text.size, '\0');
  out.resize(static_cast<size_t>(WriteUnescapedJson(text, out.data()) - out.data()));
  return out;
}

// A value of JSON without white space, its strings as JSON.stringify writes them. REQUIRES: it is one.
void AppendCompact(Slice value, std::string* out) {
  const char* p = value.data;
  const char* const end = p + value.size;
  while (p < end) {
    if (*p == '"') {
      const char* const begin = ++p;
      while (*p != '"') p += *p == '\\' ? 2 : 1;
      AppendJsonString(Unescaped(Slice(begin, static_cast<size_t>(p - begin))), out);
    } else if (*p != ' ' && *p != '\t' && *p != '\r' && *p != '\n') {
      out->push_back(*p);
    }
    p++;
  }
}

// The name of a member, or the place of an element from 0 on.
struct Step {
  std::string name;
  int32_t place = -1;  // not below 0: of an element
};

class GetKernel : public Kernel {
 public:
  explicit GetKernel(std::vector<Step> path) : path_(std::move(path)) {}

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    const Reader<StringView> texts(args[0]);
    StringView* const results = out->values<StringView>();
    ForValid(rows, validity, [&](size_t row) {
      const StringView& text = texts[row];
      JsonCursor cursor(text.slice());
      Slice value;
      text_.clear();
      // What follows the value does not matter, but all of it must be JSON.
      if (cursor.ReadValue(&value) && Find(value, 0)) {
        results[row] = out->heap().Copy(text_);
      } else {
        out->SetNull(row);
      }
      return true;
    });
    return Status::Ok();
  }

 private:
  // Whether the value has something at the rest of the path, which is in text_ then. REQUIRES: it is JSON.
  bool Find(Slice value, size_t step) {
    const char first = value.data[0];
    if (first == 'n') return false;
    if (step == path_.size()) {
      if (first == '"') {
        text_ = Unescaped(Slice(value.data + 1, value.size - 2));
      } else {
        AppendCompact(value, &text_);
      }
      return true;
    }
    const bool by_name = path_[step].place < 0;
    if (first != (by_name ? '{' : '[')) return false;
    JsonCursor cursor(value);
    cursor.Take(first);
    for (int32_t place = 0; cursor.Peek() != (by_name ? '}' : ']'); place++) {
      if (place > 0) cursor.Take(',');
      bool is_it = place == path_[step].place;
      if (by_name) is_it = ReadKey(&cursor) == path_[step].name;
      Slice part;
      cursor.ReadValue(&part);
      // Of equal names, the first with such a value.
      if (is_it && Find(part, step + 1)) return true;
      if (is_it && !by_name) return false;
    }
    return false;
  }

  std::string ReadKey(JsonCursor* cursor) {
    Slice key;
    bool escaped = false;
    cursor->ReadString(&key, &escaped);
    cursor->Take(':');
    return escaped ? Unescaped(key) : std::string(key.data, key.size);
  }

  const std::vector<Step> path_;
  std::string text_;
};

std::unique_ptr<Node> MakeGet(Call* call) {
  if (call->args.empty() || call->id(0) != T::kString || call->type.id != T::kString) return nullptr;
  std::vector<Step> path;
  for (size_t i = 1; i < call->args.size(); i++) {
    const Vector* const literal = call->Literal(i);
    if (literal == nullptr) return nullptr;
    Step step;
    if (call->id(i) == T::kInt) {
      step.place = literal->at<int32_t>(0);
      if (step.place < 0) return nullptr;
    } else if (call->id(i) == T::kString) {
      const Slice name = literal->at<StringView>(0).slice();
      step.name.assign(name.data, name.size);
    } else {
      return nullptr;
    }
    path.push_back(std::move(step));
  }
  call->args.resize(1);
  return MakeCall(call, std::make_unique<GetKernel>(std::move(path)));
}

class FromJsonKernel : public Kernel {
 public:
  // `quiet`: text that is not of the type makes null.
  FromJsonKernel(Type type, bool quiet) : quiet_(quiet), read_(std::move(type)) {}

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    const Reader<StringView> texts(args[0]);
    read_.Clear();
    rows_.clear();
    Status fault;
    ForValid(rows, validity, [&](size_t row) {
      const Status status = read_.Add(texts[row].slice());
      if (status.ok()) {
        rows_.push_back(row);
        return true;
      }
      out->SetNull(row);
      if (!quiet_)
        fault = Status::BadRecord(status.code(), "fromJson(): " + status.detail(), static_cast<int64_t>(row));
      return quiet_;
    });
    const Vector values = read_.values();
    for (size_t i = 0; i < rows_.size(); i++) out->Copy(rows_[i], values, i);
    return fault;
  }
  bool can_fail() const override { return !quiet_; }

 private:
  const bool quiet_;
  JsonTexts read_;
  std::vector<size_t> rows_;  // of the values that are read
};

template <bool kQuiet>
std::unique_ptr<Node> MakeFromJson(Call* call) {
  if (!call->Is({T::kString}, call->type.id) || !call->type.is_nested()) return nullptr;
  return MakeCall(call, std::make_unique<FromJsonKernel>(call->type, kQuiet));
}

// As Spark writes them: members that are null are left out, elements are not.
void AppendJson(const Vector& vector, size_t row, std::string* out) {
  if (!vector.valid(row)) {
    out->append("null");
    return;
  }
  switch (vector.type->id) {
    case T::kString:
      return AppendJsonString(vector.at<StringView>(row).slice(), out);
    case T::kList: {
      const ListRange range = vector.at<ListRange>(row);
      out->push_back('[');
      for (uint32_t i = 0; i < range.count; i++) {
        if (i > 0) out->push_back(',');
        AppendJson(vector.children[0], range.start + i, out);
      }
      out->push_back(']');
      return;
    }
    case T::kStruct: {
      const size_t at = vector.index(row);
      char before = '{';
      for (size_t i = 0; i < vector.children.size(); i++) {
        if (!vector.children[i].valid(at)) continue;
        out->push_back(std::exchange(before, ','));
        AppendJsonString(vector.type->fields[i].name, out);
        out->push_back(':');
        AppendJson(vector.children[i], at, out);
      }
      if (before == '{') out->push_back('{');
      out->push_back('}');
      return;
    }
    case T::kDouble: {
      const bool quoted = !std::isfinite(vector.at<double>(row));
      if (quoted) out->push_back('"');
      AppendValue(vector, row, out);
      if (quoted) out->push_back('"');
      return;
    }
    case T::kBinary:
    case T::kDate:
    case T::kTimestamp:
    case T::kTimestampNtz:
      out->push_back('"');
      if (vector.type->id == T::kBinary) {
        AppendBase64(vector.at<StringView>(row).slice(), out);
      } else if (vector.type->id == T::kDate) {
        AppendValue(vector, row, out);
      } else {
        AppendIsoTimestamp(vector.at<int64_t>(row), out);
        if (vector.type->id == T::kTimestamp) out->push_back('Z');
      }
      out->push_back('"');
      return;
    default:
      AppendValue(vector, row, out);
  }
}

class ToJsonKernel : public Kernel {
 public:
  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    StringView* const results = out->values<StringView>();
    ForValid(rows, validity, [&](size_t row) {
      text_.clear();
      AppendJson(args[0], row, &text_);
      results[row] = out->heap().Copy(text_);
      return true;
    });
    return Status::Ok();
  }

 private:
  std::string text_;
};

std::unique_ptr<Node> MakeToJson(Call* call) {
  if (call->args.size() != 1 || !call->arg(0).is_nested() || call->type.id != T::kString) return nullptr;
  return MakeCall(call, std::make_unique<ToJsonKernel>());
}

}  // namespace

std::vector<Function> JsonFunctions() {
  return {{"getJsonObject", MakeGet},
          {"fromJson", MakeFromJson<false>},
          {"tryFromJson", MakeFromJson<true>},
          {"toJson", MakeToJson}};
}

}  // namespace runjob
