// Min, max, first and last: states that hold one value.
#include <bit>
#include <limits>
#include <utility>

#include "aggregate/bytes.h"
#include "aggregate/integer.h"
#include "column/keys.h"
#include "pipeline/group_function.h"
#include "pipeline/group_summary.h"
#include "pipeline/held_value.h"
#include "pipeline/key_value.h"

namespace runjob {
namespace {

// How fixed values are compared and held, doubles as OrderedDouble. `Held` has at most 8-byte alignment.
template <class T>
struct Plain {
  using Stored = T;
  using Held = T;
  static Held Hold(const T& x) { return x; }
  static const T& ValueOf(const Held& held) { return held; }
  static bool Less(const Held& a, const Held& b) { return a < b; }
};
struct WideDecimal {
  using Stored = Integer128;
  using Held = Integer128;
  static Held Hold(const Integer128& x) { return x; }
  static const Integer128& ValueOf(const Held& held) { return held; }
  static bool Less(const Held& a, const Held& b) { return a.value() < b.value(); }
};
template <class Of, bool kMax>
class FixedExtreme final : public GroupFunction {
 public:
  size_t width() const override { return sizeof(State); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    rows.EachValue<typename Of::Stored>(args[0], [](char* state, const typename Of::Stored& x) {
      reinterpret_cast<State*>(state)->template Keep<kMax>(Of::Hold(x));
    });
  }
  void Write(const char* state, std::string* out) const override {
    const State* const held = reinterpret_cast<const State*>(state);
    out->push_back(static_cast<char>(held->seen));
    if (held->seen != 0) PutFixed(Of::ValueOf(held->value), out);
  }
  bool Merge(char* state, StateReader* in, Arena*) override {
    uint8_t seen;
    typename Of::Stored value;
    if (!in->Read(&seen)) return false;
    if (seen == 0) return true;
    if (!in->Read(&value)) return false;
    reinterpret_cast<State*>(state)->template Keep<kMax>(Of::Hold(value));
    return true;
  }
  Status Finish(const char* state, std::string* out, bool* null) override {
    const State* const held = reinterpret_cast<const State*>(state);
    *null = held->seen == 0;
    if (!*null) PutFixed(Of::ValueOf(held->value), out);
    return Status::Ok();
  }

 private:
  using State = Extreme<Of>;
};

template <class Of>
std::unique_ptr<GroupFunction> NewFixedExtreme(bool max) {
  if (max) return std::make_unique<FixedExtreme<Of, true>>();
  return std::make_unique<FixedExtreme<Of, false>>();
}

// Of text and bytes, and of lists and structs by their keys.
class BytesExtreme final : public GroupFunction {
 public:
  BytesExtreme(const Type& type, bool max) : max_(max), by_key_(type.is_nested()), values_(type) {}

  size_t width() const override { return sizeof(Bytes); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    if (!by_key_) {
      rows.EachValue<StringView>(args[0],
                                 [&](char* state, const StringView& x) { Keep(state, x.slice(), rows.arena); });
      return;
    }
    rows.EachRow(args[0], [&](char* state, size_t row) {
      key_.clear();
      AppendKey(args[0], row, KeyOrder(), &key_);
      Keep(state, key_, rows.arena);
    });
  }
  void Write(const char* state, std::string* out) const override {
    const Bytes* const held = reinterpret_cast<const Bytes*>(state);
    out->push_back(static_cast<char>(held->data != nullptr));
    if (held->data != nullptr) PutSized(held->slice(), out);
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    uint8_t seen;
    Slice value;
    if (!in->Read(&seen)) return false;
    if (seen == 0) return true;
    if (!in->ReadSized(&value) || value.size > UINT32_MAX) return false;
    Keep(state, value, arena);
    return true;
  }
  Status Finish(const char* state, std::string* out, bool* null) override {
    const Bytes* const held = reinterpret_cast<const Bytes*>(state);
    *null = held->data == nullptr;
    if (*null) return Status::Ok();
    if (!by_key_) {
      PutFixed(held->length, out);
      out->append(held->data, held->length);
      return Status::Ok();
    }
    return values_.Append(held->slice(), out);
  }

 private:
  void Keep(char* state, Slice value, Arena* arena) const {
    Bytes* const held = reinterpret_cast<Bytes*>(state);
    if (held->data != nullptr) {
      const int c = Compare(value, held->slice());
      if (max_ ? c <= 0 : c >= 0) return;
    }
    held->Assign(value, arena);
  }

  const bool max_;
  const bool by_key_;
  KeyValue values_;
  std::string key_;
};

// The first or last value by input order.
class End final : public GroupFunction {
 public:
  End(bool last, bool ignore_nulls) : last_(last), ignore_nulls_(ignore_nulls) {}

  size_t width() const override { return sizeof(HeldValue); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    for (size_t i = 0; i < rows.n; i++) {
      HeldValue* const held = reinterpret_cast<HeldValue*>(rows.state(i));
      if (!last_ && held->has_one()) continue;
      const size_t row = rows.row(i);
      if (ignore_nulls_ && !args[0].valid(row)) continue;
      held->Set(args[0], row, &buffer_, rows.arena);
    }
  }
  void Write(const char* state, std::string* out) const override {
    reinterpret_cast<const HeldValue*>(state)->Write(out);
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    HeldValue* const held = reinterpret_cast<HeldValue*>(state);
    HeldValue::Written later;
    if (!later.Read(in)) return false;
    if (later.kind != HeldValue::kNone && (last_ || !held->has_one())) held->Set(later, arena);
    return true;
  }
  Status Finish(const char* state, std::string* out, bool* null) override {
    reinterpret_cast<const HeldValue*>(state)->Finish(out, null);
    return Status::Ok();
  }

 private:
  const bool last_;
  const bool ignore_nulls_;
  std::string buffer_;
};

}  // namespace

std::unique_ptr<GroupFunction> NewExtreme(const GroupCall& call) {
  if (call.args.size() != 1 || !(call.result.type == call.args[0])) return nullptr;
  const bool max = call.fn == GroupFn::kMax;
  const Type& type = call.args[0];
  switch (type.id) {
    case TypeId::kBoolean:
      return NewFixedExtreme<Plain<uint8_t>>(max);
    case TypeId::kInt:
    case TypeId::kDate:
      return NewFixedExtreme<Plain<int32_t>>(max);
    case TypeId::kLong:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return NewFixedExtreme<Plain<int64_t>>(max);
    case TypeId::kDouble:
      return NewFixedExtreme<OrderedDouble>(max);
    case TypeId::kDecimal:
      if (type.is_wide()) return NewFixedExtreme<WideDecimal>(max);
      return NewFixedExtreme<Plain<int64_t>>(max);
    default:
      return std::make_unique<BytesExtreme>(type, max);
  }
}

std::unique_ptr<GroupFunction> NewEnd(const GroupCall& call) {
  if (call.args.size() != 1 || !(call.result.type == call.args[0])) return nullptr;
  return std::make_unique<End>(call.fn == GroupFn::kLast, call.ignore_nulls);
}

}  // namespace runjob
