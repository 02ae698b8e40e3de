// Functions of values, as loops over vectors.
#pragma once

#include <bit>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/status.h"
#include "column/vector.h"
#include "function/node.h"
#include "function/vector_buffer.h"

namespace runjob {

class Kernel {
 public:
  virtual ~Kernel() = default;

  // Arguments are flat or constant. `validity`: the rows where no argument is null (null: all); of others nothing is asked, and
  // they are null in the result whatever is done here. `out` has been reset. An error's offset is a row.
  virtual Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity,
                     VectorBuffer* out) = 0;

  virtual bool can_fail() const { return false; }
  // Whether null arguments make null. If not, `validity` is null, and the kernel looks at the arguments' own.
  virtual bool strict() const { return true; }
};

enum class Outcome { kValue, kNull, kError };

// Of a kernel whose function looks at one row after another.
struct Context {
  TextHeap* heap;
  bool quiet;  // an error makes null: no text of it is needed
  Status status;

  // `detail`: () -> std::string
  template <class Detail>
  Outcome Fail(const char* code, Detail detail) {
    if (!quiet) status = Status::Error(code, detail());
    return Outcome::kError;
  }
};

// Values of an argument, flat or constant.
template <class T>
struct Reader {
  explicit Reader(const Vector& vector)
      : values(static_cast<const T*>(vector.values)), mask(vector.form == VectorForm::kFlat ? ~size_t{0} : 0) {}
  const T& operator[](size_t row) const { return values[row & mask]; }

  const T* values;
  size_t mask;
};

inline bool IsValid(const uint64_t* validity, size_t row) {
  return validity == nullptr || (validity[row / 64] >> (row % 64) & 1) != 0;
}

// f(row) -> whether to go on
template <class F>
void ForValid(const Rows& rows, const uint64_t* validity, F f) {
  if (rows.selection == nullptr && validity == nullptr) {
    for (size_t row = 0; row < rows.count; row++) {
      if (!f(row)) return;
    }
    return;
  }
  for (size_t i = 0; i < rows.count; i++) {
    const size_t row = rows[i];
    if (IsValid(validity, row) && !f(row)) return;
  }
}

// Over all rows where that is faster: f must bear any value.
template <class R, class A, class F>
inline void Loop(const Rows& rows, Reader<A> a, R* out, F f) {
  if (rows.sparse()) {
    for (size_t i = 0; i < rows.count; i++) out[rows.selection[i]] = f(a[rows.selection[i]]);
  } else if (a.mask != 0) {
    for (size_t row = 0; row < rows.size; row++) out[row] = f(a.values[row]);
  } else {
    for (size_t row = 0; row < rows.size; row++) out[row] = f(*a.values);
  }
}

template <class R, class A, class B, class F>
inline void Loop(const Rows& rows, Reader<A> a, Reader<B> b, R* out, F f) {
  if (rows.sparse()) {
    for (size_t i = 0; i < rows.count; i++) {
      const size_t row = rows.selection[i];
      out[row] = f(a[row], b[row]);
    }
  } else if (a.mask != 0 && b.mask != 0) {
    for (size_t row = 0; row < rows.size; row++) out[row] = f(a.values[row], b.values[row]);
  } else if (a.mask != 0) {
    const B y = *b.values;
    for (size_t row = 0; row < rows.size; row++) out[row] = f(a.values[row], y);
  } else if (b.mask != 0) {
    const A x = *a.values;
    for (size_t row = 0; row < rows.size; row++) out[row] = f(x, b.values[row]);
  } else {
    for (size_t row = 0; row < rows.size; row++) out[row] = f(*a.values, *b.values);
  }
}

// R f(A...), of numbers that may be anything.
template <class F, class R, class... A>
class TotalKernel : public Kernel {
 public:
  explicit TotalKernel(F f) : f_(std::move(f)) {}

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t*, VectorBuffer* out) override {
    Run(args, rows, out, std::index_sequence_for<A...>());
    return Status::Ok();
  }

 private:
  template <size_t... I>
  void Run(const std::vector<Vector>& args, const Rows& rows, VectorBuffer* out, std::index_sequence<I...>) {
    Loop(rows, Reader<A>(args[I])..., out->values<R>(), f_);
  }

  F f_;
};

template <class R, class... A, class F>
std::unique_ptr<Kernel> Total(F f) {
  return std::make_unique<TotalKernel<F, R, A...>>(std::move(f));
}

// Outcome f(A..., R* result, Context*), of rows that count, and have no null.
template <class F, class R, class... A>
class PartialKernel : public Kernel {
 public:
  PartialKernel(F f, bool can_fail, bool quiet) : f_(std::move(f)), can_fail_(can_fail && !quiet), quiet_(quiet) {}

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    return Run(args, rows, validity, out, std::index_sequence_for<A...>());
  }
  bool can_fail() const override { return can_fail_; }

 private:
  template <size_t... I>
  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out,
             std::index_sequence<I...>) {
    const std::tuple<Reader<A>...> readers{Reader<A>(args[I])...};
    R* const values = out->values<R>();
    Context context{&out->heap(), quiet_, Status()};
    ForValid(rows, validity, [&](size_t row) {
      const Outcome outcome = f_(std::get<I>(readers)[row]..., &values[row], &context);
      if (outcome == Outcome::kValue) [[likely]]
        return true;
      if (outcome == Outcome::kError && !quiet_) {
        context.status = Status::BadRecord(context.status.code(), context.status.detail(), static_cast<int64_t>(row));
        return false;
      }
      if constexpr (std::is_same_v<R, StringView>) values[row] = StringView();
      out->SetNull(row);
      return true;
    });
    return std::move(context.status);
  }

  F f_;
  const bool can_fail_;
  const bool quiet_;
};

template <class R, class... A, class F>
std::unique_ptr<Kernel> Partial(F f) {
  return std::make_unique<PartialKernel<F, R, A...>>(std::move(f), true, false);
}
// Its errors make null.
template <class R, class... A, class F>
std::unique_ptr<Kernel> PartialOrNull(F f) {
  return std::make_unique<PartialKernel<F, R, A...>>(std::move(f), true, true);
}
// It never fails: R f(A..., Context*), of rows that count.
template <class R, class... A, class F>
std::unique_ptr<Kernel> ByRow(F f) {
  const auto always = [f](const A&... args, R* result, Context* context) {
    *result = f(args..., context);
    return Outcome::kValue;
  };
  return std::make_unique<PartialKernel<decltype(always), R, A...>>(always, false, false);
}
// It never fails, but may give null.
template <class R, class... A, class F>
std::unique_ptr<Kernel> Nullable(F f) {
  return std::make_unique<PartialKernel<F, R, A...>>(std::move(f), false, false);
}

}  // namespace runjob
