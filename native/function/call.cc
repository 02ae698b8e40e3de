#include "function/call.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "column/dictionary.h"
#include "function/literal.h"

namespace runjob {

namespace {

// A function that cannot fail looks at all entries of a dictionary at once up to here; else only at those that occur.
constexpr size_t kMostAtOnce = 2 * kVectorRows;
// Larger dictionaries hardly repeat.
constexpr size_t kMostEntries = 1 << 16;

class CallNode : public Node {
 public:
  CallNode(Type type, std::vector<std::unique_ptr<Node>> args, std::unique_ptr<Kernel> kernel)
      : Node(std::move(type)), args_(std::move(args)), kernel_(std::move(kernel)), out_(this->type()) {
    for (const auto& arg : args_) {
      flat_.emplace_back(std::make_unique<VectorBuffer>(arg->type()));
      literals_ += arg->literal() ? 1 : 0;
    }
    values_.resize(args_.size());
  }

  Status Evaluate(const Frame& frame, Vector* result) override {
    if (frame.rows.count == 0) return Null(result);
    RUNJOB_RETURN_IF_ERROR(EvaluateArguments(frame));
    size_t constants = 0;
    size_t dictionaries = 0;
    size_t dictionary = 0;
    for (size_t i = 0; i < values_.size(); i++) {
      const Vector& value = values_[i];
      constants += value.form == VectorForm::kConstant ? 1 : 0;
      if (value.form == VectorForm::kDictionary) {
        dictionaries++;
        dictionary = i;
      }
      if (kernel_->strict() && value.form == VectorForm::kConstant && !value.valid(0)) return Null(result);
    }
    if (constants == values_.size()) return EvaluateConstant(frame.rows, result);
    if (dictionaries == 1 && constants + 1 == values_.size() && kernel_->strict() && !type().is_nested() &&
        !args_[dictionary]->type().is_nested() && values_[dictionary].entries <= kMostEntries) {
      return EvaluateDictionary(frame.rows, dictionary, result);
    }
    for (size_t i = 0; dictionaries > 0 && i < values_.size(); i++) {
      if (values_[i].form == VectorForm::kDictionary) Flatten(frame.rows, i);
    }
    out_.Reset(frame.rows.size);
    const uint64_t* const validity = kernel_->strict() ? CommonValidity(frame.rows.size) : nullptr;
    RUNJOB_RETURN_IF_ERROR(kernel_->Run(values_, frame.rows, validity, &out_));
    *result = out_.vector();
    AddNulls(validity, result);
    return Status::Ok();
  }

 private:
  Status Null(Vector* result) {
    *result = NullVector(type());
    return Status::Ok();
  }

  Status EvaluateArguments(const Frame& frame) {
    for (size_t i = 0; i < args_.size(); i++) {
      Status status = args_[i]->Evaluate(frame, &values_[i]);
      if (status.ok()) continue;
      if (i == 0 || !kernel_->strict()) return status;
      // What comes after a null is not asked for, in the rows where it is null: then there may be no error.
      Rows rows = frame.rows;
      for (size_t j = 0; j < i; j++) {
        rows.count = SelectValid(rows, values_[j], selection_);
        rows.selection = selection_;
      }
      if (rows.count == frame.rows.count) return status;
      if (rows.count == 0) {
        values_[i] = NullVector(args_[i]->type());
        continue;
      }
      // Its rows stay as they are while the arguments are asked.
      std::vector<uint16_t> narrow(rows.selection, rows.selection + rows.count);
      rows.selection = narrow.data();
      RUNJOB_RETURN_IF_ERROR(args_[i]->Evaluate({frame.columns, rows}, &values_[i]));
    }
    return Status::Ok();
  }

  // An error is that of the first row: every row has it.
  static Status AtFirst(Status status, const Rows& rows) {
    if (status.ok()) return status;
    return Status::BadRecord(status.code(), status.detail(), static_cast<int64_t>(rows[0]));
  }

  Status EvaluateConstant(const Rows& rows, Vector* result) {
    // Never the same for good: a column may be constant in one batch only.
    const bool literal = literals_ == args_.size();
    if (!literal || !constant_) {
      constant_ = false;
      out_.Reset(1);
      RUNJOB_RETURN_IF_ERROR(AtFirst(kernel_->Run(values_, AllRows(1), nullptr, &out_), rows));
      constant_ = literal;
    }
    *result = out_.vector(VectorForm::kConstant);
    return Status::Ok();
  }

