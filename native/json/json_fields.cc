#include "json/json_fields.h"

#include <utility>

namespace runjob {

namespace {

constexpr size_t kMostSeen = 256;

// An object that is not like the last one costs about as much as a few that are gain.
constexpr int kMostTrust = 64;
constexpr int kMissCosts = 4;
constexpr int kFirstTrust = 16;
// Where objects differ, so many are read before it is tried again.
constexpr int kUntried = 4096;

}  // namespace

std::vector<std::string> NamesOf(const std::vector<Field>& fields) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(field.name);
  return names;
}

JsonFields::JsonFields(std::vector<std::string> names) : names_(std::move(names)), trust_(kFirstTrust) {
  for (size_t i = 0; i < names_.size(); i++) places_.emplace(names_[i], static_cast<int>(i));
}

int JsonFields::Find(std::string_view key) const {
  const auto found = places_.find(key);
  return found == places_.end() ? -1 : found->second;
}

// Of a key as it is in the text.
int JsonFields::FindRaw(Slice key, bool escaped) {
  if (!escaped) return Find(std::string_view(key.data, key.size));
  unescaped_.resize(key.size);
  unescaped_.resize(static_cast<size_t>(WriteUnescapedJson(key, unescaped_.data()) - unescaped_.data()));
  return Find(unescaped_);
}

// The key at a place in its object, and the colon.
bool JsonFields::ReadKey(JsonCursor* cursor, size_t place, int* field) {
  if (place < seen_.size() && cursor->TakeAll(Slice(seen_[place].text))) {
    *field = seen_[place].field;
    return true;
  }
  Slice key;
  bool escaped = false;
  if (!cursor->ReadString(&key, &escaped)) return false;
  if (place < seen_.size() && seen_[place].key() == std::string_view(key.data, key.size)) {
    *field = seen_[place].field;
  } else {
    *field = FindRaw(key, escaped);
    if (place < kMostSeen) {
      while (seen_.size() <= place) seen_.push_back({"\"\":", Find("")});
      std::string quoted;
      quoted.append(1, '"').append(key.data, key.size).append("\":");
      seen_[place] = {std::move(quoted), *field};
    }
  }
  return cursor->Take(':') || cursor->Fail("a colon is missing");
}

bool JsonFields::Read(JsonCursor* cursor, std::vector<Slice>* values) {
  values->assign(names_.size(), Slice());
  if (untried_ > 0) {
    untried_--;
    return ReadAny(cursor, values);
  }
  if (shape_.Read(cursor, values)) {
    if (trust_ < kMostTrust) trust_++;
    return true;
  }
  values->assign(names_.size(), Slice());
  cursor->Peek();
  const char* const begin = cursor->place();
  if (!ReadAny(cursor, values)) return false;
  trust_ -= kMissCosts;
  if (trust_ <= 0) {
    trust_ = kFirstTrust;
    untried_ = kUntried;
  }
  shape_.Learn(Slice(begin, static_cast<size_t>(cursor->place() - begin)),
               [this](Slice key, bool escaped) { return FindRaw(key, escaped); });
  return true;
}

bool JsonFields::ReadAny(JsonCursor* cursor, std::vector<Slice>* values) {
  if (!cursor->Take('{')) return cursor->Fail("an object is missing");
  if (cursor->Take('}')) return true;
  for (size_t place = 0;; place++) {
    int field = -1;
    if (!ReadKey(cursor, place, &field)) return false;
    Slice value;
    if (!cursor->ReadValue(&value)) return false;
    if (field >= 0) (*values)[static_cast<size_t>(field)] = value;
    if (cursor->Take('}')) return true;
    if (!cursor->Take(',')) return cursor->Fail("a comma or a closing bracket is missing");
  }
}

}  // namespace runjob
