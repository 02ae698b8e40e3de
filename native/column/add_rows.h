// Gives the rows of a source to a sink, so that a row at fault is known by its record.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "column/vector.h"
#include "record/bad_record.h"

namespace runjob {

// A record of the input: where it starts, and its text.
struct RecordPlace {
  uint64_t offset;
  Slice text;
};

// What is wrong with a value, with the beginning of its text; JSON's has quotes where it is a string.
std::string BadCell(const Field& column, Slice text);
std::string BadJsonValue(const Field& column, Slice text);

// Adds all rows of the batch, which has no selection. The first row at fault ends that, with the offset of its record: the rows
// before it are added. With `bad`, rows at fault are noted there and left out. Adds to *added how many rows the sink has taken.
//
// Rows at fault behind the last one that the sink needs do not count: which rows share a batch is by chance.
template <class PlaceOf>
Status AddRows(const Batch& rows, const PlaceOf& place_of, ColumnSink* sink, BadRecords* bad, uint64_t* added) {
  std::vector<uint16_t> selection;
  size_t next = 0;
  size_t end = rows.rows;
  Status fault;  // of row `end`
  while (next < rows.rows && !sink->done()) {
    if (next < end) {
      Batch some = rows;
      some.count = end - next;
      if (some.count < rows.rows) some.selection = selection.data() + next;
      Status status = sink->Add(some);
      if (!status.ok()) {
        const int64_t row = status.offset();
        if (row < static_cast<int64_t>(next) || row >= static_cast<int64_t>(end)) return status;
        for (size_t i = selection.size(); i < rows.rows; i++) selection.push_back(static_cast<uint16_t>(i));
        // An expression meets all rows before the next one does: rows before this one may be at fault, too.
        end = static_cast<size_t>(row);
        fault = std::move(status);
        continue;
      }
      *added += some.count;
      if (sink->done()) break;
    }
    if (end == rows.rows) break;
    const RecordPlace place = place_of(end);
    fault = Status::BadRecord(fault.code(), fault.detail(), static_cast<int64_t>(place.offset));
    if (bad == nullptr) return fault;
    bad->push_back({std::move(fault), Excerpt(place.text)});
    next = end + 1;
    end = rows.rows;
  }
  return Status::Ok();
}

}  // namespace runjob
