#include "pipeline/shared_table.h"

#include <unordered_map>
#include <utility>

namespace runjob {

namespace {

struct OpenTables {
  std::mutex mutex;
  std::unordered_map<std::string, std::weak_ptr<SharedTable>> by_name;
};

// Never destroyed: threads may outlive the end of main().
OpenTables& Tables() {
  static OpenTables* const tables = new OpenTables;
  return *tables;
}

}  // namespace

std::shared_ptr<SharedTable> SharedTable::Open(const std::string& name) {
  OpenTables& open = Tables();
  const std::lock_guard<std::mutex> lock(open.mutex);
  std::weak_ptr<SharedTable>& known = open.by_name[name];
  std::shared_ptr<SharedTable> table = known.lock();
  if (table == nullptr) {
    table = std::shared_ptr<SharedTable>(new SharedTable(name));
    known = table;
  }
  return table;
}

SharedTable::~SharedTable() {
  OpenTables& open = Tables();
  const std::lock_guard<std::mutex> lock(open.mutex);
  // Another one may have the name by now.
  const auto known = open.by_name.find(name_);
  if (known != open.by_name.end() && known->second.expired()) open.by_name.erase(known);
}

SharedTable::State SharedTable::Claim(std::chrono::milliseconds wait) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, wait, [this] { return !is_claimed_ || table_ != nullptr; });
  if (table_ != nullptr) return State::kReady;
  if (is_claimed_) return State::kBusy;
  is_claimed_ = true;
  return State::kMine;
}

void SharedTable::Publish(std::shared_ptr<const JoinTable> table) {
  const std::lock_guard<std::mutex> lock(mutex_);
  table_ = std::move(table);
  changed_.notify_all();
}

void SharedTable::GiveUp() {
  const std::lock_guard<std::mutex> lock(mutex_);
  is_claimed_ = false;
  changed_.notify_all();
}

std::shared_ptr<const JoinTable> SharedTable::table() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return table_;
}

}  // namespace runjob
