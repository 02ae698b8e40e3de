#include "pipeline/group_values.h"

#include <algorithm>
#include <utility>

#include "column/keys.h"
#include "pipeline/value_list.h"

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
    const Slice arguments = program->rest();
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
    if (input != nullptr) Summarize(i, Slice(arguments.data, arguments.size - program->rest().size));
    if (part.call.tag == 0) continue;
    if (part.call.tag > tags_.size() + 1) return BadProgram();
    const TagKind kind = TagKindOf(part.call.fn);
    if (part.call.tag > tags_.size()) tags_.push_back(Tag{kind, {}});
    Tag& tag = tags_[part.call.tag - 1u];
    if (tag.kind != kind) return BadProgram();
    tag.values.push_back(i);
  }
  std::erase_if(summaries_, [](const Summary& one) { return one.parts.size() < 2; });
  for (Summary& one : summaries_) {
    one.argument = Slice();
    for (const size_t part : one.parts) parts_[part].summarized = true;
  }
  for (Tag& tag : tags_) {
    tag.offset = width_;
    if (tag.kind == TagKind::kDistinct) width_ += FewValues::kWidth;
    if (tag.kind == TagKind::kRanked) width_ += ValueList::kWidth;
  }
  return program->ok() ? Status::Ok() : BadProgram();
}

// Notes a part for the summary of its argument, if it can be in one.
void GroupValues::Summarize(size_t part, Slice argument) {
  const GroupCall& call = parts_[part].call;
  if (call.args.size() != 1 || call.args[0].id != TypeId::kDouble || call.tag != 0) return;
  const auto same = [&](const Summary& one) { return one.argument == argument; };
  auto one = std::find_if(summaries_.begin(), summaries_.end(), same);
  if (one == summaries_.end()) {
    one = summaries_.emplace(summaries_.end());
    one->argument = argument;
  }
  if (one->summary.Take(call.fn, parts_[part].offset)) one->parts.push_back(part);
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

bool GroupValues::has(TagKind kind) const {
  return std::any_of(tags_.begin(), tags_.end(), [kind](const Tag& tag) { return tag.kind == kind; });
}

bool GroupValues::all_ranked() const { return !has(TagKind::kDistinct) && !has(TagKind::kCounted); }

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
  for (const Summary& one : summaries_) {
    one.summary.Update(parts_[one.parts[0]].values[0], GroupRows{&batch, first, n, states, by_state, 0, arena});
  }
  for (Part& part : parts_) {
    if (part.summarized) continue;
    part.function->Update(part.values, GroupRows{&batch, first, n, states, by_state, part.offset, arena});
  }
  for (const Tag& tag : tags_) {
    if (tag.kind != TagKind::kRanked) continue;
    GroupRows{&batch, first, n, states, by_state, tag.offset, arena}.EachValue<double>(
        args(tag.values.front())[0],
        [arena](char* list, double value) { ValueList(list).Add(DoubleKey(value), arena); });
  }
}

void GroupValues::Write(const char* state, std::string* out) const {
  for (const Part& part : parts_) part.function->Write(state + part.offset, out);
  for (const Tag& tag : tags_) {
    if (tag.kind == TagKind::kDistinct) PutSized(FewValues::BytesOf(state + tag.offset), out);
    if (tag.kind == TagKind::kRanked) ValueBlocks::WriteState(state + tag.offset, out);
  }
}

Status GroupValues::Merge(char* state, Slice bytes, Arena* arena, std::vector<TagValues>* values) const {
  StateReader reader(bytes);
  for (const Part& part : parts_) {
    if (!part.function->Merge(state + part.offset, &reader, arena)) {
      return Status::Error("RUN_CORRUPT", "a state of a group ends early");
    }
  }
  for (size_t j = 0; j < tags_.size(); j++) {
    Slice few;
    const bool read =
        tags_[j].kind == TagKind::kCounted ||
        (tags_[j].kind == TagKind::kRanked ? (*values)[j].ranked.MergeState(&reader)
                                           : reader.ReadSized(&few) && FewValues::Each(few, [](Slice) {}));
    if (!read) return Status::Error("RUN_CORRUPT", "the values of a group end early");
    (*values)[j].few.append(few.data, few.size);
  }
  if (!reader.at_end()) return Status::Error("RUN_CORRUPT", "a state of a group is too long");
  return Status::Ok();
}

void GroupValues::AddValue(char* state, const Tag& tag, Slice key, uint64_t times, Arena* arena) const {
  for (const size_t i : tag.values) parts_[i].function->AddValue(state + parts_[i].offset, key, times, arena);
}

void GroupValues::AddRanked(char* state, const Tag& tag, const RankedRun& run, Arena* arena) const {
  for (const size_t i : tag.values) parts_[i].function->AddRanked(state + parts_[i].offset, run, arena);
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
