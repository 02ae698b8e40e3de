#include <algorithm>
#include <cstring>

#include "base/utf8.h"
#include "function/call.h"
#include "function/find.h"
#include "function/functions.h"
#include "function/host.h"
#include "function/utf8_text.h"

namespace runjob {

namespace {

using T = TypeId;

// What one value may grow to.
constexpr uint64_t kLargestText = uint64_t{1} << 30;

Outcome TooLong(Context* context, const char* name, uint64_t bytes) {
  return context->Fail("ARGUMENT_INVALID", [&] {
    return std::string("the result of ") + name + " would have " + std::to_string(bytes) + " bytes";
  });
}

Slice Between(const char* start, const char* end) { return Slice(start, static_cast<size_t>(end - start)); }

std::unique_ptr<Node> MakeLength(Call* call) {
  if (call->Is({T::kString}, T::kInt)) {
    return MakeCall(call, ByRow<int32_t, StringView>([](const StringView& s, Context*) {
                      return static_cast<int32_t>(CountCharacters(s.slice()));
                    }));
  }
  if (!call->Is({T::kBinary}, T::kInt)) return nullptr;
  return MakeCall(
      call, ByRow<int32_t, StringView>([](const StringView& s, Context*) { return static_cast<int32_t>(s.size); }));
}

// From `from`, 1 the first, negative from the end: so many characters. What lies before the start counts.
Slice Substring(Slice text, int64_t from, int64_t length) {
  int64_t start = from > 0 ? from - 1 : from < 0 ? static_cast<int64_t>(CountCharacters(text)) + from : 0;
  int64_t end = start + length;
  if (length <= 0 || end <= 0) return Slice(text.data, 0);
  start = std::max<int64_t>(start, 0);
  const char* const first = SkipCharacters(text, static_cast<size_t>(start));
  const Slice rest = Between(first, text.data + text.size);
  return Between(first, SkipCharacters(rest, static_cast<size_t>(end - start)));
}

std::unique_ptr<Node> MakeSubstring(Call* call) {
  if (!call->Is({T::kString, T::kInt, T::kInt}, T::kString)) return nullptr;
  return MakeCall(call, ByRow<StringView, StringView, int32_t, int32_t>(
                            [](const StringView& s, int32_t from, int32_t length, Context*) {
                              return StringView(Substring(s.slice(), from, length));
                            }));
}

// A strict function of any number of texts.
class Concat : public Kernel {
 public:
  bool can_fail() const override { return true; }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    StringView* const results = out->values<StringView>();
    Status status;
    ForValid(rows, validity, [&](size_t row) {
      uint64_t size = 0;
      for (const Vector& arg : args) size += arg.at<StringView>(row).size;
      if (size > kLargestText) {
        status =
            Status::BadRecord("ARGUMENT_INVALID", "the result of concat would have " + std::to_string(size) + " bytes",
                              static_cast<int64_t>(row));
        return false;
      }
      char* const bytes = out->heap().Allocate(size);
      char* end = bytes;
      for (const Vector& arg : args) {
        const Slice part = arg.at<StringView>(row).slice();
        if (part.size > 0) std::memcpy(end, part.data, part.size);
        end += part.size;
      }
      results[row] = StringView(Between(bytes, end));
      return true;
    });
    return status;
  }
};

std::unique_ptr<Node> MakeConcat(Call* call) {
  if (call->type.id != T::kString || call->args.empty()) return nullptr;
  for (size_t i = 0; i < call->args.size(); i++) {
    if (call->id(i) != T::kString) return nullptr;
  }
  return MakeCall(call, std::make_unique<Concat>());
}

// Parts that are null, and elements that are, are left out.
class ConcatWs : public Kernel {
 public:
  bool strict() const override { return false; }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t*, VectorBuffer* out) override {
    StringView* const results = out->values<StringView>();
    for (size_t i = 0; i < rows.count; i++) {
      const size_t row = rows[i];
      if (!args[0].valid(row)) {
        out->SetNull(row);
        continue;
      }
      const Slice separator = args[0].at<StringView>(row).slice();
      text_.clear();
      bool first = true;
      const auto add = [&](const StringView& part) {
        if (!first) text_.append(separator.data, separator.size);
        first = false;
        text_.append(part.slice().data, part.size);
      };
      for (size_t k = 1; k < args.size(); k++) {
        const Vector& arg = args[k];
        if (!arg.valid(row)) continue;
        if (arg.type->id == T::kString) {
          add(arg.at<StringView>(row));
          continue;
        }
        const ListRange list = arg.at<ListRange>(row);
        for (uint32_t e = list.start; e < list.start + list.count; e++) {
          if (arg.children[0].valid(e)) add(arg.children[0].at<StringView>(e));
        }
      }
      results[row] = out->heap().Copy(text_);
    }
    return Status::Ok();
  }

