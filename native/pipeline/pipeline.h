// A chain of operators on typed columns, made from a program: what a task does with each batch of rows.
//
//   program     source, u32 count, operator..., end
//   source      u8 0, schema                                          batches from outside: scans of files
//               u8 1, schema                                          rows of an exchange: the value of a record is a row
//               ...                                                   the others: see their files
//   operator    u8 0, expression, bool                                filter: see filter.cc for the bool
//               u8 1, u32 count, (text name, expression)...           project
//               u8 2, u64 count                                       limit
//               u8 4, schema, bool                                    constants: see SetConstants, and constants.h for the bool
//               ...                                                   the others: see their files
//   end         u8 0, u32 count, (u32 column, bool descending, bool nulls first)..., u8 side, u32 count, u32 column...,
//               bool sampled, u32 most, if that is not 0 u8 function (rank_limit.h)
//                                                                     exchange: keys and rows into a BatchSink. Side: 0 none; 1 right, 2
//                                                                     left: the last byte of a key is 0 or 1. Then the columns whose
//                                                                     values decide the partition; none: the sink decides by the key.
//                                                                     Rows whose rank among those with equal values is above `most` may
//                                                                     be left out; keys begin with these columns then
//               u8 1, ...                                             text: CSV, TSV, JSON lines, into bytes
//               u8 2                                                  rows: u32 length and a row (column/rows.h) each, into bytes
//               u8 5, ...                                             blocks of columns, into bytes
//               ...                                                   the others: see their files
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "collect/collector.h"
#include "column/column_loader.h"
#include "column/row_places.h"
#include "column/type.h"
#include "column/vector.h"
#include "pipeline/join_table.h"
#include "record/bad_record.h"
#include "record/batch_sink.h"
#include "record/cursor.h"
#include "record/row_sample.h"

namespace runjob {

struct PipelineOptions {
  size_t memory_bytes = size_t{64} << 20;  // that operators may hold before they spill, or pass on
  BatchSink* records = nullptr;            // receives what an exchange takes; null if the end is another
  FirstRecords* first = nullptr;           // of the collector behind `records`
  uint32_t partitions = 0;                 // of `records`, if rows come with theirs; 0: by keys
  // Called between batches once output() has this many bytes: a batch that comes in may become any number of rows.
  std::function<void()> take_output;
  size_t output_bytes = size_t{1} << 20;
  // Of an end that writes several files: one begins in this folder, and has so many rows at its end. The output between is its content.
  std::function<void(const std::string& folder)> begin_file;
  std::function<void(uint64_t rows)> end_file;
  // Appends what a codec of Parquet makes of a page (parquet/source.h), if native code has none.
  std::function<Status(uint8_t codec, Slice page, std::string* out)> compress;
  // Where rows are noted that the pipeline made, such as joined ones, and that are at fault: they are left out. A note's maker is the place of
  // the operator in the program, from 1 on; 0 is the source. take_output is called if there are many. Null: the first one is an error.
  BadRecords* bad = nullptr;
  std::vector<std::shared_ptr<const JoinTable>> tables;  // that rows are joined with
  bool measured = false;                                 // measures() has something to tell
};

// Of an operator, or of the end with what it calls.
struct LinkMeasure {
  uint64_t rows_in;
  uint64_t nanoseconds;
};

class Pipeline {
 public:
  virtual ~Pipeline() = default;

  // BAD_ARGUMENT where the program is not one.
  static Status Compile(Slice program, const PipelineOptions& options, std::unique_ptr<Pipeline>* pipeline);

  virtual const Schema& input() const = 0;  // of the batches that head() takes
  virtual ColumnSink* head() = 0;           // where sources add batches
  // Lets a source of batches leave columns out of them: these, which only rows that pass the first filters need. `loader` is asked for them,
  // until this is called again; null: for none.
  virtual std::vector<uint32_t> LoadLate(ColumnLoader* loader) = 0;
  // As RowSource::Drain, into head(). REQUIRES: the source is one of an exchange.
  virtual Status Drain(Cursor* cursor, size_t max_records, size_t* records) = 0;
  // The values of the columns that the `constants` operator adds, for rows from now on: an expression each (constants.h).
  virtual Status SetConstants(Slice program) = 0;
  // There is no more. Call once.
  virtual Status Finish() = 0;
  virtual uint64_t rows_in() const = 0;        // added
  virtual uint64_t rows_out() const = 0;       // that the end received
  virtual uint64_t rows_made() const = 0;      // that may have been noted in options.bad
  virtual uint64_t rows_left_out() const = 0;  // by filters that count them
  virtual size_t bytes() const = 0;            // held by operators
  // Where a scan says which records the rows of its next batch are; null: no one asks.
  virtual RowPlaces* places() = 0;
  virtual std::string* output() = 0;                      // bytes that the end gave so far: the caller takes them
  virtual std::vector<LinkMeasure> measures() const = 0;  // of the operators, in their order, and of the end
  virtual const RowSample* sample() const = 0;            // of the records of an exchange; null if none was asked for
};

}  // namespace runjob
