// Footers of any bytes: their row groups, or a refusal; places are within the footer, or before it in the file.
#include <string>

#include "fuzz/fuzz.h"
#include "parquet/footer.h"

namespace runjob::fuzz {
namespace {

constexpr uint64_t kStart = 1 << 20;

void Run(Slice footer) {
  parquet::RowGroups groups;
  const Status status = parquet::ReadRowGroups(footer, kStart, &groups);
  if (!status.ok()) {
    EXPECT(status.code() == std::string("PARQUET_CORRUPT"));
    return;
  }
  EXPECT(groups.end <= footer.size);
  const std::vector<double>& numbers = groups.numbers;
  EXPECT(!numbers.empty() && (groups.end > 0 || numbers[0] == 0));
  size_t at = 1;
  for (double left = numbers[0]; left > 0; left--) {
    const double rows = numbers[at];
    const double end = numbers[at + 3];
    EXPECT(rows >= 0 && numbers[at + 2] >= 0 && numbers[at + 2] <= end && (rows == 0 || end <= kStart));
    const auto columns = static_cast<size_t>(numbers[at + 1]);
    at += parquet::kGroupNumbers;
    for (size_t i = 0; i < columns; i++, at += parquet::kColumnNumbers) {
      for (size_t bound = at + 8; bound < at + 16; bound += 2) {
        EXPECT(numbers[bound] <= numbers[bound + 1] && numbers[bound + 1] <= static_cast<double>(footer.size));
      }
      for (size_t index = at + 16; index < at + 22; index += 2) EXPECT(numbers[index] < kStart);
    }
  }
  EXPECT(at == numbers.size());
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
