// Sum, count, min and max of one column of doubles in one pass over the rows: each by itself would take as long as all of them.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "aggregate/sum.h"
#include "column/keys.h"
#include "pipeline/group_function.h"

namespace runjob {

// The state of a sum or an average.
struct DoubleSum {
  static constexpr uint8_t kNaN = 1;
  static constexpr uint8_t kInfinity = 2;
  static constexpr uint8_t kMinusInfinity = 4;

  Sum sum;  // of finite numbers
  uint64_t count;
  uint64_t specials;  // which others there were

  void Add(double x, Arena* arena) {
    count++;
    if (!sum.AddQuickly(x)) [[unlikely]] {
      AddSlowly(x, arena);
    }
  }

 private:
  void AddSlowly(double x, Arena* arena) {
    if (std::isfinite(x)) {
      sum.Add(x, arena);
    } else {
      specials |= x != x ? kNaN : x > 0 ? kInfinity : kMinusInfinity;
    }
  }
};

// How doubles are compared and held (group_extreme.cc): NaN is the largest, and -0 comes out as 0.
struct OrderedDouble {
  using Stored = double;
  using Held = uint64_t;
  static Held Hold(double x) { return DoubleKey(x); }
  static double ValueOf(Held held) { return DoubleOfKey(held); }
  static bool Less(Held a, Held b) { return a < b; }
};

// The state of a min or max.
template <class Of>
struct alignas(8) Extreme {
  typename Of::Held value;
  uint8_t seen;

  template <bool kMax>
  void Keep(const typename Of::Held& other) {
    if (seen == 0 || (kMax ? Of::Less(value, other) : Of::Less(other, value))) {
      value = other;
      seen = 1;
    }
  }
};

class GroupSummary {
 public:
  // Takes a function of the column, whose part of a state is there. False: it is no such function, or there is one like it.
  bool Take(GroupFn fn, size_t offset);
  // As GroupFunction::Update, for all of them. `rows` has an offset of 0.
  void Update(const Vector& column, const GroupRows& rows) const;

 private:
  static constexpr size_t kNowhere = SIZE_MAX;

  template <size_t kFns>
  void UpdateAll(const Vector& column, const GroupRows& rows) const;

  std::array<size_t, 4> offsets_ = {kNowhere, kNowhere, kNowhere, kNowhere};
};

}  // namespace runjob
