#include "pipeline/group_function.h"

namespace runjob {

namespace {

std::unique_ptr<GroupFunction> New(const GroupCall& call) {
  switch (call.fn) {
    case GroupFn::kCount:
    case GroupFn::kCountDistinct:
      return NewCount(call);
    case GroupFn::kSum:
      return NewSum(call);
    case GroupFn::kAvg:
      return NewAverage(call);
    case GroupFn::kMin:
    case GroupFn::kMax:
      return NewExtreme(call);
    case GroupFn::kFirst:
    case GroupFn::kLast:
      return NewEnd(call);
    case GroupFn::kStddevSamp:
    case GroupFn::kStddevPop:
    case GroupFn::kVarSamp:
    case GroupFn::kVarPop:
      return NewVariance(call);
    case GroupFn::kCollectList:
    case GroupFn::kCollectSet:
      return NewCollection(call);
    case GroupFn::kTopK:
      return NewTop(call);
    case GroupFn::kPercentile:
    case GroupFn::kPercentileDisc:
      return NewPercentile(call);
    case GroupFn::kApproxCountDistinct:
      return NewApproxCount(call);
    case GroupFn::kCorr:
    case GroupFn::kCovarPop:
    case GroupFn::kCovarSamp:
      return NewCovariance(call);
    case GroupFn::kMinBy:
    case GroupFn::kMaxBy:
      return NewExtremeBy(call);
    case GroupFn::kMode:
      return NewMode(call);
    case GroupFn::kSkewness:
    case GroupFn::kKurtosis:
      return NewMoments(call);
  }
  return nullptr;
}

}  // namespace

Status NewGroupFunction(const GroupCall& call, std::unique_ptr<GroupFunction>* function) {
  *function = New(call);
  if (*function != nullptr) return Status::Ok();
  std::string types;
  for (const Type& type : call.args) types += (types.empty() ? "" : ", ") + TypeText(type);
  return Status::Error("BAD_ARGUMENT", "no aggregate " + std::to_string(static_cast<int>(call.fn)) + " of (" + types +
                                           ") gives a " + TypeText(call.result.type));
}

}  // namespace runjob
