// Words as keys.
#pragma once

#include <memory>

#include "record/bad_record.h"
#include "record/batch_sink.h"
#include "record/mapper.h"

namespace runjob {

// Words of JavaScript's line.toLowerCase().split(/\s+/), invalid UTF-8 included (U+FFFD). Key: the word. No columns.
// The limit is for words, and 16 KiB at least. A line with words that are too long is one bad
// record; what is left out are these words. Its offset is exact if chunks are no larger than the limit.
std::unique_ptr<Mapper> NewWordsMapper(bool lowercase, RecordLimit limit, BatchSink* sink);

}  // namespace runjob
