// How readers of Parquet fail.
#pragma once

#include <string>
#include <utility>

#include "base/status.h"

namespace runjob::parquet {

inline Status Corrupt(std::string reason) { return Status::Error("PARQUET_CORRUPT", std::move(reason)); }
inline Status Unsupported(std::string what) { return Status::Error("PARQUET_UNSUPPORTED", std::move(what)); }

}  // namespace runjob::parquet
