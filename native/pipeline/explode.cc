// Makes a row of each element of a list.
//
//   operator   u8 6, expression (a list), bool outer, u32 count, u32 column that is kept..., u8 whether there is a position, text its name if so,
//              text name of the element, u32 elements that a row has at most, or 0 if that is not known
//
// Rows have the columns that are kept, the position, from 0 on, and the element: in the order of the rows, then of the elements. A row whose
// list is null or empty makes none; with `outer` one, with nulls.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "column/expression.h"
#include "function/node.h"
#include "pipeline/gather.h"
#include "pipeline/operator.h"

namespace runjob {

namespace {

constexpr uint32_t kNone = UINT32_MAX;
constexpr size_t kBatchBytes =
    size_t{8} << 20;  // of what is kept, with each of its copies; a batch of long rows has fewer

constexpr size_t kElementsAtOnce = size_t{64} * 1024;

bool HasBytes(const Type& type) {
  if (type.is_bytes() || type.id == TypeId::kList) return true;
  return std::any_of(type.fields.begin(), type.fields.end(), [](const Field& field) { return HasBytes(field.type); });
}

size_t BytesOf(const Vector& column, size_t row) {
  if (!column.valid(row)) return 0;
  switch (column.type->id) {
    case TypeId::kString:
    case TypeId::kBinary:
      return column.at<StringView>(row).size;
    case TypeId::kList: {
      const ListRange list = column.at<ListRange>(row);
      if (!HasBytes(column.type->fields[0].type)) return size_t{16} * list.count;
      size_t bytes = 0;
      for (size_t i = 0; i < list.count; i++) bytes += BytesOf(column.children[0], list.start + i);
      return bytes;
    }
    case TypeId::kStruct: {
      size_t bytes = 0;
      for (const Vector& child : column.children) bytes += BytesOf(child, column.index(row));
      return bytes;
    }
    default:
      return 0;
  }
}

class Explode final : public RowOperator {
 public:
  Explode(std::unique_ptr<Expression> list, bool outer) : list_(std::move(list)), outer_(outer) {}

  void Keep(uint32_t column, const Field& field) {
    if (HasBytes(field.type)) long_.push_back(column);
    kept_.push_back(column);
    schema_.push_back(field);
  }
  void AddPosition(std::string name) {
    has_position_ = true;
    Type type;
    type.id = TypeId::kInt;
    schema_.push_back(Field{std::move(name), std::move(type), true});
  }
  void AddElement(std::string name) {
    schema_.push_back(Field{std::move(name), list_->type().fields[0].type, true});
    gathers_.resize(kept_.size());
    made_.columns.resize(schema_.size());
    if (has_position_) made_.columns[kept_.size()].type = &schema_[kept_.size()].type;
  }

  void ExpectElements(uint32_t most) {
    if (most > 0) rows_at_once_ = std::clamp<size_t>(kElementsAtOnce / most, 1, kVectorRows);
  }

  const Schema& schema() const override { return schema_; }
  bool makes_rows() const override { return true; }

  Status Add(const Batch& batch) override {
    if (batch.count <= rows_at_once_) return AddRows(batch);
    for (size_t i = 0; i < batch.count; i++) selection_[i] = static_cast<uint16_t>(batch.row(i));
    Batch some = batch;
    for (size_t first = 0; first < batch.count && !next_->done(); first += some.count) {
      some.selection = selection_ + first;
      some.count = std::min(rows_at_once_, batch.count - first);
      const Status status = AddRows(some);
      // Rows before it have been passed on.
      if (!status.ok()) return first == 0 ? status : Status::Error(status.code(), status.detail());
    }
    return Status::Ok();
  }

 private:
  Status AddRows(const Batch& batch) {
    Vector lists;
    RUNJOB_RETURN_IF_ERROR(list_->Evaluate(batch, &lists));
    for (size_t i = 0; i < batch.count && !next_->done(); i++) {
      const size_t row = batch.row(i);
      const ListRange list = lists.valid(row) ? lists.at<ListRange>(row) : ListRange{};
      if (list.count == 0) {
        if (outer_) RUNJOB_RETURN_IF_ERROR(Put(batch, lists, row, kNone, 0, 0));
        continue;
      }
      size_t bytes = 0;
      for (const uint32_t column : long_) bytes += BytesOf(batch.columns[column], row);
      for (uint32_t at = 0; at < list.count && !stopped_; at++) {
        RUNJOB_RETURN_IF_ERROR(Put(batch, lists, row, list.start + at, at, bytes));
      }
    }
    return Emit(batch, lists);
  }

