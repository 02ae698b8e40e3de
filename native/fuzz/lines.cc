// The lines mapper and the line filter, in chunks of any size and up to any limit, with lines that are too long among
// others, against lines that are cut with find('\n').
#include <algorithm>

#include "fuzz/fuzz.h"
#include "text/lines.h"

namespace runjob::fuzz {
namespace {

constexpr size_t kMapperLimitBytes = 16 << 10;

struct Line {
  size_t start;
  std::string content;
  bool ends;  // with a newline
};

// Those that start before the limit.
std::vector<Line> LinesOf(const std::string& text, uint64_t limit) {
  std::vector<Line> lines;
  for (size_t at = 0; at < text.size() && at < limit;) {
    const size_t newline = text.find('\n', at);
    const size_t end = std::min(newline, text.size());
    lines.push_back({at, text.substr(at, end - at), newline != std::string::npos});
    at = end + 1;
  }
  return lines;
}

// Where the line after the last one starts.
uint64_t EndOf(const std::vector<Line>& lines) {
  if (lines.empty()) return 0;
  return lines.back().start + lines.back().content.size() + (lines.back().ends ? 1 : 0);
}

std::vector<uint64_t> Offsets(const std::vector<BadRecord>& bad) {
  std::vector<uint64_t> offsets;
  for (const BadRecord& record : bad) {
    EXPECT(record.excerpt.size() <= kExcerptBytes);
    offsets.push_back(static_cast<uint64_t>(record.status.offset()));
  }
  return offsets;
}

void CheckMapper(const std::string& text, size_t chunk_bytes, uint64_t limit) {
  KeyRecorder recorder;
  const std::unique_ptr<Mapper> mapper = NewLinesMapper({kMapperLimitBytes, true}, &recorder);
  bool done = false;
  ForEachChunk(text, chunk_bytes, [&](Slice chunk, bool last) {
    EXPECT(mapper->Push(chunk, limit, last, &done).ok());
    return !done;
  });
  EXPECT(done);
  const std::vector<Line> lines = LinesOf(text, limit);
  std::vector<std::string> keys;
  std::vector<uint64_t> bad;
  for (const Line& line : lines) {
    if (line.content.size() > kMapperLimitBytes) {
      bad.push_back(line.start);
    } else {
      keys.push_back(line.content);
    }
  }
  EXPECT(recorder.keys == keys);
  EXPECT(Offsets(mapper->TakeBad()) == bad);
  EXPECT(mapper->records_in() == lines.size());
  EXPECT(mapper->records_out() == keys.size());
  EXPECT(mapper->position() == EndOf(lines));
}

void CheckFilter(const std::string& text, size_t chunk_bytes, uint64_t limit, const std::string& literal, bool invert,
                 size_t max_bytes) {
  LineFilter filter(literal, invert, false, {max_bytes, true});
  std::string out;
  bool done = false;
  ForEachChunk(text, chunk_bytes, [&](Slice chunk, bool last) {
    EXPECT(filter.Push(chunk, limit, last, &out, &done).ok());
    return !done;
  });
  EXPECT(done);
  const std::vector<Line> lines = LinesOf(text, limit);
  std::string kept;
  uint64_t records_out = 0;
  std::vector<uint64_t> bad;
  for (const Line& line : lines) {
    const size_t newline = line.start + line.content.size();
    // A line that lies in one chunk, with its newline, is not measured.
    const bool measured = !line.ends || (chunk_bytes > 0 && line.start / chunk_bytes != newline / chunk_bytes);
    if (measured && line.content.size() > max_bytes) {
      bad.push_back(line.start);
    } else if ((line.content.find(literal) != std::string::npos) != invert) {
      kept += line.content + '\n';
      records_out++;
    }
  }
  EXPECT(out == kept);
  EXPECT(Offsets(filter.TakeBad()) == bad);
  EXPECT(filter.records_in() == lines.size());
  EXPECT(filter.records_out() == records_out);
  EXPECT(filter.position() == EndOf(lines));
}

void Run(Input input) {
  const size_t chunk_bytes = input.Byte() * size_t{1 + input.Below(64)};
  const bool invert = input.Flag();
  const size_t max_bytes = 1 + input.Byte();
  const bool limited = input.Flag();
  const uint64_t limit = limited ? input.Word() % (size_t{64} << 10) : kNoLimit;
  const size_t repeats = 1 + input.Below(64);
  const std::string literal = input.Text();
  const std::string unit = input.Rest();
  std::string text;  // long enough for lines that no strip holds
  for (size_t i = 0; i < repeats; i++) text += unit;
  CheckMapper(text, chunk_bytes, limit);
  CheckFilter(text, chunk_bytes, limit, literal, invert, max_bytes);
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::Run({data, size});
  return 0;
}
