#include "pipeline/pipeline.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "column/program.h"
#include "pipeline/blocks_end.h"
#include "pipeline/constants.h"
#include "pipeline/group_table.h"
#include "pipeline/groups.h"
#include "pipeline/key_filter.h"
#include "pipeline/made_rows.h"
#include "pipeline/merge_join.h"
#include "pipeline/meter.h"
#include "pipeline/operator.h"
#include "pipeline/probe.h"
#include "pipeline/row_source.h"
#include "pipeline/window.h"

namespace runjob {

namespace {

enum SourceCode : uint8_t { kBatches = 0, kRows = 1, kGroups = 2, kMergeJoin = 3, kWindow = 4 };
enum OperatorCode : uint8_t {
  kFilter = 0,
  kProject = 1,
  kLimit = 2,
  kProbe = 3,
  kConstants = 4,
  kKeyFilter = 5,
  kExplode = 6
};
enum EndCode : uint8_t {
  kExchange = 0,
  kTextOut = 1,
  kRowsOut = 2,
  kGroupTable = 3,
  kParquetOut = 4,
  kPartitionsOut = 5,
  kBlocksOut = 6,
  kAvroOut = 7
};

// Counts the rows that pass by.
class Counter : public ColumnSink {
 public:
  void SetNext(ColumnSink* next) { next_ = next; }
  Status Add(const Batch& batch) override {
    if (batch.count == 0) return Status::Ok();
    RUNJOB_RETURN_IF_ERROR(next_->Add(batch));
    rows_ += batch.count;
    if (after_batch) after_batch();
    return Status::Ok();
  }
  Status Finish() override { return next_->Finish(); }
  bool done() const override { return next_->done(); }
  uint64_t rows() const { return rows_; }

  std::function<void()> after_batch;

 private:
  ColumnSink* next_ = nullptr;
  uint64_t rows_ = 0;
};

// Loads columns that follow, or come next.
class Loading : public ColumnSink {
 public:
  Loading(std::vector<uint32_t> columns, ColumnSink* next) : columns_(std::move(columns)), next_(next) {}

  const std::vector<uint32_t>& columns() const { return columns_; }
  void SetLoader(ColumnLoader* loader) { loader_ = loader; }
  Status Add(const Batch& batch) override {
    if (loader_ == nullptr) return next_->Add(batch);
    loaded_ = batch;
    RUNJOB_RETURN_IF_ERROR(loader_->Load(columns_, &loaded_));
    return next_->Add(loaded_);
  }
  Status Finish() override { return next_->Finish(); }
  bool done() const override { return next_->done(); }

 private:
  const std::vector<uint32_t> columns_;
  ColumnSink* const next_;
  ColumnLoader* loader_ = nullptr;
  Batch loaded_;
};

class Chain : public Pipeline {
 public:
  Status Read(Slice bytes, const PipelineOptions& options) {
    ProgramReader program(bytes);
    RUNJOB_RETURN_IF_ERROR(ReadSource(&program));
    uint32_t count = 0;
    if (!program.Read(&count)) return BadProgram();
    const Schema* rows = &input();
    for (uint32_t i = 0; i < count; i++) {
      std::unique_ptr<RowOperator> next;
      RUNJOB_RETURN_IF_ERROR(ReadOperator(&program, *rows, options, &next));
      rows = &next->schema();
      operators_.push_back(std::move(next));
    }
    RUNJOB_RETURN_IF_ERROR(ReadEnd(&program, *rows, options));
    if (!program.at_end()) return BadProgram();
    tail_.after_batch = [this, take = options.take_output, most = options.output_bytes] {
      if (take && output_.size() >= most) take();
    };
    const std::vector<std::vector<uint32_t>> late = LateColumns();
    ColumnSink* next = end_.get();
    if (first_ != nullptr) {
      next = Loaded(late, operators_.size(), next);
      first_->SetNext(next);
      next = first_.get();
    }
    tail_.SetNext(next);
    next = Measured(&tail_, options.measured);
    const auto judge = [&](const Schema& schema, size_t maker) {
      made_.push_back(
          std::make_unique<MadeRows>(schema, static_cast<int32_t>(maker), options.bad, options.take_output, next));
      next = made_.back().get();
    };
    for (size_t i = operators_.size(); i-- > 0;) {
      if (options.bad != nullptr && operators_[i]->makes_rows()) judge(operators_[i]->schema(), i + 1);
      next = Loaded(late, i, next);
      operators_[i]->SetNext(next);
      next = Measured(operators_[i].get(), options.measured);
    }
    if (options.bad != nullptr && source_ != nullptr) judge(source_->schema(), 0);
    head_.SetNext(next);
    std::reverse(meters_.begin(), meters_.end());
    return Status::Ok();
  }

  const Schema& input() const override { return source_ == nullptr ? input_ : source_->schema(); }
  ColumnSink* head() override { return &head_; }

