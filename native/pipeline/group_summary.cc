#include "pipeline/group_summary.h"

#include <utility>

namespace runjob {

bool GroupSummary::Take(GroupFn fn, size_t offset) {
  size_t kind = 0;
  switch (fn) {
    case GroupFn::kSum:
    case GroupFn::kAvg:
      break;
    case GroupFn::kCount:
      kind = 1;
      break;
    case GroupFn::kMin:
      kind = 2;
      break;
    case GroupFn::kMax:
      kind = 3;
      break;
    default:
      return false;
  }
  if (offsets_[kind] != kNowhere) return false;
  offsets_[kind] = offset;
  return true;
}

// `kFns`: bit i says that there is an offset i.
template <size_t kFns>
void GroupSummary::UpdateAll(const Vector& column, const GroupRows& rows) const {
  const std::array<size_t, 4> at = offsets_;
  rows.EachValue<double>(column, [&](char* state, double x) {
    if constexpr ((kFns & 1) != 0) reinterpret_cast<DoubleSum*>(state + at[0])->Add(x, rows.arena);
    if constexpr ((kFns & 2) != 0) ++*reinterpret_cast<uint64_t*>(state + at[1]);
    if constexpr ((kFns & 12) == 0) return;
    const OrderedDouble::Held held = OrderedDouble::Hold(x);
    if constexpr ((kFns & 4) != 0) reinterpret_cast<Extreme<OrderedDouble>*>(state + at[2])->Keep<false>(held);
    if constexpr ((kFns & 8) != 0) reinterpret_cast<Extreme<OrderedDouble>*>(state + at[3])->Keep<true>(held);
  });
}

void GroupSummary::Update(const Vector& column, const GroupRows& rows) const {
  constexpr auto kUpdates = []<size_t... kFns>(std::index_sequence<kFns...>) {
    return std::array{&GroupSummary::UpdateAll<kFns>...};
  }
  (std::make_index_sequence<16>());
  size_t fns = 0;
  for (size_t i = 0; i < offsets_.size(); i++) fns |= size_t{offsets_[i] != kNowhere} << i;
  (this->*kUpdates[fns])(column, rows);
}

}  // namespace runjob