 private:
  std::string text_;
};

std::unique_ptr<Node> MakeConcatWs(Call* call) {
  if (call->type.id != T::kString || call->args.empty() || call->id(0) != T::kString) return nullptr;
  for (size_t i = 1; i < call->args.size(); i++) {
    const Type& type = call->arg(i);
    const bool list = type.id == T::kList && type.fields[0].type.id == T::kString;
    if (type.id != T::kString && !list) return nullptr;
  }
  return MakeCall(call, std::make_unique<ConcatWs>());
}

enum class Sides { kBoth, kLeft, kRight };

Slice TrimBlanks(Slice text, Sides sides) {
  const char* p = text.data;
  const char* end = p + text.size;
  while (sides != Sides::kRight && p < end && *p == ' ') p++;
  while (sides != Sides::kLeft && p < end && end[-1] == ' ') end--;
  return Between(p, end);
}

bool HasCharacter(Slice characters, Slice character) {
  const char* const end = characters.data + characters.size;
  for (const char* p = characters.data; p < end;) {
    const char* const next = NextCharacter(p, end);
    if (Between(p, next) == character) return true;
    p = next;
  }
  return false;
}

Slice TrimCharacters(Slice text, Slice characters, Sides sides) {
  const char* p = text.data;
  const char* end = p + text.size;
  while (sides != Sides::kRight && p < end) {
    const char* const next = NextCharacter(p, end);
    if (!HasCharacter(characters, Between(p, next))) break;
    p = next;
  }
  while (sides != Sides::kLeft && p < end) {
    const char* const last = PreviousCharacter(end, p);
    if (!HasCharacter(characters, Between(last, end))) break;
    end = last;
  }
  return Between(p, end);
}

template <Sides sides>
std::unique_ptr<Node> MakeTrim(Call* call) {
  if (call->Is({T::kString}, T::kString)) {
    return MakeCall(call, ByRow<StringView, StringView>(
                              [](const StringView& s, Context*) { return StringView(TrimBlanks(s.slice(), sides)); }));
  }
  if (!call->Is({T::kString, T::kString}, T::kString)) return nullptr;
  return MakeCall(
      call, ByRow<StringView, StringView, StringView>([](const StringView& s, const StringView& characters, Context*) {
        return StringView(TrimCharacters(s.slice(), characters.slice(), sides));
      }));
}

template <bool left>
std::unique_ptr<Node> MakePad(Call* call) {
  if (!call->Is({T::kString, T::kInt, T::kString}, T::kString)) return nullptr;
  const auto f = [](const StringView& s, int32_t length, const StringView& pad, StringView* result, Context* context) {
    const Slice text = s.slice();
    if (length <= 0) {
      *result = StringView();
      return Outcome::kValue;
    }
    const auto wanted = static_cast<size_t>(length);
    const size_t count = CountCharacters(text);
    if (count >= wanted || pad.size == 0) {
      *result = StringView(Between(text.data, SkipCharacters(text, wanted)));
      return Outcome::kValue;
    }
    const Slice piece = pad.slice();
    const size_t per_piece = CountCharacters(piece);
    const size_t whole = per_piece == 0 ? 0 : (wanted - count) / per_piece;
    const Slice part =
        per_piece == 0 ? Slice() : Between(piece.data, SkipCharacters(piece, (wanted - count) % per_piece));
    const uint64_t size = text.size + whole * piece.size + part.size;
    if (size > kLargestText) return TooLong(context, left ? "lpad" : "rpad", size);
    char* const bytes = context->heap->Allocate(size);
    char* end = bytes;
    const auto add = [&end](Slice slice) {
      if (slice.size > 0) std::memcpy(end, slice.data, slice.size);
      end += slice.size;
    };
    if (!left) add(text);
    for (size_t i = 0; i < whole; i++) add(piece);
    add(part);
    if (left) add(text);
    *result = StringView(Between(bytes, end));
    return Outcome::kValue;
  };
  return MakeCall(call, Partial<StringView, StringView, int32_t, StringView>(f));
}

enum class Where { kStart, kEnd, kAnywhere };

template <Where where>
std::unique_ptr<Node> MakeHas(Call* call) {
  if (!call->Is({T::kString, T::kString}, T::kBoolean)) return nullptr;
  return MakeCall(call, ByRow<uint8_t, StringView, StringView>([](const StringView& s, const StringView& t, Context*) {
                    const Slice text = s.slice(), wanted = t.slice();
                    if (wanted.size > text.size) return false;
                    if (where == Where::kAnywhere) return FindBytes(text, wanted) != nullptr;
                    const size_t at = where == Where::kStart ? 0 : text.size - wanted.size;
                    return Slice(text.data + at, wanted.size) == wanted;
                  }));
}