  std::vector<uint32_t> LoadLate(ColumnLoader* loader) override {
    std::vector<uint32_t> all;
    // From the last to the first: they were made in that order.
    for (size_t i = loadings_.size(); i-- > 0;) {
      const std::vector<uint32_t>& columns = loadings_[i]->columns();
      all.insert(all.end(), columns.begin(), columns.end());
      loadings_[i]->SetLoader(loader);
    }
    return all;
  }

  Status Drain(Cursor* cursor, size_t max_records, size_t* records) override {
    if (source_ == nullptr) return Status::Error("BAD_ARGUMENT", "the pipeline takes no records of an exchange");
    return WithoutPlace(source_->Drain(cursor, max_records, &head_, records));
  }

  Status SetConstants(Slice program) override {
    if (constants_ == nullptr) return Status::Error("BAD_ARGUMENT", "the pipeline has no constants");
    return constants_->Set(program);
  }

  Status Finish() override { return WithoutPlace(head_.Finish()); }

  uint64_t rows_in() const override { return head_.rows(); }
  uint64_t rows_out() const override { return tail_.rows(); }
  uint64_t rows_made() const override {
    uint64_t rows = 0;
    for (const auto& made : made_) rows += made->rows();
    return rows;
  }
  uint64_t rows_left_out() const override {
    uint64_t rows = 0;
    for (const auto& link : operators_) rows += link->left_out();
    return rows;
  }
  size_t bytes() const override {
    size_t bytes = source_ == nullptr ? 0 : source_->bytes();
    for (const auto& link : operators_) bytes += link->bytes();
    if (groups_ != nullptr) bytes += groups_->bytes();
    return bytes;
  }
  std::string* output() override { return &output_; }
  RowPlaces* places() override { return wants_places_ ? &places_ : nullptr; }
  std::vector<LinkMeasure> measures() const override {
    std::vector<LinkMeasure> measures;
    for (size_t i = 0; i < meters_.size(); i++) {
      const uint64_t next = i + 1 < meters_.size() ? meters_[i + 1]->nanoseconds() : 0;
      measures.push_back({meters_[i]->rows(), meters_[i]->nanoseconds() - next});
    }
    return measures;
  }
  const RowSample* sample() const override { return sample_ ? &*sample_ : nullptr; }

 private:
  ColumnSink* Loaded(const std::vector<std::vector<uint32_t>>& late, size_t i, ColumnSink* link) {
    if (i >= late.size() || late[i].empty()) return link;
    loadings_.push_back(std::make_unique<Loading>(late[i], link));
    return loadings_.back().get();
  }

  ColumnSink* Measured(ColumnSink* link, bool measured) {
    if (!measured) return link;
    meters_.push_back(std::make_unique<Meter>(link));
    return meters_.back().get();
  }

  // The row of a batch that was made here says nothing to those outside.
  static Status WithoutPlace(Status status) {
    if (status.ok() || status.offset() == -1) return status;
    return Status::Error(status.code(), status.detail());
  }

  // After each of the first filters, that of the end included: what is needed there for the first time.
  std::vector<std::vector<uint32_t>> LateColumns() const {
    std::vector<std::vector<uint32_t>> late;
    if (source_ != nullptr) return late;
    std::set<uint32_t> open;
    for (uint32_t i = 0; i < input_.size(); i++) open.insert(i);
    // Constants come before filters, and keep the places of all columns.
    const size_t first = constants_ == nullptr ? 0 : 1;
    for (size_t i = first; i <= operators_.size(); i++) {
      const RowOperator* const filter = i < operators_.size() ? operators_[i].get() : first_.get();
      const std::vector<uint32_t>* const columns = filter == nullptr ? nullptr : filter->filter_columns();
      if (columns == nullptr) break;
      std::vector<uint32_t> next;
      for (const uint32_t column : *columns) {
        if (open.erase(column) > 0) next.push_back(column);
      }
      late.push_back(std::move(next));
    }
    // A batch has a column at least.
    if (late.empty() || late.front().empty()) return {};
    // The first filter's come with the batch.
    late.erase(late.begin());
    late.emplace_back(open.begin(), open.end());
    late.insert(late.begin(), first, {});
    return late;
  }

  Status ReadSource(ProgramReader* program) {
    uint8_t code = 0;
    if (!program->Read(&code)) return BadProgram();
    switch (code) {
      case kBatches:
        return program->Read(&input_) ? Status::Ok() : BadProgram();
      case kRows:
        return CompileExchangeSource(program, &source_);
      case kGroups:
        return CompileGroups(program, &source_);
      case kMergeJoin:
        return CompileMergeJoin(program, &source_);
      case kWindow:
        return CompileWindow(program, &source_);
      default:
        return BadProgram();
    }
  }

