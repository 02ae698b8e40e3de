// Arithmetic that cannot be run on anything: what overflows is an error, of a row that counts.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "function/decimal.h"
#include "function/kernel.h"

namespace runjob {

// How an operand is written in an error.
inline std::string OperandText(int32_t value, int) { return std::to_string(value); }
inline std::string OperandText(int64_t value, int scale) { return DecimalText(value, scale); }
inline std::string OperandText(__int128 value, int scale) { return DecimalText(value, scale); }
std::string OperandText(double value, int);

// R f(A, B, bool* bad): bad is set, never cleared, where the result is not f's. Runs on everything, and looks for the row
// that is to blame only if there is one.
template <class F, class R, class A, class B>
class CheckedKernel : public Kernel {
 public:
  // `name`: of the function, as in `a * b`; for the text of an error of this code.
  CheckedKernel(F f, const char* code, std::string name, int a_scale, int b_scale, bool quiet)
      : f_(std::move(f)), code_(code), name_(std::move(name)), a_scale_(a_scale), b_scale_(b_scale), quiet_(quiet) {}

  bool can_fail() const override { return !quiet_; }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    const Reader<A> a(args[0]);
    const Reader<B> b(args[1]);
    bool bad = false;
    const F f = f_;
    R* const results = out->values<R>();
    Loop(rows, a, b, results, [f, &bad](A x, B y) { return f(x, y, &bad); });
    if (!bad) [[likely]]
      return Status::Ok();
    Status status;
    ForValid(rows, validity, [&](size_t row) {
      bool row_is_bad = false;
      f(a[row], b[row], &row_is_bad);
      if (!row_is_bad) return true;
      if (quiet_) {
        out->SetNull(row);
        return true;
      }
      const std::string text = OperandText(a[row], a_scale_) + " " + name_ + " " + OperandText(b[row], b_scale_);
      status = Status::BadRecord(code_, text, static_cast<int64_t>(row));
      return false;
    });
    return status;
  }

 private:
  const F f_;
  const char* const code_;
  const std::string name_;
  const int a_scale_;
  const int b_scale_;
  const bool quiet_;
};

template <class R, class A, class B, class F>
std::unique_ptr<Kernel> Checked(F f, const char* code, std::string name, bool quiet, int a_scale = 0, int b_scale = 0) {
  return std::make_unique<CheckedKernel<F, R, A, B>>(std::move(f), code, std::move(name), a_scale, b_scale, quiet);
}

}  // namespace runjob
