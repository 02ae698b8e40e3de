#include "pipeline/window.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "column/keys.h"
#include "pipeline/window_function.h"
#include "pipeline/window_rows.h"

namespace runjob {
namespace {

class Window final : public RowSource {
 public:
  Window(Schema input, Schema partition, size_t memory_bytes, std::string folder)
      : input_(std::move(input)),
        partition_(std::move(partition)),
        partition_keys_(NewKeyDecoder(partition_, {})),
        rows_(input_, memory_bytes, std::move(folder)),
        place_(&rows_) {}

  Status ReadFunctions(ProgramReader* program) {
    uint32_t results = 0;
    uint32_t count = 0;
    program->Read(&results);
    if (!program->Read(&count) || count == 0) return BadProgram();
    schema_ = input_;
    for (uint32_t i = 0; i < count; i++) {
      Part& part = parts_.emplace_back();
      RUNJOB_RETURN_IF_ERROR(ReadFunction(program, &part.function));
      for (size_t j = 0; j < part.function->results().size(); j++) {
        uint32_t at = 0;
        if (!program->Read(&at) || at >= results) return BadProgram();
        part.places.push_back(input_.size() + at);
        if (schema_.size() <= part.places.back()) schema_.resize(part.places.back() + 1);
        schema_[part.places.back()] = part.function->results()[j];
      }
    }
    // Each place has a result of its own.
    std::vector<bool> taken(results);
    size_t given = 0;
    for (const Part& part : parts_) {
      for (const size_t place : part.places) {
        if (taken[place - input_.size()]) return BadProgram();
        taken[place - input_.size()] = true;
        given++;
      }
    }
    return given == results ? Status::Ok() : BadProgram();
  }

  const Schema& schema() const override { return schema_; }
  size_t bytes() const override {
    size_t bytes = rows_.bytes();
    for (const Part& part : parts_) bytes += part.function->bytes();
    return bytes;
  }

  Status Drain(Cursor* cursor, size_t max_records, ColumnSink* rows, size_t* records) override {
    *records = 0;
    for (; cursor->valid() && *records < max_records; ++*records) {
      if (!rows->done()) {
        const uint64_t seen = rows_.end();
        RUNJOB_RETURN_IF_ERROR(Take(cursor->key(), cursor->value()));
        if (rows_.end() > seen) RUNJOB_RETURN_IF_ERROR(PassOn(rows));
      }
      RUNJOB_RETURN_IF_ERROR(cursor->Next());
    }
    if (*records > 0 || ended_) return Status::Ok();
    ended_ = true;
    rows_.End();
    return PassOn(rows);
  }

 private:
  struct Part {
    std::unique_ptr<WindowFunction> function;
    std::vector<size_t> places;  // of its results, in the schema
  };

  Status ReadFunction(ProgramReader* program, std::unique_ptr<WindowFunction>* function) {
    uint8_t kind = 0;
    if (!program->Read(&kind)) return BadProgram();
    switch (kind) {
      case 0:
        return CompileWindowRank(program, &rows_, function);
      case 1:
        return CompileWindowShift(program, input_, &rows_, function);
      case 2:
        return CompileWindowNth(program, input_, &rows_, function);
      case 3:
        return CompileWindowAggregates(program, input_, &rows_, function);
      default:
        return BadProgram();
    }
  }

  Status Take(Slice key, Slice row) {
    uint8_t flags = 0;
    if (!begun_ || !(key == Slice(key_))) {
      flags = kBeginsPeers;
      // No key of these columns is the beginning of another one.
      const bool same = begun_ && key.size >= partition_size_ &&
                        Slice(key.data, partition_size_) == Slice(key_.data(), partition_size_);
      if (!same) {
        flags |= kBeginsPartition;
        Slice rest = key;
        partition_keys_->Clear();
        RUNJOB_RETURN_IF_ERROR(partition_keys_->Add(&rest));
        partition_size_ = key.size - rest.size;
      }
      key_.assign(key.data, key.size);
      begun_ = true;
    }
    return rows_.Add(row, flags);
  }