  Status ReadOperator(ProgramReader* program, const Schema& input, const PipelineOptions& options,
                      std::unique_ptr<RowOperator>* result) {
    uint8_t code = 0;
    if (!program->Read(&code)) return BadProgram();
    switch (code) {
      case kFilter:
        return CompileFilter(program, input, result);
      case kProject:
        return CompileProject(program, input, result);
      case kLimit:
        return CompileLimit(program, input, result);
      case kExplode:
        return CompileExplode(program, input, result);
      case kProbe:
        return CompileProbe(program, input, options.tables, result);
      case kKeyFilter:
        return CompileKeyFilter(program, input, options.tables, result);
      case kConstants: {
        std::unique_ptr<Constants> constants;
        RUNJOB_RETURN_IF_ERROR(Constants::Compile(program, input, &places_, &constants));
        constants_ = constants.get();
        wants_places_ |= constants->has_place();
        *result = std::move(constants);
        return Status::Ok();
      }
      default:
        return BadProgram();
    }
  }

  Status ReadEnd(ProgramReader* program, const Schema& input, const PipelineOptions& options) {
    uint8_t code = 0;
    if (!program->Read(&code)) return BadProgram();
    if (options.partitions > 0 && code != kExchange) return BadProgram();
    switch (code) {
      case kExchange:
        return CompileExchangeEnd(program, input, options, &sample_, &first_, &end_);
      case kTextOut:
        return CompileTextEnd(program, input, &output_, &end_);
      case kPartitionsOut:
        return ReadPartitions(program, input, options);
      case kRowsOut:
        end_ = NewRowsEnd(&output_);
        return Status::Ok();
      case kParquetOut:
        return CompileParquetEnd(program, input, options.compress, Passing(options), &end_);
      case kAvroOut:
        return CompileAvroEnd(program, input, options.compress, Passing(options), &end_);
      case kBlocksOut: {
        bool wants_places = false;
        RUNJOB_RETURN_IF_ERROR(CompileBlocksEnd(program, input, &places_, &output_, &wants_places, &end_));
        wants_places_ |= wants_places;
        return Status::Ok();
      }
      case kGroupTable: {
        std::unique_ptr<GroupTable> table;
        RUNJOB_RETURN_IF_ERROR(GroupTable::Compile(program, input, options.records, options.memory_bytes, &table));
        groups_ = table.get();
        end_ = std::move(table);
        return Status::Ok();
      }
      default:
        return BadProgram();
    }
  }

  std::function<void(Slice)> Passing(const PipelineOptions& options) {
    return [this, take = options.take_output, most = options.output_bytes](Slice bytes) {
      output_.append(bytes.data, bytes.size);
      if (take && output_.size() >= most) take();
    };
  }

  Status ReadPartitions(ProgramReader* program, const Schema& input, const PipelineOptions& options) {
    PartitionHost host{options.begin_file, Passing(options), nullptr};
    if (options.end_file && options.take_output) {
      host.end = [this, end = options.end_file, take = options.take_output](uint64_t rows) {
        if (!output_.empty()) take();
        end(rows);
      };
    }
    const CompileEnd compile = [compress = options.compress](ProgramReader* reader, const Schema& schema,
                                                             std::string* text, std::function<void(Slice)> pass,
                                                             std::unique_ptr<ColumnSink>* result) {
      uint8_t code = 0;
      if (!reader->Read(&code)) return BadProgram();
      if (code == kTextOut) return CompileTextEnd(reader, schema, text, result);
      if (code == kParquetOut) return CompileParquetEnd(reader, schema, compress, std::move(pass), result);
      if (code == kAvroOut) return CompileAvroEnd(reader, schema, compress, std::move(pass), result);
      return BadProgram();
    };
    return CompilePartitionEnd(program, input, host, compile, &end_);
  }

  Schema input_;  // kBatches
  std::unique_ptr<RowSource> source_;
  Counter head_;
  std::vector<std::unique_ptr<RowOperator>> operators_;
  std::vector<std::unique_ptr<Loading>> loadings_;
  std::vector<std::unique_ptr<MadeRows>> made_;
  Counter tail_;
  std::unique_ptr<RowOperator> first_;  // rows that the end may need; null: all
  std::optional<RowSample> sample_;     // of what the end takes
  std::unique_ptr<ColumnSink> end_;
  std::vector<std::unique_ptr<Meter>> meters_;  // of the operators and the end; none: nothing is measured
  GroupTable* groups_ = nullptr;                // the end, if it is one
  Constants* constants_ = nullptr;              // the operator, if there is one
  std::string output_;
  RowPlaces places_;  // for constants, or a blocks end
  bool wants_places_ = false;
};

}  // namespace

Status Pipeline::Compile(Slice program, const PipelineOptions& options, std::unique_ptr<Pipeline>* pipeline) {
  auto chain = std::make_unique<Chain>();
  RUNJOB_RETURN_IF_ERROR(chain->Read(program, options));
  *pipeline = std::move(chain);
  return Status::Ok();
}

}  // namespace runjob
