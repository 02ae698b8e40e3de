// About how many different values there are.
#include "aggregate/hyper_log_log.h"
#include "base/hash.h"
#include "column/keys.h"
#include "pipeline/group_function.h"

namespace runjob {
namespace {

class ApproxCount final : public GroupFunction {
 public:
  explicit ApproxCount(uint32_t precision) : precision_(precision) {}

  size_t width() const override { return sizeof(HyperLogLog); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    rows.EachRow(args[0], [&](char* state, size_t row) {
      key_.clear();
      AppendKey(args[0], row, KeyOrder(), &key_);
      reinterpret_cast<HyperLogLog*>(state)->Add(HashKey(key_), precision_, rows.arena);
    });
  }
  void Write(const char* state, std::string* out) const override {
    PutSized(reinterpret_cast<const HyperLogLog*>(state)->slice(precision_), out);
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    Slice other;
    return in->ReadSized(&other) && reinterpret_cast<HyperLogLog*>(state)->Merge(other, precision_, arena);
  }
  Status Finish(const char* state, std::string* out, bool*) override {
    PutFixed(reinterpret_cast<const HyperLogLog*>(state)->Estimate(precision_), out);
    return Status::Ok();
  }

 private:
  const uint32_t precision_;
  std::string key_;
};

}  // namespace

std::unique_ptr<GroupFunction> NewApproxCount(const GroupCall& call) {
  if (call.args.size() != 1 || call.result.type.id != TypeId::kLong) return nullptr;
  if (call.k < HyperLogLog::kLeastPrecision || call.k > HyperLogLog::kMostPrecision) return nullptr;
  return std::make_unique<ApproxCount>(call.k);
}

}  // namespace runjob