std::unique_ptr<Node> MakeReplace(Call* call) {
  if (!call->Is({T::kString, T::kString, T::kString}, T::kString)) return nullptr;
  const auto replace = [](const StringView& s, const StringView& from, const StringView& to, StringView* result,
                          Context* context) {
    const Slice text = s.slice(), wanted = from.slice(), other = to.slice();
    const char* const end = text.data + text.size;
    const char* at = wanted.size == 0 ? nullptr : FindBytes(text, wanted);
    if (at == nullptr) {
      *result = s;
      return Outcome::kValue;
    }
    uint64_t hits = 0;
    for (const char* p = at; p != nullptr; p = FindBytes(Between(p + wanted.size, end), wanted)) hits++;
    const uint64_t size = text.size - hits * wanted.size + hits * other.size;
    if (size > kLargestText) return TooLong(context, "replace", size);
    char* const bytes = context->heap->Allocate(size);
    char* out = bytes;
    const auto add = [&out](Slice slice) {
      if (slice.size > 0) std::memcpy(out, slice.data, slice.size);
      out += slice.size;
    };
    const char* p = text.data;
    for (; at != nullptr; at = FindBytes(Between(p, end), wanted)) {
      add(Between(p, at));
      add(other);
      p = at + wanted.size;
    }
    add(Between(p, end));
    *result = StringView(Between(bytes, out));
    return Outcome::kValue;
  };
  return MakeCall(call, Partial<StringView, StringView, StringView, StringView>(replace));
}

// The number of the character where it is, from 1; 0 if it is not there. Nothing is found at 1, wherever it is asked for.
std::unique_ptr<Node> MakeLocate(Call* call) {
  if (!call->Is({T::kString, T::kString, T::kInt}, T::kInt)) return nullptr;
  return MakeCall(call, ByRow<int32_t, StringView, StringView, int32_t>(
                            [](const StringView& t, const StringView& s, int32_t from, Context*) {
                              if (from < 1) return 0;
                              if (t.size == 0) return 1;
                              const Slice text = s.slice();
                              const char* const start = SkipCharacters(text, static_cast<size_t>(from - 1));
                              const char* const at = FindBytes(Between(start, text.data + text.size), t.slice());
                              if (at == nullptr) return 0;
                              return static_cast<int32_t>(CountCharacters(Between(text.data, at))) + 1;
                            }));
}

std::unique_ptr<Node> MakeRepeat(Call* call) {
  if (!call->Is({T::kString, T::kInt}, T::kString)) return nullptr;
  const auto repeat = [](const StringView& s, int32_t times, StringView* result, Context* context) {
    const Slice text = s.slice();
    const uint64_t size = times <= 0 ? 0 : static_cast<uint64_t>(times) * text.size;
    if (size > kLargestText) return TooLong(context, "repeat", size);
    char* const bytes = context->heap->Allocate(size);
    for (uint64_t at = 0; at < size; at += text.size) std::memcpy(bytes + at, text.data, text.size);
    *result = StringView(Slice(bytes, size));
    return Outcome::kValue;
  };
  return MakeCall(call, Partial<StringView, StringView, int32_t>(repeat));
}

std::unique_ptr<Node> MakeReverse(Call* call) {
  if (!call->Is({T::kString}, T::kString)) return nullptr;
  return MakeCall(call, ByRow<StringView, StringView>([](const StringView& s, Context* context) {
                    const Slice text = s.slice();
                    char* const bytes = context->heap->Allocate(text.size);
                    char* out = bytes + text.size;
                    const char* const end = text.data + text.size;
                    for (const char* p = text.data; p < end;) {
                      const char* const next = NextCharacter(p, end);
                      out -= next - p;
                      std::memcpy(out, p, static_cast<size_t>(next - p));
                      p = next;
                    }
                    return StringView(Slice(bytes, text.size));
                  }));
}

// What is before the count-th separator, or after the count-th from the end. Separators may overlap, as Spark counts them.
Slice SubstringIndex(Slice text, Slice separator, int32_t count) {
  if (count == 0 || separator.size == 0) return Slice(text.data, 0);
  const char* const end = text.data + text.size;
  if (count > 0) {
    for (const char* p = text.data;; p++) {
      p = FindBytes(Between(p, end), separator);
      if (p == nullptr) return text;
      if (--count == 0) return Between(text.data, p);
    }
  }
  const std::string_view whole(text.data, text.size), wanted(separator.data, separator.size);
  size_t at = std::string_view::npos;
  for (int64_t left = -static_cast<int64_t>(count);; at--) {
    at = whole.rfind(wanted, at);
    if (at == std::string_view::npos) return text;
    if (--left == 0) return Between(text.data + at + separator.size, end);
    if (at == 0) return text;
  }
}