  void Flatten(const Rows& rows, size_t i) {
    Vector& value = values_[i];
    VectorBuffer& flat = *flat_[i];
    flat.Reset(rows.size);
    const auto gather = [&]<class T>(T* out) {
      const T* const entries = static_cast<const T*>(value.values);
      if (rows.sparse()) {
        for (size_t k = 0; k < rows.count; k++) out[rows[k]] = entries[value.codes[rows[k]]];
      } else {
        for (size_t row = 0; row < rows.size; row++) out[row] = entries[value.codes[row]];
      }
    };
    const uint64_t* const validity = value.validity;
    switch (value.type->id == TypeId::kStruct || value.type->id == TypeId::kList ? 0 : value.type->width()) {
      case 1:
        gather(flat.values<uint8_t>());
        break;
      case 4:
        gather(flat.values<uint32_t>());
        break;
      case 8:
        gather(flat.values<uint64_t>());
        break;
      case 16:
        gather(flat.values<StringView>());
        break;
      default:
        for (size_t k = 0; k < rows.count; k++) flat.Copy(rows[k], value, rows[k]);
        value = flat.vector();
        return;
    }
    value = flat.vector();
    value.validity = validity;
  }

  // Null: all rows are valid.
  const uint64_t* CommonValidity(size_t rows) {
    const uint64_t* common = nullptr;
    for (const Vector& value : values_) {
      if (value.form == VectorForm::kConstant || value.validity == nullptr) continue;
      if (common == nullptr) {
        common = value.validity;
        continue;
      }
      const size_t words = (rows + 63) / 64;
      if (validity_.size() < words) validity_.resize(words);
      for (size_t word = 0; word < words; word++) validity_[word] = common[word] & value.validity[word];
      common = validity_.data();
    }
    return common;
  }

  void AddNulls(const uint64_t* validity, Vector* result) {
    if (validity == nullptr) return;
    if (result->validity == nullptr) {
      result->validity = validity;
      return;
    }
    out_.AddNulls(validity);
    result->validity = out_.vector().validity;
  }

  Status EvaluateDictionary(const Rows& rows, size_t at, Vector* result) {
    const Vector value = values_[at];
    if (id_ == 0 || id_ != value.dictionary || literals_ + 1 < args_.size()) {
      id_ = value.dictionary;
      own_id_ = 0;
      done_count_ = 0;
      done_.assign((value.entries + 63) / 64, 0);
      heap_.Clear();
      entries_.assign(value.entries * type().width(), 0);
      null_entries_.clear();
    }
    if (done_count_ < value.entries) RUNJOB_RETURN_IF_ERROR(EvaluateEntries(rows, at, value));
    *result = value;
    result->type = &type();
    result->values = entries_.data();
    result->dictionary = own_id_;
    if (null_entries_.empty()) return Status::Ok();
    const size_t words = (rows.size + 63) / 64;
    if (validity_.size() < words) validity_.resize(words);
    if (value.validity != nullptr) {
      std::copy(value.validity, value.validity + words, validity_.begin());
    } else {
      std::fill_n(validity_.begin(), words, ~uint64_t{0});
    }
    for (size_t i = 0; i < rows.count; i++) {
      const size_t row = rows[i];
      if (null_entries_[value.codes[row]] != 0) validity_[row / 64] &= ~(uint64_t{1} << (row % 64));
    }
    result->validity = validity_.data();
    return Status::Ok();
  }

