#include "function/call.h"
#include "function/functions.h"

namespace runjob {

namespace {

class StructKernel : public Kernel {
 public:
  bool strict() const override { return false; }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t*, VectorBuffer* out) override {
    for (size_t i = 0; i < args.size(); i++) out->child(i).CopyRows(rows, args[i]);
    return Status::Ok();
  }
};

std::unique_ptr<Node> MakeStruct(Call* call) {
  if (call->type.id != TypeId::kStruct || call->args.empty() || call->type.fields.size() != call->args.size()) {
    return nullptr;
  }
  for (size_t i = 0; i < call->args.size(); i++) {
    if (!SameValues(call->arg(i), call->type.fields[i].type)) return nullptr;
  }
  return MakeCall(call, std::make_unique<StructKernel>());
}

class FieldKernel : public Kernel {
 public:
  explicit FieldKernel(size_t field) : field_(field) {}

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    const Vector& values = args[0].children[field_];
    ForValid(rows, validity, [&](size_t row) {
      out->Copy(row, values, args[0].index(row));
      return true;
    });
    return Status::Ok();
  }

 private:
  const size_t field_;
};

std::unique_ptr<Node> MakeField(Call* call) {
  if (call->args.size() != 2 || call->id(0) != TypeId::kStruct || call->id(1) != TypeId::kString) return nullptr;
  const Vector* const name = call->Literal(1);
  if (name == nullptr) return nullptr;
  const std::string wanted = name->at<StringView>(0).slice().ToString();
  const std::vector<Field>& fields = call->arg(0).fields;
  for (size_t i = 0; i < fields.size(); i++) {
    if (fields[i].name == wanted && SameValues(fields[i].type, call->type)) {
      return MakeCall(call, std::make_unique<FieldKernel>(i));
    }
  }
  return nullptr;
}

}  // namespace

std::vector<Function> StructFunctions() { return {{"struct", MakeStruct}, {"field", MakeField}}; }

}  // namespace runjob
