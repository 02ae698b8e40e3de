// How native code reports failure: a permanent code of the error catalogue and what happened.
// Only addon.cc turns a Status into a JavaScript error.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace runjob {

class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  static Status Ok() { return Status(); }
  // `code` must be a string literal that the catalogue in src/base/errors.ts knows.
  static Status Error(const char* code, std::string detail) {
    Status s;
    s.code_ = code;
    s.detail_ = std::move(detail);
    return s;
  }
  // A bad record: `offset` counts bytes from the start of the first chunk given to the mapper.
  static Status BadRecord(const char* code, std::string detail, int64_t offset) {
    Status s = Error(code, std::move(detail));
    s.offset_ = offset;
    return s;
  }

  bool ok() const { return code_ == nullptr; }
  const char* code() const { return code_; }
  const std::string& detail() const { return detail_; }
  int64_t offset() const { return offset_; }  // -1: none

 private:
  const char* code_ = nullptr;
  std::string detail_;
  int64_t offset_ = -1;
};

#define RUNJOB_RETURN_IF_ERROR(expr)            \
  do {                                          \
    ::runjob::Status status_ = (expr);          \
    if (!status_.ok()) return status_;          \
  } while (0)

}  // namespace runjob
