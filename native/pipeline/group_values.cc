#include "pipeline/group_values.h"

#include <algorithm>
#include <utility>

namespace runjob {

Status GroupValues::Read(ProgramReader* program, const Schema* input) {
  uint32_t count = 0;
  program->Read(&count);
  for (uint32_t i = 0; i < count && program->ok(); i++) {
    Part& part = parts_.emplace_back();
    uint8_t fn = 0;
    uint32_t fractions = 0;
    uint32_t args = 0;
    program->Read(&fn);
    program->Read(&part.call.result);
    program->Read(&part.call.k);
    program->Read(&part.call.ignore_nulls);
    program->Read(&fractions);
    for (uint32_t f = 0; f < fractions; f++) {
      if (!program->Read(&part.call.fractions.emplace_back())) return BadProgram();
    }
    program->Read(&part.call.tag);
    if (!program->Read(&args) || fn > static_cast<uint8_t>(GroupFn::kKurtosis)) return BadProgram();
    part.call.fn = static_cast<GroupFn>(fn);
    for (uint32_t a = 0; a < args; a++) {
      Type& type = part.call.args.emplace_back();
      if (input == nullptr) {
        if (!program->Read(&type)) return BadProgram();
      } else {
        std::unique_ptr<Expression> expression;
        RUNJOB_RETURN_IF_ERROR(Expression::Compile(program, *input, &expression));
        type = expression->type();
        part.expressions.push_back(std::move(expression));
      }
    }
    part.values.resize(args);
    RUNJOB_RETURN_IF_ERROR(NewGroupFunction(part.call, &part.function));
    part.offset = width_;
    width_ += part.function->width();
    if (part.call.tag == 0) continue;
    if (part.call.tag > tags_.size() + 1) return BadProgram();
    if (part.call.tag > tags_.size()) tags_.emplace_back();
    Tag& tag = tags_[part.call.tag - 1u];
    tag.values.push_back(i);
    tag.counts |= CountsValues(part.call.fn);
  }
  for (Tag& tag : tags_) {
    if (tag.counts) continue;
    tag.offset = width_;
    width_ += FewValues::kWidth;
  }
  return program->ok() ? Status::Ok() : BadProgram();
}

bool GroupValues::holds_values(size_t i) const {
  const GroupCall& call = parts_[i].call;
  switch (call.fn) {
    case GroupFn::kCollectList:
    case GroupFn::kCollectSet:
    case GroupFn::kTopK:
      return true;
    case GroupFn::kPercentile:
    case GroupFn::kPercentileDisc:
    case GroupFn::kMode:
      return call.tag == 0;
    default:
      return false;
  }
}

bool GroupValues::counts() const {
  return std::any_of(tags_.begin(), tags_.end(), [](const Tag& tag) { return tag.counts; });
}

Status GroupValues::Evaluate(const Batch& batch) {
  for (Part& part : parts_) {
    for (size_t a = 0; a < part.expressions.size(); a++) {
      RUNJOB_RETURN_IF_ERROR(part.expressions[a]->Evaluate(batch, &part.values[a]));
    }
  }
  return Status::Ok();
}

void GroupValues::Update(const Batch& batch, size_t first, size_t n, char* const* states,
                         const std::vector<StateRows>* by_state, Arena* arena) {
  for (Part& part : parts_) {
    part.function->Update(part.values, GroupRows{&batch, first, n, states, by_state, part.offset, arena});
  }
}

void GroupValues::Write(const char* state, std::string* out) const {
  for (const Part& part : parts_) part.function->Write(state + part.offset, out);
  for (const Tag& tag : tags_) {
    if (!tag.counts) PutSized(FewValues::BytesOf(state + tag.offset), out);
  }
}

Status GroupValues::Merge(char* state, Slice bytes, Arena* arena, std::vector<std::string>* few) const {
  StateReader reader(bytes);
  for (const Part& part : parts_) {
    if (!part.function->Merge(state + part.offset, &reader, arena)) {
      return Status::Error("RUN_CORRUPT", "a state of a group ends early");
    }
  }
  for (size_t j = 0; j < tags_.size(); j++) {
    if (tags_[j].counts) continue;
    Slice values;
    if (!reader.ReadSized(&values) || !FewValues::Each(values, [](Slice) {})) {
      return Status::Error("RUN_CORRUPT", "the values of a group end early");
    }
    (*few)[j].append(values.data, values.size);
  }
  if (!reader.at_end()) return Status::Error("RUN_CORRUPT", "a state of a group is too long");
  return Status::Ok();
}

Status GroupValues::AddValue(char* state, const Tag& tag, Slice key, uint64_t times, Arena* arena) const {
  for (const size_t i : tag.values) {
    RUNJOB_RETURN_IF_ERROR(parts_[i].function->AddValue(state + parts_[i].offset, key, times, arena));
  }
  return Status::Ok();
}

Status GroupValues::Finish(const char* state, std::string* row) const {
  row->assign((parts_.size() + 7) / 8, '\0');
  for (size_t i = 0; i < parts_.size(); i++) {
    bool null = false;
    RUNJOB_RETURN_IF_ERROR(parts_[i].function->Finish(state + parts_[i].offset, row, &null));
    if (null) (*row)[i / 8] |= static_cast<char>(1 << i % 8);
  }
  return Status::Ok();
}

}  // namespace runjob
