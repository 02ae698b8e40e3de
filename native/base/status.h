// How native code reports failure: a permanent code of the error catalogue and what happened.
// Only the addon turns a Status into a JavaScript error.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace runjob {

// A pointer, null if ok: every operator returns one for every record.
class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  Status(Status&&) = default;
  Status& operator=(Status&&) = default;
  Status(const Status& other) : failure_(other.ok() ? nullptr : std::make_unique<Failure>(*other.failure_)) {}
  Status& operator=(const Status& other) { return *this = Status(other); }

  static Status Ok() { return Status(); }
  // `code` must be a string literal that the catalogue in src/base/errors.ts knows.
  static Status Error(const char* code, std::string detail) { return BadRecord(code, std::move(detail), -1); }
  // A bad record: `offset` counts bytes from the start of the first chunk given to the mapper.
  static Status BadRecord(const char* code, std::string detail, int64_t offset) {
    Status s;
    s.failure_ = std::make_unique<Failure>(Failure{code, std::move(detail), offset});
    return s;
  }

  bool ok() const { return failure_ == nullptr; }
  // REQUIRES, as what follows: !ok().
  const char* code() const { return failure_->code; }
  const std::string& detail() const { return failure_->detail; }
  int64_t offset() const { return failure_->offset; }  // -1: none

 private:
  struct Failure {
    const char* code;
    std::string detail;
    int64_t offset;
  };
  std::unique_ptr<Failure> failure_;
};

#define RUNJOB_RETURN_IF_ERROR(expr)   \
  do {                                 \
    ::runjob::Status status_ = (expr); \
    if (!status_.ok()) return status_; \
  } while (0)

}  // namespace runjob
