#include <array>
#include <cstring>

#include "function/call.h"
#include "function/functions.h"
#include "function/value_text.h"

namespace runjob {

namespace {

using T = TypeId;

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kHex[] = "0123456789ABCDEF";

std::unique_ptr<Node> MakeBase64(Call* call) {
  if (!call->Is({T::kBinary}, T::kString) && !call->Is({T::kString}, T::kString)) return nullptr;
  return MakeCall(call, ByRow<StringView, StringView>([](const StringView& s, Context* context) {
                    const Slice bytes = s.slice();
                    const size_t size = (bytes.size + 2) / 3 * 4;
                    char* const text = context->heap->Allocate(size);
                    char* out = text;
                    for (size_t i = 0; i < bytes.size; i += 3) {
                      uint32_t word = 0;
                      for (size_t k = 0; k < 3; k++) {
                        word = word << 8 | (i + k < bytes.size ? static_cast<uint8_t>(bytes.data[i + k]) : 0);
                      }
                      for (int k = 0; k < 4; k++) {
                        const bool pad = i + static_cast<size_t>(k) > bytes.size;
                        *out++ = pad ? '=' : kAlphabet[word >> (18 - 6 * k) & 63];
                      }
                    }
                    return StringView(Slice(text, size));
                  }));
}

constexpr auto kSextets = [] {
  std::array<int8_t, 256> sextets{};
  for (auto& sextet : sextets) sextet = -1;
  for (int8_t i = 0; i < 64; i++) sextets[static_cast<uint8_t>(kAlphabet[i])] = i;
  return sextets;
}();

// White space is left out, and the padding may be missing. False if it is nothing that base64 gives.
bool DecodeBase64(Slice text, char* out, size_t* size) {
  uint32_t word = 0;
  size_t sextets = 0;
  size_t pads = 0;
  char* const start = out;
  for (size_t i = 0; i < text.size; i++) {
    const auto c = static_cast<uint8_t>(text.data[i]);
    if (c == ' ' || (c >= 9 && c <= 13)) continue;
    if (c == '=') {
      pads++;
      continue;
    }
    if (kSextets[c] < 0 || pads > 0) return false;
    word = word << 6 | static_cast<uint32_t>(kSextets[c]);
    if (++sextets % 4 == 0) {
      for (int shift = 16; shift >= 0; shift -= 8) *out++ = static_cast<char>(word >> shift);
      word = 0;
    }
  }
  const size_t rest = sextets % 4;
  if (rest == 1 || (pads > 0 && rest + pads != 4)) return false;
  if (rest == 2) *out++ = static_cast<char>(word >> 4);
  if (rest == 3) {
    *out++ = static_cast<char>(word >> 10);
    *out++ = static_cast<char>(word >> 2);
  }
  *size = static_cast<size_t>(out - start);
  return true;
}

std::unique_ptr<Node> MakeUnbase64(Call* call) {
  if (!call->Is({T::kString}, T::kBinary)) return nullptr;
  return MakeCall(call, Partial<StringView, StringView>([](const StringView& s, StringView* result, Context* context) {
                    char* const bytes = context->heap->Allocate(s.size);
                    size_t size = 0;
                    if (!DecodeBase64(s.slice(), bytes, &size)) {
                      return context->Fail("ARGUMENT_INVALID", [&] { return "unbase64 of " + Quoted(s.slice()); });
                    }
                    *result = StringView(Slice(bytes, size));
                    return Outcome::kValue;
                  }));
}

std::unique_ptr<Node> MakeHex(Call* call) {
  if (call->Is({T::kLong}, T::kString)) {
    return MakeCall(call, ByRow<StringView, int64_t>([](int64_t value, Context* context) {
                      char digits[16];
                      size_t at = 16;
                      auto rest = static_cast<uint64_t>(value);
                      do {
                        digits[--at] = kHex[rest & 15];
                        rest >>= 4;
                      } while (rest != 0);
                      return context->heap->Copy(Slice(digits + at, 16 - at));
                    }));
  }
  if (!call->Is({T::kBinary}, T::kString) && !call->Is({T::kString}, T::kString)) return nullptr;
  return MakeCall(call, ByRow<StringView, StringView>([](const StringView& s, Context* context) {
                    const Slice bytes = s.slice();
                    char* const text = context->heap->Allocate(2 * bytes.size);
                    for (size_t i = 0; i < bytes.size; i++) {
                      text[2 * i] = kHex[static_cast<uint8_t>(bytes.data[i]) >> 4];
                      text[2 * i + 1] = kHex[bytes.data[i] & 15];
                    }
                    return StringView(Slice(text, 2 * bytes.size));
                  }));
}

int Digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Null if it is not hexadecimal. A digit may be missing at the start.
std::unique_ptr<Node> MakeUnhex(Call* call) {
  if (!call->Is({T::kString}, T::kBinary)) return nullptr;
  return MakeCall(call, Nullable<StringView, StringView>([](const StringView& s, StringView* result, Context* context) {
                    const Slice text = s.slice();
                    const size_t size = (text.size + 1) / 2;
                    char* const bytes = context->heap->Allocate(size);
                    size_t at = 0;
                    for (size_t i = 0; i < size; i++) {
                      const int high = i == 0 && text.size % 2 == 1 ? 0 : Digit(text.data[at++]);
                      const int low = Digit(text.data[at++]);
                      if (high < 0 || low < 0) return Outcome::kNull;
                      bytes[i] = static_cast<char>(high << 4 | low);
                    }
                    *result = StringView(Slice(bytes, size));
                    return Outcome::kValue;
                  }));
}

}  // namespace

std::vector<Function> BinaryFunctions() {
  return {{"base64", MakeBase64}, {"unbase64", MakeUnbase64}, {"hex", MakeHex}, {"unhex", MakeUnhex}};
}

}  // namespace runjob
