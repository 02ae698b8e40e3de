// The links of a pipeline. A program is read from front to back, so each is made before the one that follows it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/program.h"
#include "column/type.h"
#include "column/vector.h"
#include "pipeline/row_source.h"
#include "record/batch_sink.h"
#include "record/row_sample.h"

namespace runjob {

struct PipelineOptions;

// Adds what it makes of a batch to the next sink.
class RowOperator : public ColumnSink {
 public:
  virtual const Schema& schema() const = 0;  // of the rows that it passes on; stays where it is
  virtual size_t bytes() const { return 0; }
  // Of one that only selects rows: the columns that tell which. Null: it is another.
  virtual const std::vector<uint32_t>* filter_columns() const { return nullptr; }

  // Of the rows that it does not pass on, those that are told of.
  virtual uint64_t left_out() const { return 0; }

  // Whether the rows that it passes on are others than those that came in: an error's offset would be none of theirs.
  virtual bool makes_rows() const { return false; }

  // Call before anything is added.
  virtual void SetNext(ColumnSink* next) { next_ = next; }
  Status Finish() override { return next_->Finish(); }
  bool done() const override { return next_->done(); }

 protected:
  ColumnSink* next_ = nullptr;
};

// Each reads what follows the byte that names the operator, source or end. `input` must stay where it is.
Status CompileFilter(ProgramReader* program, const Schema& input, std::unique_ptr<RowOperator>* result);
Status CompileProject(ProgramReader* program, const Schema& input, std::unique_ptr<RowOperator>* result);
Status CompileExplode(ProgramReader* program, const Schema& input, std::unique_ptr<RowOperator>* result);
Status CompileLimit(ProgramReader* program, const Schema& input, std::unique_ptr<RowOperator>* result);
Status CompileExchangeSource(ProgramReader* program, std::unique_ptr<RowSource>* result);
// `sample` gets one, if the program wants it, and must stay where it is; `first` what may come before the end, if few rows are needed.
Status CompileExchangeEnd(ProgramReader* program, const Schema& input, const PipelineOptions& options,
                          std::optional<RowSample>* sample, std::unique_ptr<RowOperator>* first,
                          std::unique_ptr<ColumnSink>* result);
// Both append to `output`.
Status CompileTextEnd(ProgramReader* program, const Schema& input, std::string* output,
                      std::unique_ptr<ColumnSink>* result);
std::unique_ptr<ColumnSink> NewRowsEnd(std::string* output);
// What is done with files, one after another.
struct PartitionHost {
  std::function<void(const std::string& folder)> begin;
  std::function<void(Slice bytes)> pass;
  std::function<void(uint64_t rows)> end;
};
// An end appends to `text`, or passes on bytes in pieces.
using CompileEnd = std::function<Status(ProgramReader* program, const Schema& input, std::string* text,
                                        std::function<void(Slice)> pass, std::unique_ptr<ColumnSink>* result)>;
Status CompilePartitionEnd(ProgramReader* program, const Schema& input, const PartitionHost& host,
                           const CompileEnd& compile, std::unique_ptr<ColumnSink>* result);
// Both pass on the bytes in pieces.
Status CompileAvroEnd(ProgramReader* program, const Schema& input,
                      std::function<Status(uint8_t codec, Slice page, std::string* out)> compress,
                      std::function<void(Slice)> pass, std::unique_ptr<ColumnSink>* result);
Status CompileParquetEnd(ProgramReader* program, const Schema& input,
                         std::function<Status(uint8_t codec, Slice page, std::string* out)> compress,
                         std::function<void(Slice)> pass, std::unique_ptr<ColumnSink>* result);

}  // namespace runjob