  // The rows whose results are known.
  Status PassOn(ColumnSink* rows) {
    while (passed_ < rows_.end() && !rows->done()) {
      RUNJOB_RETURN_IF_ERROR(place_.Seek(passed_));
      const uint64_t end = place_.chunk()->end();
      while (reached_ < end && (reached_ == passed_ || ResultBytes() < kMostBytes)) {
        const uint64_t next = std::min(end, reached_ + step_);
        bool all = true;
        for (Part& part : parts_) {
          bool ready = true;
          RUNJOB_RETURN_IF_ERROR(part.function->Run(next, &ready));
          all &= ready;
        }
        if (!all) return rows_.Spill();
        reached_ = next;
      }
      RUNJOB_RETURN_IF_ERROR(Emit(rows));
    }
    return Status::Ok();
  }

  // The rows of the chunk from passed_ to reached_.
  Status Emit(ColumnSink* rows) {
    const uint64_t first = place_.chunk()->first;
    Batch batch = place_.chunk()->batch();
    const size_t begin = static_cast<size_t>(passed_ - first);
    batch.rows = static_cast<size_t>(reached_ - first);
    batch.count = batch.rows - begin;
    if (begin > 0) {
      selection_.clear();
      for (size_t i = begin; i < batch.rows; i++) selection_.push_back(static_cast<uint16_t>(i));
      batch.selection = selection_.data();
    }
    batch.columns.resize(schema_.size());
    for (Part& part : parts_) {
      const Batch& results = part.function->batch();
      for (size_t i = 0; i < part.places.size(); i++) batch.columns[part.places[i]] = results.columns[i];
    }
    RUNJOB_RETURN_IF_ERROR(rows->Add(batch));
    step_ = std::clamp(kMostBytes / (ResultBytes() / batch.count + 1), size_t{1}, kMostStep);
    passed_ = reached_;
    uint64_t needed = passed_;
    for (Part& part : parts_) {
      // Results lie where the rows of the chunk do.
      RUNJOB_RETURN_IF_ERROR(part.function->Clear(passed_ < place_.chunk()->end() ? batch.rows : 0));
      needed = std::min(needed, part.function->needs());
    }
    rows_.Release(needed);
    return Status::Ok();
  }

  size_t ResultBytes() const {
    size_t bytes = 0;
    for (const Part& part : parts_) bytes += part.function->result_bytes();
    return bytes;
  }

  // Rows at most between two looks at how large the results are: lists of all rows so far may be.
  static constexpr size_t kMostStep = 64;
  static constexpr size_t kMostBytes = size_t{4} << 20;

  const Schema input_;
  const Schema partition_;
  Schema schema_;
  const std::unique_ptr<KeyDecoder> partition_keys_;
  WindowRows rows_;
  WindowPlace place_;
  std::vector<Part> parts_;
  std::vector<uint16_t> selection_;

  bool begun_ = false;
  bool ended_ = false;
  std::string key_;            // of the last row
  size_t partition_size_ = 0;  // of the part of it that is the partition's
  size_t step_ = kMostStep;
  uint64_t reached_ = 0;  // rows before it have their results
  uint64_t passed_ = 0;   // rows before it have been passed on
};

}  // namespace

Status CompileWindow(ProgramReader* program, std::unique_ptr<RowSource>* source) {
  Schema input;
  uint32_t count = 0;
  program->Read(&input);
  if (!program->Read(&count)) return BadProgram();
  Schema partition;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t column = 0;
    if (!program->Read(&column) || column >= input.size()) return BadProgram();
    partition.push_back(input[column]);
  }
  uint64_t bytes = 0;
  std::string folder;
  program->Read(&bytes);
  if (!program->Read(&folder)) return BadProgram();
  auto window = std::make_unique<Window>(std::move(input), std::move(partition), bytes, std::move(folder));
  RUNJOB_RETURN_IF_ERROR(window->ReadFunctions(program));
  *source = std::move(window);
  return Status::Ok();
}

}  // namespace runjob
