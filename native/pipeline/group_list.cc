// Aggregates that give a list: all values, the different ones, the largest ones.
#include <algorithm>

#include "aggregate/bytes.h"
#include "column/keys.h"
#include "column/row_value.h"
#include "pipeline/distinct_keys.h"
#include "pipeline/group_function.h"
#include "pipeline/key_value.h"

namespace runjob {
namespace {

// A list of n values that are not null, as the value of a row; they follow.
void PutListHead(uint64_t n, std::string* out) {
  PutFixed(static_cast<uint32_t>(n), out);
  out->append((n + 7) / 8, '\0');
}

Status TooMany() {
  return Status::Error("RECORD_TOO_LARGE", "the list of one group has more than 2^31 values, or more bytes");
}

// Bytes that are appended to, in chunks: nothing is copied when it grows.
struct Chunks {
  struct Chunk {
    Chunk* next;
    uint32_t size;
    uint32_t capacity;

    char* data() { return reinterpret_cast<char*>(this + 1); }
  };

  Chunk* first;
  Chunk* last;
  uint64_t size;

  void Append(Slice bytes, Arena* arena) {
    size += bytes.size;
    while (bytes.size > 0) {
      if (last == nullptr || last->size == last->capacity) Grow(bytes.size, arena);
      const size_t n = std::min<size_t>(bytes.size, last->capacity - last->size);
      std::memcpy(last->data() + last->size, bytes.data, n);
      last->size += static_cast<uint32_t>(n);
      bytes = Slice(bytes.data + n, bytes.size - n);
    }
  }
  void AppendTo(std::string* out) const {
    for (Chunk* chunk = first; chunk != nullptr; chunk = chunk->next) out->append(chunk->data(), chunk->size);
  }

 private:
  void Grow(size_t wanted, Arena* arena) {
    constexpr uint64_t kLeast = 32, kMost = 1 << 16;
    const uint64_t capacity = std::clamp<uint64_t>(std::max<uint64_t>(wanted, size / 2), kLeast, kMost);
    Chunk* const chunk = reinterpret_cast<Chunk*>(arena->Allocate(sizeof(Chunk) + capacity));
    *chunk = Chunk{nullptr, 0, static_cast<uint32_t>(capacity)};
    (last == nullptr ? first : last->next) = chunk;
    last = chunk;
  }
};

// All values that are not null, in input order.
class List final : public GroupFunction {
 public:
  explicit List(const Type& element) : may_be_empty_(element.id == TypeId::kStruct && element.fields.empty()) {}

  size_t width() const override { return sizeof(State); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    rows.EachRow(args[0], [&](char* state, size_t row) {
      value_.clear();
      AppendRowValue(args[0], row, &value_);
      State* const list = reinterpret_cast<State*>(state);
      list->values.Append(Slice(value_), rows.arena);
      list->count++;
    });
  }
  void Write(const char* state, std::string* out) const override {
    const State* const list = reinterpret_cast<const State*>(state);
    PutVarint(list->count, out);
    PutVarint(list->values.size, out);
    list->values.AppendTo(out);
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    State* const list = reinterpret_cast<State*>(state);
    uint64_t count;
    Slice values;
    if (!in->ReadVarint(&count) || !in->ReadSized(&values)) return false;
    if (count > values.size && !may_be_empty_) return false;
    list->values.Append(values, arena);
    list->count += count;
    return true;
  }
  Status Finish(const char* state, std::string* out, bool*) override {
    const State* const list = reinterpret_cast<const State*>(state);
    if (list->count > INT32_MAX || list->values.size > INT32_MAX) return TooMany();
    PutListHead(list->count, out);
    list->values.AppendTo(out);
    return Status::Ok();
  }

 private:
  struct State {
    Chunks values;
    uint64_t count;
  };

  const bool may_be_empty_;  // values of no bytes
  std::string value_;
};

// The different values that are not null, in the order in which they were first seen: held as keys.
class Set final : public GroupFunction {
 public:
  explicit Set(const Type& element) : values_(element) {}

