// Keys and values in one LMDB file. One process writes it, and survives what may happen to the file; others may read meanwhile.
// Commits are not flushed to disk: they outlive the process, not the machine.
//
// LMDB trusts the pages of its tree. A file from elsewhere has to be read in a process that may die of it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/slice.h"
#include "base/status.h"

namespace runjob {

class Store {
 public:
  static constexpr size_t kMaxKeyBytes = 511;

  using Entry = std::pair<std::string, Slice>;
  using Visitor = std::function<Status(Slice key, Slice value)>;

  // Creates the file if need be, unless `read_only`. BAD_ARGUMENT if this process has it open: LMDB forbids that.
  // Errors of all: STATE_CORRUPT where LMDB finds the file odd, DISK_FULL, FILE_IO.
  static Status Open(const std::string& path, bool read_only, std::unique_ptr<Store>* out);
  virtual ~Store() = default;

  // Removes, then puts, in one transaction. What is to be removed need not be there.
  // REQUIRES: keys have 1 to kMaxKeyBytes bytes.
  virtual Status Write(const std::vector<std::string>& removes, const std::vector<Entry>& puts) = 0;
  virtual Status Get(const std::string& key, bool* found, std::string* value) = 0;
  // All whose key begins with `prefix`, in memcmp order. Key and value are gone when the visitor returns; its error ends the visit.
  virtual Status Visit(const std::string& prefix, const Visitor& visitor) = 0;
};

}  // namespace runjob
