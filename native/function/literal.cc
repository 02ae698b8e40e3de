#include "function/literal.h"

#include <cstring>
#include <string>

namespace runjob {

namespace {

class LiteralNode : public Node {
 public:
  explicit LiteralNode(Type type) : Node(std::move(type)), vector_(NullVector(this->type())) {}

  Status Evaluate(const Frame&, Vector* result) override {
    *result = vector_;
    return Status::Ok();
  }
  bool literal() const override { return true; }
  const Vector& vector() const { return vector_; }

  bool ReadValue(ProgramReader* program) {
    switch (type().id) {
      case TypeId::kBoolean: {
        bool value = false;
        return program->Read(&value) && Set(static_cast<uint8_t>(value));
      }
      case TypeId::kInt:
      case TypeId::kDate:
        return ReadFixed<int32_t>(program);
      case TypeId::kLong:
      case TypeId::kTimestamp:
      case TypeId::kTimestampNtz:
        return ReadFixed<int64_t>(program);
      case TypeId::kDouble:
        return ReadFixed<double>(program);
      case TypeId::kDecimal: {
        __int128 value = 0;
        if (!program->Read(&value)) return false;
        return type().is_wide() ? Set(value) : Set(static_cast<int64_t>(value));
      }
      case TypeId::kString:
      case TypeId::kBinary:
        return program->Read(&text_) && Set(StringView(text_));
      case TypeId::kList:
      case TypeId::kStruct:
        return false;
    }
    return false;
  }

 private:
  template <class T>
  bool ReadFixed(ProgramReader* program) {
    T value{};
    return program->Read(&value) && Set(value);
  }
  template <class T>
  bool Set(T value) {
    std::memcpy(value_, &value, sizeof(value));
    vector_.validity = nullptr;
    vector_.values = value_;
    return true;
  }

  std::string text_;
  alignas(16) char value_[16] = {};
  Vector vector_;
};

}  // namespace

std::unique_ptr<Node> ReadLiteral(ProgramReader* program) {
  Type type;
  bool is_null = false;
  if (!program->Read(&type) || !program->Read(&is_null)) return nullptr;
  auto node = std::make_unique<LiteralNode>(std::move(type));
  if (!is_null && !node->ReadValue(program)) return nullptr;
  return node;
}

const Vector& LiteralValue(const Node& node) { return static_cast<const LiteralNode&>(node).vector(); }

}  // namespace runjob
