// Operators on malformed records: aggregate states, join keys, values of another layout. Each reads to its end or
// to a Status; and what collectors, runs aside, sort and merge is what a plain sort of the same records gives.
#include <algorithm>

#include "aggregate/aggregate.h"
#include "collect/collector.h"
#include "fuzz/fuzz.h"
#include "operator/format.h"
#include "operator/operators.h"
#include "operator/read.h"
#include "operator/rekey.h"
#include "run/merge.h"
#include "run/run_block.h"

namespace runjob::fuzz {
namespace {

Layout AnyLayout(Input* input) {
  Layout layout(input->Below(4));
  for (ValueKind& kind : layout) kind = input->Flag() ? ValueKind::kNumber : ValueKind::kBytes;
  return layout;
}

std::vector<AggregateSpec> AnySpecs(Input* input) {
  std::vector<AggregateSpec> specs(input->Below(4));
  for (AggregateSpec& spec : specs) {
    spec.fn = static_cast<AggregateFn>(input->Below(9));
    spec.column = spec.fn == AggregateFn::kCount ? -1 : 0;
    spec.kind = input->Flag() && spec.fn != AggregateFn::kSum && spec.fn != AggregateFn::kMean ? ValueKind::kBytes
                                                                                               : ValueKind::kNumber;
    spec.k = 1 + input->Below(5);
    spec.ascending = input->Flag();
  }
  return specs;
}

std::vector<OwnRecord> AnyRecords(Input* input) {
  std::vector<OwnRecord> records;
  while (!input->empty() && records.size() < 200) {
    OwnRecord record;
    // Few keys, so that there are groups; composite ones among them.
    record.key = std::string(1, static_cast<char>('a' + input->Below(4)));
    switch (input->Below(5)) {
      case 0:
        record.key = input->Text();
        break;
      case 1:
        record.key += std::string("\0\x01\0", 3);
        break;
      case 2:
        record.key += std::string("\0\x01\x01", 3) + input->Text();
        break;
      default:
        break;
    }
    record.value = input->Text();
    records.push_back(std::move(record));
  }
  std::sort(records.begin(), records.end(),
            [](const OwnRecord& a, const OwnRecord& b) { return Compare(a.key, b.key) < 0; });
  return records;
}

std::unique_ptr<Cursor> CursorOver(const std::vector<OwnRecord>& records) {
  return std::make_unique<RecordsCursor>(records);
}

void Format(std::unique_ptr<Cursor> cursor, const Layout& layout, uint32_t choice) {
  FormatOptions options;
  options.kind = static_cast<FormatKind>(choice % 3);
  options.key = static_cast<KeyKind>(choice / 3 % 3);
  options.layout = layout;
  options.raw.assign(layout.size(), choice % 2 == 1);
  if (!cursor->Start().ok()) return;
  std::string text;
  uint64_t count = 0;
  (void)runjob::Format(cursor.get(), options, 1 << 12, &text, &count).ok();
}

void ReadBatch(std::unique_ptr<Cursor> cursor, const Layout& layout, bool prefix_grouping) {
  constexpr size_t kRecords = 16, kBytes = 256;
  std::vector<std::unique_ptr<char[]>> bytes;
  std::vector<std::unique_ptr<uint32_t[]>> ends;
  std::vector<std::unique_ptr<double[]>> numbers;
  const auto bytes_target = [&] {
    bytes.emplace_back(new char[kBytes]);
    ends.emplace_back(new uint32_t[kRecords]);
    return BytesTarget{bytes.back().get(), kBytes, ends.back().get()};
  };
  ReadTarget target;
  target.keys = bytes_target();
  target.max_records = kRecords;
  for (const ValueKind kind : layout) {
    ReadTarget::Column column;
    if (kind == ValueKind::kNumber) {
      numbers.emplace_back(new double[kRecords]);
      column.numbers = numbers.back().get();
    } else {
      column.bytes = bytes_target();
    }
    target.columns.push_back(column);
  }
  uint8_t group_starts[kRecords];
  target.group_starts = group_starts;
  ReadOptions options;
  options.prefix_grouping = prefix_grouping;
  BatchReader reader;
  if (!cursor->Start().ok()) return;
  for (ReadCounts counts; reader.Read(cursor.get(), layout, options, target, &counts).ok() && counts.records > 0;) {
    counts = ReadCounts();
  }
}

// The same records through a collector: sorted as a stable sort does, each once.
void Collect(const std::vector<OwnRecord>& records, bool descending) {
  CollectorOptions options;
  options.layout = {ValueKind::kBytes};
  options.descending = descending;
  const std::unique_ptr<Collector> collector = NewAppendCollector(options);
  RecordsCursor from(records);
  EXPECT(from.Start().ok());
  RekeyOptions rekey;
  rekey.layout = options.layout;
  uint64_t moved = 0;
  EXPECT(MoveRecords(&from, rekey, records.size() + 1, collector.get(), &moved).ok());
  EXPECT(moved == records.size());
  const uint32_t* partition = nullptr;
  const std::unique_ptr<Cursor> sorted = collector->Sorted(&partition);
  std::vector<OwnRecord> got;
  EXPECT(ReadAll(sorted.get(), &got).ok());
  std::vector<OwnRecord> expected = records;
  std::stable_sort(expected.begin(), expected.end(), [&](const OwnRecord& a, const OwnRecord& b) {
    return descending ? Compare(a.key, b.key) > 0 : Compare(a.key, b.key) < 0;
  });
  EXPECT(got == expected);
}

// Records encoded in blocks, as in a run.
class BlocksSource final : public RecordSource {
 public:
  explicit BlocksSource(const std::vector<OwnRecord>& records) : blocks_(EncodeBlocks(records, kBlockBytes)) {}

