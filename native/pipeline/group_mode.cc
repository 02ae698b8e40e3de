// The most frequent value; of several the smallest.
#include "aggregate/bytes.h"
#include "pipeline/group_function.h"
#include "pipeline/key_value.h"

namespace runjob {
namespace {

// Its state is made of the values, and never written.
class Mode final : public GroupFunction {
 public:
  explicit Mode(const Type& type) : values_(type) {}

  size_t width() const override { return sizeof(State); }

  void Update(const std::vector<Vector>&, const GroupRows&) override {}
  void Write(const char*, std::string*) const override {}
  bool Merge(char*, StateReader*, Arena*) override { return true; }
  Status AddValue(char* state, Slice key, uint64_t times, Arena* arena) override {
    State* const held = reinterpret_cast<State*>(state);
    if (times <= held->times) return Status::Ok();
    held->times = times;
    held->key.Assign(key, arena);
    return Status::Ok();
  }
  Status Finish(const char* state, std::string* out, bool* null) override {
    const State* const held = reinterpret_cast<const State*>(state);
    *null = held->times == 0;
    return *null ? Status::Ok() : values_.Append(held->key.slice(), out);
  }

 private:
  struct State {
    Bytes key;
    uint64_t times;
  };

  KeyValue values_;
};

}  // namespace

std::unique_ptr<GroupFunction> NewMode(const GroupCall& call) {
  if (call.args.size() != 1 || !(call.result.type == call.args[0]) || call.tag == 0) return nullptr;
  return std::make_unique<Mode>(call.args[0]);
}

}  // namespace runjob
