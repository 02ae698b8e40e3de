// Records that are passed over: noted, so that somebody can look at them, instead of ending the job.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "slice.h"
#include "status.h"

namespace runjob {

constexpr size_t kExcerptBytes = 200;

struct BadRecord {
  Status status;        // Status::BadRecord: code, detail and offset
  std::string excerpt;  // the record's first bytes, at most kExcerptBytes, without a line end
};

using BadRecords = std::vector<BadRecord>;

inline std::string Excerpt(Slice record) {
  return std::string(record.data, std::min(record.size, kExcerptBytes));
}

}  // namespace runjob
