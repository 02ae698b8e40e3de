// Dates and times as text of a format, and from it.
#include "base/calendar.h"
#include "function/call.h"
#include "function/functions.h"
#include "function/time_format.h"
#include "function/value_text.h"

namespace runjob {

namespace {

using T = TypeId;

// The format, which is a literal; false where it is none, or not one that is known.
bool FormatOf(const Call& call, TimeFormat* format) {
  const Vector* const literal = call.Literal(1);
  return literal != nullptr && format->Parse(literal->at<StringView>(0).slice());
}

std::unique_ptr<Node> MakeDateFormat(Call* call) {
  TimeFormat format;
  if (!call->Is({T::kTimestamp, T::kString}, T::kString) || !FormatOf(*call, &format)) return nullptr;
  return MakeCall(call,
                  ByRow<StringView, int64_t, StringView>([format](int64_t micros, const StringView&, Context* context) {
                    std::string text;
                    format.Append(micros, &text);
                    return context->heap->Copy(text);
                  }));
}

Outcome Mismatch(Context* context, const StringView& text, const StringView& format, const char* type) {
  return context->Fail("CAST_INVALID", [&] {
    return Quoted(text.slice()) + " to " + type + ", by the format " + Quoted(format.slice());
  });
}

std::unique_ptr<Node> MakeToDate(Call* call) {
  TimeFormat format;
  if (!call->Is({T::kString, T::kString}, T::kDate) || !FormatOf(*call, &format)) return nullptr;
  return MakeCall(call, Partial<int32_t, StringView, StringView>(
                            [format](const StringView& s, const StringView& text, int32_t* result, Context* context) {
                              int64_t days = 0, micros = 0;
                              if (!format.Read(s.slice(), &days, &micros) || days != static_cast<int32_t>(days)) {
                                return Mismatch(context, s, text, "date");
                              }
                              *result = static_cast<int32_t>(days);
                              return Outcome::kValue;
                            }));
}

std::unique_ptr<Node> MakeToTimestamp(Call* call) {
  TimeFormat format;
  if (!call->Is({T::kString, T::kString}, T::kTimestamp) || !FormatOf(*call, &format)) return nullptr;
  return MakeCall(call, Partial<int64_t, StringView, StringView>(
                            [format](const StringView& s, const StringView& text, int64_t* result, Context* context) {
                              int64_t days = 0, micros = 0;
                              // Wide: the first day that has a timestamp has not all of its hours.
                              __int128 time = 0;
                              const bool reads = format.Read(s.slice(), &days, &micros);
                              if (reads) time = static_cast<__int128>(days) * kMicrosPerDay + micros;
                              *result = static_cast<int64_t>(time);
                              if (!reads || *result != time) return Mismatch(context, s, text, "timestamp");
                              return Outcome::kValue;
                            }));
}

}  // namespace

std::vector<Function> DateTextFunctions() {
  return {{"dateFormat", MakeDateFormat}, {"toDate", MakeToDate}, {"toTimestamp", MakeToTimestamp}};
}

}  // namespace runjob
