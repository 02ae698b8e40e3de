#include <set>
#include <string>
#include <vector>

#include "column/expression.h"
#include "function/call.h"
#include "function/literal.h"
#include "function/udf.h"

namespace runjob {

namespace {

// Deeper trees would take more of the stack than threads have.
constexpr int kMaxDepth = 1000;

class ColumnNode : public Node {
 public:
  ColumnNode(Type type, size_t index) : Node(std::move(type)), index_(index) {}

  Status Evaluate(const Frame& frame, Vector* result) override {
    *result = (*frame.columns)[index_];
    return Status::Ok();
  }

 private:
  const size_t index_;
};

class Compiled : public Expression {
 public:
  Compiled(std::unique_ptr<Node> node, const std::set<uint32_t>& columns)
      : node_(std::move(node)), columns_(columns.begin(), columns.end()) {}

  const Type& type() const override { return node_->type(); }
  const std::vector<uint32_t>& columns() const override { return columns_; }
  Status Evaluate(const Batch& batch, Vector* result) override {
    if (batch.count == 0) {
      *result = NullVector(type());
      return Status::Ok();
    }
    return node_->Evaluate(FrameOf(batch), result);
  }
  Status Select(const Batch& batch, uint16_t* selection, size_t* count) override {
    return node_->Select(FrameOf(batch), selection, count);
  }

 private:
  static Frame FrameOf(const Batch& batch) { return {&batch.columns, {batch.rows, batch.selection, batch.count}}; }

  const std::unique_ptr<Node> node_;
  const std::vector<uint32_t> columns_;
};

Status Compile(ProgramReader* program, const Schema& input, int depth, std::set<uint32_t>* columns,
               std::unique_ptr<Node>* node);

Status CompileUdf(ProgramReader* program, const Schema& input, int depth, std::set<uint32_t>* columns,
                  std::unique_ptr<Node>* node) {
  uint32_t function = 0, count = 0;
  Type type;
  if (!program->Read(&function) || !program->Read(&type) || !program->Read(&count)) return BadProgram();
  std::vector<UdfArgument> args;
  for (uint32_t i = 0; i < count; i++) {
    UdfArgument arg;
    if (!program->Read(&arg.exact)) return BadProgram();
    RUNJOB_RETURN_IF_ERROR(Compile(program, input, depth + 1, columns, &arg.value));
    args.push_back(std::move(arg));
  }
  *node = MakeUdf(function, std::move(type), std::move(args));
  return Status::Ok();
}

Status Compile(ProgramReader* program, const Schema& input, int depth, std::set<uint32_t>* columns,
               std::unique_ptr<Node>* node) {
  uint8_t kind = 0;
  if (depth > kMaxDepth) {
    return Status::Error("BAD_ARGUMENT", "an expression is nested more than " + std::to_string(kMaxDepth) + " deep");
  }
  if (!program->Read(&kind)) return BadProgram();
  if (kind == 0) {
    uint32_t column = 0;
    if (!program->Read(&column) || column >= input.size()) return BadProgram();
    columns->insert(column);
    *node = std::make_unique<ColumnNode>(input[column].type, column);
    return Status::Ok();
  }
  if (kind == 1) {
    *node = ReadLiteral(program);
    return *node == nullptr ? BadProgram() : Status::Ok();
  }
  if (kind == 3) return CompileUdf(program, input, depth, columns, node);
  Call call;
  bool nullable = false;
  uint32_t count = 0;
  if (kind != 2 || !program->Read(&call.name) || !program->Read(&call.type) || !program->Read(&nullable) ||
      !program->Read(&count)) {
    return BadProgram();
  }
  for (uint32_t i = 0; i < count; i++) {
    std::unique_ptr<Node> arg;
    RUNJOB_RETURN_IF_ERROR(Compile(program, input, depth + 1, columns, &arg));
    call.args.push_back(std::move(arg));
  }
  const Factory make = FindFunction(call.name);
  if (make == nullptr) return Status::Error("BAD_ARGUMENT", "there is no function " + call.name);
  const std::string text = call.Text();
  *node = make(&call);
  return *node == nullptr ? Status::Error("BAD_ARGUMENT", "there is no function " + text) : Status::Ok();
}

}  // namespace

Status Expression::Compile(ProgramReader* program, const Schema& input, std::unique_ptr<Expression>* expression) {
  std::unique_ptr<Node> node;
  std::set<uint32_t> columns;
  RUNJOB_RETURN_IF_ERROR(runjob::Compile(program, input, 0, &columns, &node));
  *expression = std::make_unique<Compiled>(std::move(node), columns);
  return Status::Ok();
}

}  // namespace runjob
