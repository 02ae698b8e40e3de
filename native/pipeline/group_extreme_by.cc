// The value of the row in which another one is smallest or largest; of equal ones that of the first row.
#include <vector>

#include "aggregate/bytes.h"
#include "column/keys.h"
#include "column/rows.h"
#include "pipeline/group_function.h"

namespace runjob {
namespace {

class ExtremeBy final : public GroupFunction {
 public:
  explicit ExtremeBy(bool max) : max_(max) {}

  size_t width() const override { return sizeof(State); }

  // The value, and what is compared: a row in which that is null does not count.
  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    columns_[0] = &args[0];
    rows.EachRow(args[1], [&](char* state, size_t row) {
      State* const held = reinterpret_cast<State*>(state);
      key_.clear();
      AppendKey(args[1], row, KeyOrder(), &key_);
      if (!IsBetter(*held, key_)) return;
      held->key.Assign(key_, rows.arena);
      held->kind = kNull;
      if (!args[0].valid(row)) return;
      row_.clear();
      AppendRow(columns_, row, &row_);
      held->kind = kValue;
      held->value.Assign(Slice(row_.data() + 1, row_.size() - 1), rows.arena);  // without the byte of its null bit
    });
  }
  void Write(const char* state, std::string* out) const override {
    const State* const held = reinterpret_cast<const State*>(state);
    out->push_back(static_cast<char>(held->kind));
    if (held->kind == kNone) return;
    PutSized(held->key.slice(), out);
    if (held->kind == kValue) PutSized(held->value.slice(), out);
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    State* const held = reinterpret_cast<State*>(state);
    uint8_t kind;
    Slice key, value;
    if (!in->Read(&kind) || kind > kValue) return false;
    if (kind == kNone) return true;
    if (!in->ReadSized(&key) || key.size > UINT32_MAX) return false;
    if (kind == kValue && (!in->ReadSized(&value) || value.size > UINT32_MAX)) return false;
    if (!IsBetter(*held, key)) return true;
    held->key.Assign(key, arena);
    held->kind = kind;
    if (kind == kValue) held->value.Assign(value, arena);
    return true;
  }
  Status Finish(const char* state, std::string* out, bool* null) override {
    const State* const held = reinterpret_cast<const State*>(state);
    *null = held->kind != kValue;
    if (!*null) out->append(held->value.data, held->value.length);
    return Status::Ok();
  }

 private:
  enum Kind : uint8_t { kNone = 0, kNull = 1, kValue = 2 };

  struct State {
    Bytes key;
    Bytes value;
    uint64_t kind;
  };

  bool IsBetter(const State& held, Slice key) const {
    if (held.kind == kNone) return true;
    const int c = Compare(key, held.key.slice());
    return max_ ? c > 0 : c < 0;
  }

  const bool max_;
  std::string key_;
  std::vector<const Vector*> columns_{nullptr};
  std::string row_;
};

}  // namespace

std::unique_ptr<GroupFunction> NewExtremeBy(const GroupCall& call) {
  if (call.args.size() != 2 || !(call.result.type == call.args[0])) return nullptr;
  return std::make_unique<ExtremeBy>(call.fn == GroupFn::kMaxBy);
}

}  // namespace runjob