  size_t width() const override { return sizeof(State); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    rows.EachRow(args[0], [&](char* state, size_t row) {
      key_.clear();
      AppendKey(args[0], row, KeyOrder(), &key_);
      reinterpret_cast<State*>(state)->Find(key_, rows.arena);
    });
  }
  void Write(const char* state, std::string* out) const override {
    const State* const set = reinterpret_cast<const State*>(state);
    PutVarint(set->count, out);
    for (const Entry* entry = set->first; entry != nullptr; entry = entry->next) PutSized(entry->key(), out);
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    State* const set = reinterpret_cast<State*>(state);
    uint64_t count;
    if (!in->ReadVarint(&count)) return false;
    for (; count > 0; count--) {
      Slice key;
      if (!in->ReadSized(&key) || key.size > UINT32_MAX) return false;
      set->Find(key, arena);
    }
    return true;
  }
  Status Finish(const char* state, std::string* out, bool*) override {
    const State* const set = reinterpret_cast<const State*>(state);
    if (set->count > INT32_MAX) return TooMany();
    PutListHead(set->count, out);
    for (const Entry* entry = set->first; entry != nullptr; entry = entry->next) {
      RUNJOB_RETURN_IF_ERROR(values_.Append(entry->key(), out));
    }
    return Status::Ok();
  }

 private:
  using State = DistinctKeys<NoPayload>;
  using Entry = State::Entry;

  KeyValue values_;
  std::string key_;
};

// The k largest values, best first; those that are equal are kept. Held as keys.
class Top final : public GroupFunction {
 public:
  Top(const Type& element, uint32_t k) : values_(element), k_(k) {}

  size_t width() const override { return sizeof(State); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    rows.EachRow(args[0], [&](char* state, size_t row) {
      key_.clear();
      AppendKey(args[0], row, KeyOrder(), &key_);
      Add(reinterpret_cast<State*>(state), key_, rows.arena);
    });
  }
  void Write(const char* state, std::string* out) const override {
    const State* const top = reinterpret_cast<const State*>(state);
    PutVarint(top->count, out);
    for (uint64_t i = 0; i < top->count; i++) PutSized(top->keys[i].slice(), out);
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    uint64_t count;
    if (!in->ReadVarint(&count)) return false;
    for (; count > 0; count--) {
      Slice key;
      if (!in->ReadSized(&key) || key.size > UINT32_MAX) return false;
      Add(reinterpret_cast<State*>(state), key, arena);
    }
    return true;
  }
  Status Finish(const char* state, std::string* out, bool*) override {
    const State* const top = reinterpret_cast<const State*>(state);
    std::vector<Bytes> keys(top->keys, top->keys + top->count);
    std::sort(keys.begin(), keys.end(), IsBetter);
    PutListHead(keys.size(), out);
    for (const Bytes& key : keys) RUNJOB_RETURN_IF_ERROR(values_.Append(key.slice(), out));
    return Status::Ok();
  }

 private:
  // A heap with the worst one in front.
  struct State {
    Bytes* keys;
    uint32_t count;
    uint32_t capacity;
  };

  static bool IsBetter(const Bytes& a, const Bytes& b) { return Compare(a.slice(), b.slice()) > 0; }

  void Add(State* top, Slice key, Arena* arena) const {
    if (k_ == 0) return;
    if (top->count == k_) {
      if (Compare(key, top->keys[0].slice()) <= 0) return;
      std::pop_heap(top->keys, top->keys + top->count, IsBetter);
    } else {
      if (top->count == top->capacity) Grow(top, arena);
      top->keys[top->count++] = Bytes();
    }
    top->keys[top->count - 1].Assign(key, arena);
    std::push_heap(top->keys, top->keys + top->count, IsBetter);
  }
  void Grow(State* top, Arena* arena) const {
    const uint64_t capacity = std::min<uint64_t>(std::max<uint64_t>(4, uint64_t{2} * top->capacity), k_);
    Bytes* const keys = reinterpret_cast<Bytes*>(arena->Allocate(capacity * sizeof(Bytes)));
    std::copy_n(top->keys, top->count, keys);
    top->keys = keys;
    top->capacity = static_cast<uint32_t>(capacity);
  }

  KeyValue values_;
  const uint32_t k_;
  std::string key_;
};

bool IsListOf(const GroupCall& call) {
  const Type& result = call.result.type;
  return call.args.size() == 1 && result.id == TypeId::kList && result.fields[0].type == call.args[0];
}

}  // namespace

std::unique_ptr<GroupFunction> NewCollection(const GroupCall& call) {
  if (!IsListOf(call)) return nullptr;
  if (call.fn == GroupFn::kCollectSet) return std::make_unique<Set>(call.args[0]);
  return std::make_unique<List>(call.args[0]);
}

std::unique_ptr<GroupFunction> NewTop(const GroupCall& call) {
  if (!IsListOf(call)) return nullptr;
  return std::make_unique<Top>(call.args[0], call.k);
}

}  // namespace runjob
