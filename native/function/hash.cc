// Spark's hash: Murmur3 with 32 bits, seed 42, a value after another. Source: org.apache.spark.unsafe.hash.Murmur3_x86_32.
#include <cstring>

#include "function/call.h"
#include "function/functions.h"

namespace runjob {

namespace {

uint32_t Rotate(uint32_t x, int by) { return x << by | x >> (32 - by); }

uint32_t MixWord(uint32_t word) { return Rotate(word * 0xcc9e2d51, 15) * 0x1b873593; }

uint32_t MixHash(uint32_t hash, uint32_t word) { return Rotate(hash ^ MixWord(word), 13) * 5 + 0xe6546b64; }

uint32_t Finish(uint32_t hash, uint32_t size) {
  hash ^= size;
  hash ^= hash >> 16;
  hash *= 0x85ebca6b;
  hash ^= hash >> 13;
  hash *= 0xc2b2ae35;
  return hash ^ hash >> 16;
}

uint32_t HashInt(uint32_t value, uint32_t seed) { return Finish(MixHash(seed, value), 4); }

uint32_t HashLong(int64_t value, uint32_t seed) {
  const auto bits = static_cast<uint64_t>(value);
  return Finish(MixHash(MixHash(seed, static_cast<uint32_t>(bits)), static_cast<uint32_t>(bits >> 32)), 8);
}

// Words, and then one by one what is left, each byte with its sign as a word.
uint32_t HashBytes(Slice bytes, uint32_t seed) {
  uint32_t hash = seed;
  size_t i = 0;
  for (; i + 4 <= bytes.size; i += 4) {
    uint32_t word;
    std::memcpy(&word, bytes.data + i, 4);
    hash = MixHash(hash, word);
  }
  for (; i < bytes.size; i++) hash = MixHash(hash, static_cast<uint32_t>(static_cast<int8_t>(bytes.data[i])));
  return Finish(hash, static_cast<uint32_t>(bytes.size));
}

uint32_t HashDouble(double value, uint32_t seed) {
  if (value == 0) value = 0;  // -0, too
  int64_t bits;
  std::memcpy(&bits, &value, 8);
  if (value != value) bits = 0x7ff8000000000000;
  return HashLong(bits, seed);
}

// The bytes of Java's BigInteger: big endian, as few as hold the sign.
uint32_t HashWide(__int128 value, uint32_t seed) {
  char bytes[16];
  for (int i = 0; i < 16; i++) bytes[i] = static_cast<char>(value >> (8 * (15 - i)));
  size_t start = 0;
  while (start < 15 && ((bytes[start] == 0 && bytes[start + 1] >= 0) || (bytes[start] == -1 && bytes[start + 1] < 0))) {
    start++;
  }
  return HashBytes(Slice(bytes + start, 16 - start), seed);
}

// A null leaves the seed.
uint32_t HashValue(const Vector& vector, size_t row, uint32_t seed) {
  if (!vector.valid(row)) return seed;
  switch (vector.type->id) {
    case TypeId::kBoolean:
      return HashInt(vector.at<uint8_t>(row), seed);
    case TypeId::kInt:
    case TypeId::kDate:
      return HashInt(static_cast<uint32_t>(vector.at<int32_t>(row)), seed);
    case TypeId::kLong:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return HashLong(vector.at<int64_t>(row), seed);
    case TypeId::kDouble:
      return HashDouble(vector.at<double>(row), seed);
    case TypeId::kDecimal:
      if (!vector.type->is_wide()) return HashLong(vector.at<int64_t>(row), seed);
      return HashWide(vector.at<__int128>(row), seed);
    case TypeId::kString:
    case TypeId::kBinary:
      return HashBytes(vector.at<StringView>(row).slice(), seed);
    case TypeId::kList: {
      const ListRange list = vector.at<ListRange>(row);
      for (uint32_t i = 0; i < list.count; i++) seed = HashValue(vector.children[0], list.start + i, seed);
      return seed;
    }
    case TypeId::kStruct:
      for (const Vector& field : vector.children) seed = HashValue(field, vector.index(row), seed);
      return seed;
  }
  return seed;
}

class HashKernel : public Kernel {
 public:
  bool strict() const override { return false; }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t*, VectorBuffer* out) override {
    int32_t* const results = out->values<int32_t>();
    for (size_t i = 0; i < rows.count; i++) {
      uint32_t hash = 42;
      for (const Vector& arg : args) hash = HashValue(arg, rows[i], hash);
      results[rows[i]] = static_cast<int32_t>(hash);
    }
    return Status::Ok();
  }
};

std::unique_ptr<Node> MakeHash(Call* call) {
  if (call->type.id != TypeId::kInt || call->args.empty()) return nullptr;
  return MakeCall(call, std::make_unique<HashKernel>());
}

}  // namespace

std::vector<Function> HashFunctions() { return {{"hash", MakeHash}}; }

}  // namespace runjob
