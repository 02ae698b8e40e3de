// Gives the rows of a source to a sink, so that a row at fault is known by its record.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "column/vector.h"
#include "record/bad_record.h"

namespace runjob {

// Of a row: the record of the input that it is, with its text, or what made it (bad_record.h).
struct RecordPlace {
  uint64_t offset;
  Slice text;
  int32_t maker = -1;
};

// What is wrong with a value, with the beginning of its text; JSON's has quotes where it is a string, and begins with its path.
std::string BadCell(const Field& column, Slice text);
std::string BadJsonValue(const std::string& path, const Type& type, Slice text);

// Adds the rows of the batch. The first row at fault ends that, with the offset of its record: the rows before it are added. With
// `bad`, rows at fault are noted there and left out. Adds to *added how many rows the sink has taken.
//
// Rows at fault behind the last one that the sink needs do not count: which rows share a batch is by chance.
template <class PlaceOf>
Status AddRows(const Batch& rows, const PlaceOf& place_of, ColumnSink* sink, BadRecords* bad, uint64_t* added) {
  std::vector<uint16_t> selection;
  size_t next = 0;  // of the rows that count
  size_t end = rows.count;
  Status fault;  // of row `end`
  while (next < rows.count && !sink->done()) {
    if (next < end) {
      Batch some = rows;
      some.count = end - next;
      if (some.count < rows.count) some.selection = selection.data() + next;
      Status status = sink->Add(some);
      if (!status.ok()) {
        for (size_t i = selection.size(); i < rows.count; i++) selection.push_back(static_cast<uint16_t>(rows.row(i)));
        const auto from = selection.begin() + static_cast<ptrdiff_t>(next);
        const auto to = selection.begin() + static_cast<ptrdiff_t>(end);
        const auto at = std::lower_bound(from, to, status.offset());
        if (at == to || *at != status.offset()) return status;
        // An expression meets all rows before the next one does: rows before this one may be at fault, too.
        end = static_cast<size_t>(at - selection.begin());
        fault = std::move(status);
        continue;
      }
      *added += some.count;
      if (sink->done()) break;
    }
    if (end == rows.count) break;
    const RecordPlace place = place_of(rows.row(end));
    fault = Status::BadRecord(fault.code(), fault.detail(), static_cast<int64_t>(place.offset));
    if (bad == nullptr) return fault;
    bad->Add({std::move(fault), Excerpt(place.text), place.maker});
    next = end + 1;
    end = rows.count;
  }
  return Status::Ok();
}

}  // namespace runjob
