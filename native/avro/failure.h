// How readers of Avro fail.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/status.h"

namespace runjob::avro {

// `offset`: of the block, from the start of the first chunk.
inline Status Corrupt(std::string reason, uint64_t offset) {
  return Status::BadRecord("AVRO_CORRUPT", std::move(reason), static_cast<int64_t>(offset));
}
inline Status Unsupported(std::string what, uint64_t offset) {
  return Status::BadRecord("AVRO_UNSUPPORTED", std::move(what), static_cast<int64_t>(offset));
}

}  // namespace runjob::avro
