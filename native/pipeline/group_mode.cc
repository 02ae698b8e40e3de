// The most frequent value; of several the smallest. The values of groups come sorted. Windows hold the different ones of their frame.
#include "aggregate/bytes.h"
#include "column/keys.h"
#include "pipeline/distinct_keys.h"
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
  void AddValue(char* state, Slice key, uint64_t times, Arena* arena) override {
    State* const held = reinterpret_cast<State*>(state);
    if (times <= held->times) return;
    held->times = times;
    held->key.Assign(key, arena);
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

class HeldMode final : public GroupFunction {
 public:
  explicit HeldMode(const Type& type) : values_(type) {}

  size_t width() const override { return sizeof(State); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    rows.EachRow(args[0], [&](char* state, size_t row) {
      key_.clear();
      AppendKey(args[0], row, KeyOrder(), &key_);
      reinterpret_cast<State*>(state)->Find(key_, rows.arena)->payload++;
    });
  }
  void Write(const char* state, std::string* out) const override {
    const State* const held = reinterpret_cast<const State*>(state);
    PutVarint(held->count, out);
    for (const Entry* entry = held->first; entry != nullptr; entry = entry->next) {
      PutVarint(entry->payload, out);
      PutSized(entry->key(), out);
    }
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    uint64_t count;
    if (!in->ReadVarint(&count)) return false;
    for (; count > 0; count--) {
      uint64_t times;
      Slice key;
      if (!in->ReadVarint(&times) || !in->ReadSized(&key) || key.size > UINT32_MAX) return false;
      reinterpret_cast<State*>(state)->Find(key, arena)->payload += times;
    }
    return true;
  }
  Status Finish(const char* state, std::string* out, bool* null) override {
    const Entry* best = nullptr;
    for (const Entry* entry = reinterpret_cast<const State*>(state)->first; entry != nullptr; entry = entry->next) {
      const bool better = best == nullptr || entry->payload > best->payload ||
                          (entry->payload == best->payload && Compare(entry->key(), best->key()) < 0);
      if (better) best = entry;
    }
    *null = best == nullptr;
    return *null ? Status::Ok() : values_.Append(best->key(), out);
  }

 private:
  using State = DistinctKeys<uint64_t>;  // how often each is there
  using Entry = State::Entry;

  KeyValue values_;
  std::string key_;
};

}  // namespace

std::unique_ptr<GroupFunction> NewMode(const GroupCall& call) {
  if (call.args.size() != 1 || !(call.result.type == call.args[0])) return nullptr;
  if (call.tag == 0) return std::make_unique<HeldMode>(call.args[0]);
  return std::make_unique<Mode>(call.args[0]);
}

}  // namespace runjob
