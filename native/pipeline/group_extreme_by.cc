// The value of the row in which another one is smallest or largest; of equal ones that of the first row.
#include <vector>

#include "aggregate/bytes.h"
#include "column/keys.h"
#include "pipeline/group_function.h"
#include "pipeline/held_value.h"

namespace runjob {
namespace {

class ExtremeBy final : public GroupFunction {
 public:
  explicit ExtremeBy(bool max) : max_(max) {}

  size_t width() const override { return sizeof(State); }

  // The value, and what is compared: a row in which that is null does not count.
  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    rows.EachRow(args[1], [&](char* state, size_t row) {
      State* const held = reinterpret_cast<State*>(state);
      key_.clear();
      AppendKey(args[1], row, KeyOrder(), &key_);
      if (!IsBetter(*held, key_)) return;
      held->key.Assign(key_, rows.arena);
      held->value.Set(args[0], row, &buffer_, rows.arena);
    });
  }
  void Write(const char* state, std::string* out) const override {
    const State* const held = reinterpret_cast<const State*>(state);
    held->value.Write(out);
    if (held->value.has_one()) PutSized(held->key.slice(), out);
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    State* const held = reinterpret_cast<State*>(state);
    HeldValue::Written value;
    Slice key;
    if (!value.Read(in)) return false;
    if (value.kind == HeldValue::kNone) return true;
    if (!in->ReadSized(&key) || key.size > UINT32_MAX) return false;
    if (!IsBetter(*held, key)) return true;
    held->key.Assign(key, arena);
    held->value.Set(value, arena);
    return true;
  }
  Status Finish(const char* state, std::string* out, bool* null) override {
    reinterpret_cast<const State*>(state)->value.Finish(out, null);
    return Status::Ok();
  }

 private:
  struct State {
    Bytes key;
    HeldValue value;
  };

  bool IsBetter(const State& held, Slice key) const {
    if (!held.value.has_one()) return true;
    const int c = Compare(key, held.key.slice());
    return max_ ? c > 0 : c < 0;
  }

  const bool max_;
  std::string key_;
  std::string buffer_;
};

}  // namespace

std::unique_ptr<GroupFunction> NewExtremeBy(const GroupCall& call) {
  if (call.args.size() != 2 || !(call.result.type == call.args[0])) return nullptr;
  return std::make_unique<ExtremeBy>(call.fn == GroupFn::kMaxBy);
}

}  // namespace runjob
