// Blocks of runs: records that were encoded come back, whatever their keys share; and any bytes at all decode to records or to
// an error, without a byte read outside.
#include "fuzz/fuzz.h"
#include "run/run_block.h"

namespace runjob::fuzz {
namespace {

// Reads a payload to its end. Returns whether all of it is records.
bool Decode(const std::string& payload, std::vector<OwnRecord>* records) {
  const std::unique_ptr<char[]> copy(new char[payload.size()]);
  std::memcpy(copy.get(), payload.data(), payload.size());
  BlockDecoder decoder;
  if (!decoder.Begin(Slice(copy.get(), payload.size()))) return false;
  for (;;) {
    const SortedRecord* begin;
    const SortedRecord* end;
    if (!decoder.Read(&begin, &end)) return false;
    if (begin == end) return true;
    for (; begin != end; begin++) {
      EXPECT(begin->head == OrderedHeadOf(HeadOf(begin->key), begin->key.size));
      records->push_back({begin->key.ToString(), begin->value.ToString()});
    }
  }
}

// Keys in no order: what a block holds does not depend on it.
std::vector<OwnRecord> AnyRecords(Input* input) {
  std::vector<OwnRecord> records;
  const bool numbers = input->Flag();
  std::string key;
  while (!input->empty() && records.size() < 300) {
    key.resize(std::min<size_t>(key.size(), input->Byte()));
    key += std::string(input->Below(4) == 0 ? input->Below(40) : 0, 'k') + input->Text().substr(0, input->Below(20));
    std::string value;
    if (numbers && input->Below(50) != 0) {
      const uint64_t number = uint64_t{input->Word()} >> input->Below(32) << input->Below(33);
      value.assign(reinterpret_cast<const char*>(&number), sizeof(number));
    } else {
      value.assign(input->Below(4) == 0 ? input->Byte() : 3, 'v');
    }
    records.push_back({key, value});
  }
  return records;
}

void RoundTrip(const std::vector<OwnRecord>& records, size_t capacity) {
  std::vector<OwnRecord> got;
  for (const std::string& payload : EncodeBlocks(records, capacity)) EXPECT(Decode(payload, &got));
  EXPECT(got == records);
}

void Run(Input input) {
  if (input.Flag()) {
    const size_t capacity = 100 + 20 * size_t{input.Byte()};
    RoundTrip(AnyRecords(&input), capacity);
  } else {
    // Zeros after it as after any payload: they may be taken for bytes of a key, never for more.
    std::vector<OwnRecord> records;
    Decode(input.Rest(), &records);
  }
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::Run({data, size});
  return 0;
}