  Status Put(const Batch& batch, const Vector& lists, size_t row, uint32_t element, uint32_t position, size_t bytes) {
    rows_[count_] = static_cast<uint16_t>(row);
    elements_[count_] = element;
    positions_[count_] = static_cast<int32_t>(position);
    bytes_ += bytes;
    count_++;
    return count_ == kVectorRows || bytes_ > kBatchBytes ? Emit(batch, lists) : Status::Ok();
  }

  Status Emit(const Batch& batch, const Vector& lists) {
    if (count_ == 0) return Status::Ok();
    made_.rows = made_.count = count_;
    for (size_t i = 0; i < kept_.size(); i++) {
      gathers_[i].Take(batch.columns[kept_[i]], rows_, count_, &made_.columns[i]);
    }
    TakeElements(lists.children[0], lists.child_rows);
    count_ = bytes_ = 0;
    const Status status = next_->Add(made_);
    stopped_ = next_->done();
    // Its rows are no rows of the batch that came in.
    return status.ok() ? status : Status::Error(status.code(), status.detail());
  }

  void TakeElements(const Vector& elements, size_t size) {
    const bool lacks = outer_ && std::find(elements_, elements_ + count_, kNone) != elements_ + count_;
    if (lacks) {
      has_element_.assign((count_ + 63) / 64, 0);
      is_valid_.assign((count_ + 63) / 64, 0);
      for (size_t i = 0; i < count_; i++) {
        const bool has = elements_[i] != kNone;
        has_element_[i / 64] |= static_cast<uint64_t>(has) << (i % 64);
        is_valid_[i / 64] |= static_cast<uint64_t>(has && elements.valid(elements_[i])) << (i % 64);
        if (!has) elements_[i] = 0;
      }
    }
    if (has_position_) {
      Vector& positions = made_.columns[kept_.size()];
      positions.values = positions_;
      positions.validity = lacks ? has_element_.data() : nullptr;
    }
    Vector& result = made_.columns.back();
    if (size == 0) {
      result = NullVector(schema_.back().type);
      return;
    }
    Vector from = elements;
    if (lacks) from.validity = nullptr;
    element_.Take(from, elements_, count_, &result);
    if (lacks) result.validity = is_valid_.data();
  }

  const std::unique_ptr<Expression> list_;
  const bool outer_;
  size_t rows_at_once_ = kVectorRows;  // whose lists are evaluated together
  uint16_t selection_[kVectorRows];
  bool has_position_ = false;
  std::vector<uint32_t> kept_;
  std::vector<uint32_t> long_;  // of these, the ones with values that may be long
  Schema schema_;

  // Rows to pass on: of the batch, and elements of lists.
  size_t count_ = 0;
  size_t bytes_ = 0;
  uint16_t rows_[kVectorRows];
  uint32_t elements_[kVectorRows];
  int32_t positions_[kVectorRows];
  std::vector<uint64_t> has_element_;
  std::vector<uint64_t> is_valid_;
  std::vector<Gather> gathers_;
  Gather element_;
  Batch made_;
  bool stopped_ = false;  // no more rows are of use
};

}  // namespace

Status CompileExplode(ProgramReader* program, const Schema& input, std::unique_ptr<RowOperator>* result) {
  std::unique_ptr<Expression> list;
  RUNJOB_RETURN_IF_ERROR(Expression::Compile(program, input, &list));
  if (list->type().id != TypeId::kList) return BadProgram();
  bool outer = false;
  uint32_t count = 0;
  program->Read(&outer);
  if (!program->Read(&count)) return BadProgram();
  auto explode = std::make_unique<Explode>(std::move(list), outer);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t column = 0;
    if (!program->Read(&column) || column >= input.size()) return BadProgram();
    explode->Keep(column, input[column]);
  }
  bool has_position = false;
  std::string name;
  if (!program->Read(&has_position)) return BadProgram();
  if (has_position) {
    if (!program->Read(&name)) return BadProgram();
    explode->AddPosition(std::move(name));
  }
  if (!program->Read(&name)) return BadProgram();
  explode->AddElement(std::move(name));
  uint32_t most = 0;
  if (!program->Read(&most)) return BadProgram();
  explode->ExpectElements(most);
  *result = std::move(explode);
  return Status::Ok();
}

}  // namespace runjob
