// Tables of joins that all threads of the process share: one of them makes a table, the others wait for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "pipeline/join_table.h"

namespace runjob {

// Any thread may call any method. The table lives as long as one of those who have opened it.
class SharedTable {
 public:
  // The one with this name, which says what the table is made of.
  static std::shared_ptr<SharedTable> Open(const std::string& name);

  ~SharedTable();
  SharedTable(const SharedTable&) = delete;
  SharedTable& operator=(const SharedTable&) = delete;

  enum class State : uint8_t {
    kMine,   // the caller has to make it, or to give up
    kBusy,   // another thread is making it
    kReady,  // made
  };
  // Waits at most so long for another thread.
  State Claim(std::chrono::milliseconds wait);
  // REQUIRES, as what follows: the caller's Claim returned kMine.
  void Publish(std::shared_ptr<const JoinTable> table);
  void GiveUp();

  // Null: not ready.
  std::shared_ptr<const JoinTable> table();

 private:
  explicit SharedTable(std::string name) : name_(std::move(name)) {}

  const std::string name_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_claimed_ = false;
  std::shared_ptr<const JoinTable> table_;
};

}  // namespace runjob