std::unique_ptr<Node> MakeSubstringIndex(Call* call) {
  if (!call->Is({T::kString, T::kString, T::kInt}, T::kString)) return nullptr;
  return MakeCall(call, ByRow<StringView, StringView, StringView, int32_t>(
                            [](const StringView& s, const StringView& separator, int32_t count, Context*) {
                              return StringView(SubstringIndex(s.slice(), separator.slice(), count));
                            }));
}

std::unique_ptr<Node> MakeAscii(Call* call) {
  if (!call->Is({T::kString}, T::kInt)) return nullptr;
  return MakeCall(call, ByRow<int32_t, StringView>([](const StringView& s, Context*) {
                    const Slice text = s.slice();
                    if (text.size == 0) return 0;
                    return static_cast<int32_t>(DecodeUtf8(text.data, text.data + text.size).code_point);
                  }));
}

// The character of Latin-1 with the low byte; nothing below 0.
std::unique_ptr<Node> MakeChr(Call* call) {
  if (!call->Is({T::kLong}, T::kString)) return nullptr;
  return MakeCall(call, ByRow<StringView, int64_t>([](int64_t code, Context*) {
                    char bytes[4];
                    if (code < 0) return StringView();
                    return StringView(Slice(bytes, EncodeUtf8(static_cast<uint32_t>(code & 0xFF), bytes)));
                  }));
}

enum class Case { kUpper, kLower, kTitle };

// ASCII here; other text by the host.
template <Case target>
class CaseKernel : public Kernel {
 public:
  bool can_fail() const override { return true; }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    StringView* const results = out->values<StringView>();
    host_rows_.clear();
    texts_.Clear();
    ForValid(rows, validity, [&](size_t row) {
      const Slice text = args[0].at<StringView>(row).slice();
      if (!IsAscii(text)) {
        host_rows_.push_back(static_cast<uint32_t>(row));
        texts_.Add(text);
        return true;
      }
      char* const bytes = out->heap().Allocate(text.size);
      bool start = true;
      for (size_t i = 0; i < text.size; i++) {
        const char c = text.data[i];
        const bool upper = target == Case::kUpper || (target == Case::kTitle && start);
        const bool changes = upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z';
        bytes[i] = static_cast<char>(changes ? c ^ 0x20 : c);
        start = c == ' ';
      }
      results[row] = StringView(Slice(bytes, text.size));
      return true;
    });
    if (host_rows_.empty()) return Status::Ok();
    const char* const name = target == Case::kUpper ? "upper" : target == Case::kLower ? "lower" : "initcap";
    const Status status = CallHost(name, {}, texts_, &given_);
    if (!status.ok()) return Status::BadRecord(status.code(), status.detail(), host_rows_[0]);
    for (size_t i = 0; i < host_rows_.size(); i++) results[host_rows_[i]] = out->heap().Copy(given_.at(i));
    return Status::Ok();
  }

 private:
  std::vector<uint32_t> host_rows_;
  Texts texts_;
  Texts given_;
};

template <Case target>
std::unique_ptr<Node> MakeCase(Call* call) {
  if (!call->Is({T::kString}, T::kString)) return nullptr;
  return MakeCall(call, std::make_unique<CaseKernel<target>>());
}

}  // namespace

std::vector<Function> TextFunctions() {
  return {
      {"length", MakeLength},
      {"substring", MakeSubstring},
      {"concat", MakeConcat},
      {"concatWs", MakeConcatWs},
      {"upper", MakeCase<Case::kUpper>},
      {"lower", MakeCase<Case::kLower>},
      {"initcap", MakeCase<Case::kTitle>},
      {"trim", MakeTrim<Sides::kBoth>},
      {"ltrim", MakeTrim<Sides::kLeft>},
      {"rtrim", MakeTrim<Sides::kRight>},
      {"lpad", MakePad<true>},
      {"rpad", MakePad<false>},
      {"startsWith", MakeHas<Where::kStart>},
      {"endsWith", MakeHas<Where::kEnd>},
      {"contains", MakeHas<Where::kAnywhere>},
      {"replace", MakeReplace},
      {"locate", MakeLocate},
      {"repeat", MakeRepeat},
      {"reverse", MakeReverse},
      {"substringIndex", MakeSubstringIndex},
      {"ascii", MakeAscii},
      {"chr", MakeChr},
  };
}

}  // namespace runjob
