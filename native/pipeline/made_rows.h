// Rows that a pipeline makes, and that are no records of a file: those for which what follows fails are left out and noted, with their values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "column/add_rows.h"
#include "column/vector.h"
#include "pipeline/row_text.h"
#include "record/bad_record.h"

namespace runjob {

class MadeRows final : public ColumnSink {
 public:
  // `maker`: the link of the pipeline that makes them (pipeline.h). `take_bad` is called when many are noted.
  MadeRows(const Schema& schema, int32_t maker, BadRecords* bad, std::function<void()> take_bad, ColumnSink* next)
      : text_(schema), maker_(maker), bad_(bad), take_bad_(std::move(take_bad)), next_(next) {}

  Status Add(const Batch& batch) override {
    rows_ += batch.count;
    std::string text;
    const auto place_of = [&](size_t row) {
      // Before the next one is noted: a batch of joined rows follows another in the same call.
      if (take_bad_ && bad_->size() >= kMostNoted) take_bad_();
      text.clear();
      text_.Append(batch, row, &text);
      return RecordPlace{0, Slice(text), maker_};
    };
    uint64_t added = 0;
    return AddRows(batch, place_of, next_, bad_, &added);
  }
  Status Finish() override { return next_->Finish(); }
  bool done() const override { return next_->done(); }

  uint64_t rows() const { return rows_; }  // made

 private:
  static constexpr size_t kMostNoted = 256;

  const JsonRow text_;
  const int32_t maker_;
  BadRecords* const bad_;
  const std::function<void()> take_bad_;
  ColumnSink* const next_;
  uint64_t rows_ = 0;
};

}  // namespace runjob
