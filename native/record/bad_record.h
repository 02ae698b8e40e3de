// Bad records, which are skipped and noted for inspection instead of ending the job.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"

namespace runjob {

constexpr size_t kExcerptBytes = 200;

struct BadRecord {
  Status status;        // Status::BadRecord: code, detail and offset
  std::string excerpt;  // the record's first bytes, at most kExcerptBytes, without a line end
};

using BadRecords = std::vector<BadRecord>;

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