  Status Read(const SortedRecord** begin, const SortedRecord** end) override {
    for (;;) {
      EXPECT(decoder_.Read(begin, end));
      if (*begin != *end || next_ == blocks_.size()) return Status::Ok();
      // Exactly as long as it is, so that a byte read beyond it is seen.
      const std::string& block = blocks_[next_++];
      payload_.reset(new char[block.size()]);
      std::memcpy(payload_.get(), block.data(), block.size());
      EXPECT(decoder_.Begin(Slice(payload_.get(), block.size())));
    }
  }

 private:
  static constexpr size_t kBlockBytes = 300;

  const std::vector<std::string> blocks_;
  size_t next_ = 0;
  std::unique_ptr<char[]> payload_;
  BlockDecoder decoder_;
};

void Merge(const std::vector<OwnRecord>& records, size_t inputs) {
  std::vector<std::vector<OwnRecord>> parts(inputs);
  for (size_t i = 0; i < records.size(); i++) parts[i % inputs].push_back(records[i]);
  std::vector<std::unique_ptr<RecordSource>> sources;
  std::vector<OwnRecord> expected;
  for (const std::vector<OwnRecord>& part : parts) {
    sources.push_back(std::make_unique<BlocksSource>(part));
    expected.insert(expected.end(), part.begin(), part.end());
  }
  std::stable_sort(expected.begin(), expected.end(),
                   [](const OwnRecord& a, const OwnRecord& b) { return Compare(a.key, b.key) < 0; });
  const std::unique_ptr<Cursor> merged = NewMerge(std::move(sources), false);
  std::vector<OwnRecord> got;
  EXPECT(ReadAll(merged.get(), &got).ok());
  EXPECT(got == expected);
}

void Run(Input input) {
  const uint32_t choice = input.Byte();
  const Layout layout = AnyLayout(&input);
  const std::vector<AggregateSpec> specs = AnySpecs(&input);
  const std::vector<OwnRecord> records = AnyRecords(&input);
  std::vector<OwnRecord> out;
  (void)ReadAll(NewAggregate(CursorOver(records), specs, choice % 2 == 0).get(), &out).ok();
  out.clear();
  (void)ReadAll(NewFinalize(CursorOver(records), specs).get(), &out).ok();
  out.clear();
  JoinOptions join;
  join.type = static_cast<JoinType>(choice % 6);
  join.tuple_key = choice % 7 < 3;
  join.left_fields = choice % 3;
  join.right_fields = choice % 5 % 3;
  join.group_limit_bytes = 100 + choice;
  (void)ReadAll(NewJoin(CursorOver(records), join).get(), &out).ok();
  out.clear();
  const std::unique_ptr<TopTracker> tracker = NewTopTracker(CursorOver(records), layout, choice % 4);
  if (ReadAll(tracker.get(), &out).ok()) EXPECT(tracker->Top().size() <= choice % 4);
  out.clear();
  (void)ReadAll(NewDropPrefix(CursorOver(records), choice % 9).get(), &out).ok();
  Format(CursorOver(records), layout, choice);
  ReadBatch(CursorOver(records), layout, choice % 2 == 0);
  Collect(records, choice % 2 == 0);
  Merge(records, 1 + choice % 7);
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::Run({data, size});
  return 0;
}
