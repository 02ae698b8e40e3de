#include "parquet/rle_writer.h"

#include <algorithm>

namespace runjob::parquet {

namespace {

// A run of fewer equal numbers takes no less than packing them.
constexpr size_t kLeastRun = 16;

void Varint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

// How many of the numbers are equal to the first, up to `most`.
template <class T>
size_t Equal(const T* numbers, size_t most) {
  size_t count = 1;
  while (count < most && numbers[count] == numbers[0]) count++;
  return count;
}

template <class T>
void Pack(const T* numbers, size_t count, int width, std::string* out) {
  const size_t groups = (count + 7) / 8;
  Varint(groups << 1 | 1, out);
  uint64_t bits = 0;
  int held = 0;
  for (size_t i = 0; i < groups * 8; i++) {
    bits |= uint64_t{i < count ? numbers[i] : 0u} << held;
    for (held += width; held >= 8; held -= 8, bits >>= 8) out->push_back(static_cast<char>(bits));
  }
}

}  // namespace

template <class T>
void WriteRle(const T* numbers, size_t count, int width, std::string* out) {
  for (size_t i = 0; i < count;) {
    const size_t run = Equal(numbers + i, count - i);
    if (run >= kLeastRun || run == count - i) {
      Varint(run << 1, out);
      for (int bit = 0; bit < width; bit += 8) out->push_back(static_cast<char>(uint64_t{numbers[i]} >> bit));
      i += run;
      continue;
    }
    // Packed numbers come by eight: those of a longer run fill up the last eight before it.
    size_t end = i + 8;
    while (end < count && Equal(numbers + end, std::min(kLeastRun, count - end)) < kLeastRun) end += 8;
    end = std::min(end, count);
    Pack(numbers + i, end - i, width, out);
    i = end;
  }
}

template void WriteRle<uint8_t>(const uint8_t*, size_t, int, std::string*);
template void WriteRle<uint32_t>(const uint32_t*, size_t, int, std::string*);

}  // namespace runjob::parquet