  // Those that have not been looked at, and are asked for.
  Status EvaluateEntries(const Rows& rows, size_t at, const Vector& value) {
    wanted_.clear();
    const bool all = !kernel_->can_fail() && value.entries <= kMostAtOnce;
    if (all) {
      for (uint32_t code = 0; code < value.entries; code++) wanted_.push_back({code, 0});
    } else {
      ForValid(rows, value.validity, [&](size_t row) {
        const uint32_t code = value.codes[row];
        const uint64_t bit = uint64_t{1} << (code % 64);
        if ((done_[code / 64] & bit) == 0) wanted_.push_back({code, static_cast<uint32_t>(row)});
        done_[code / 64] |= bit;
        return true;
      });
    }
    if (own_id_ == 0 || !wanted_.empty()) own_id_ = NewDictionary();
    if (wanted_.empty()) return Status::Ok();
    VectorBuffer& flat = *flat_[at];
    flat.Reset(wanted_.size());
    Vector entries = value;
    entries.form = VectorForm::kFlat;
    entries.validity = nullptr;
    for (size_t i = 0; i < wanted_.size(); i++) flat.Copy(i, entries, wanted_[i].code);
    values_[at] = flat.vector();
    out_.Reset(wanted_.size());
    Status status = kernel_->Run(values_, AllRows(wanted_.size()), nullptr, &out_);
    values_[at] = value;
    if (!status.ok()) {
      id_ = 0;
      const size_t entry = status.offset() < 0 ? 0 : static_cast<size_t>(status.offset());
      return Status::BadRecord(status.code(), status.detail(), wanted_[entry].row);
    }
    const Vector made = out_.vector();
    const size_t width = type().width();
    for (size_t i = 0; i < wanted_.size(); i++) {
      char* const entry = entries_.data() + wanted_[i].code * width;
      if (!made.valid(i)) {
        if (null_entries_.empty()) null_entries_.assign(value.entries, 0);
        null_entries_[wanted_[i].code] = 1;
      } else if (type().is_bytes()) {
        // They are kept for the batches to come, longer than what a view may point to.
        const StringView view = heap_.Copy(made.at<StringView>(i).slice());
        std::memcpy(entry, &view, width);
      } else {
        std::memcpy(entry, static_cast<const char*>(made.values) + i * width, width);
      }
    }
    done_count_ += wanted_.size();
    return Status::Ok();
  }

  struct Wanted {
    uint32_t code;
    uint32_t row;  // the first that has it
  };

  const std::vector<std::unique_ptr<Node>> args_;
  const std::unique_ptr<Kernel> kernel_;
  size_t literals_ = 0;  // of the arguments
  std::vector<Vector> values_;
  std::vector<std::unique_ptr<VectorBuffer>> flat_;
  VectorBuffer out_;
  bool constant_ = false;  // out_ is the value for all batches
  std::vector<uint64_t> validity_;
  uint16_t selection_[kVectorRows];

  // The dictionary of the last batch, and what became of its entries.
  uint64_t id_ = 0;
  uint64_t own_id_ = 0;
  size_t done_count_ = 0;
  std::vector<uint64_t> done_;
  std::vector<char> entries_;
  std::vector<uint8_t> null_entries_;  // empty: none
  std::vector<Wanted> wanted_;
  TextHeap heap_;
};

}  // namespace

bool SameValues(const Type& a, const Type& b) {
  if (a.id != b.id || a.precision != b.precision || a.scale != b.scale || a.fields.size() != b.fields.size())
    return false;
  for (size_t i = 0; i < a.fields.size(); i++) {
    if (!SameValues(a.fields[i].type, b.fields[i].type)) return false;
  }
  return true;
}

bool Call::Is(std::initializer_list<TypeId> types, TypeId result) const {
  if (type.id != result || args.size() != types.size()) return false;
  size_t i = 0;
  for (const TypeId id : types) {
    if (this->id(i++) != id) return false;
  }
  return true;
}

bool Call::Alike(size_t least) const {
  if (args.size() < least) return false;
  return std::all_of(args.begin(), args.end(), [&](const auto& arg) { return SameValues(arg->type(), this->arg(0)); });
}

const Vector* Call::Literal(size_t i) const {
  if (!args[i]->literal()) return nullptr;
  const Vector& value = LiteralValue(*args[i]);
  return value.valid(0) ? &value : nullptr;
}

std::string Call::Text() const {
  std::string text = name + "(";
  for (size_t i = 0; i < args.size(); i++) text += (i == 0 ? "" : ", ") + TypeText(arg(i));
  return text + ") that gives " + TypeText(type);
}

std::unique_ptr<Node> MakeCall(Call* call, std::unique_ptr<Kernel> kernel) {
  if (kernel == nullptr) return nullptr;
  return std::make_unique<CallNode>(call->type, std::move(call->args), std::move(kernel));
}

}  // namespace runjob
