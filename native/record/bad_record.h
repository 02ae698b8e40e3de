// Bad records, which are skipped and noted for inspection instead of ending the job.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/slice.h"
#include "base/status.h"

namespace runjob {

constexpr size_t kExcerptBytes = 200;

struct BadRecord {
  Status status;        // Status::BadRecord: code, detail and offset
  std::string excerpt;  // the record's first bytes, at most kExcerptBytes, without a line end
  int32_t maker = -1;   // of a row that is no record of the input: the link of the pipeline that made it
};

// In the order in which they were met.
class BadRecords {
 public:
  void Add(BadRecord record) {
    of_input_ += record.maker < 0;
    records_.push_back(std::move(record));
  }
  std::vector<BadRecord> Take() { return std::exchange(records_, {}); }

  size_t size() const { return records_.size(); }  // since they were taken
  uint64_t of_input() const { return of_input_; }  // records of the input, taken or not

 private:
  std::vector<BadRecord> records_;
  uint64_t of_input_ = 0;
};

// How long a record may be, and what happens to a longer one.
struct RecordLimit {
  uint64_t max_bytes = UINT64_MAX;
  // A longer record is skipped and noted, and never held; otherwise it is RECORD_TOO_LARGE.
  bool keep_bad = false;

  Status TooLong(const char* what, uint64_t offset) const {
    return Status::BadRecord("RECORD_TOO_LARGE",
                             std::string(what) + " is longer than " + std::to_string(max_bytes) + " bytes",
                             static_cast<int64_t>(offset));
  }
};

inline std::string Excerpt(Slice record) { return std::string(record.data, std::min(record.size, kExcerptBytes)); }

}  // namespace runjob
