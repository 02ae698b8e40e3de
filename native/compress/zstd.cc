#include "compress/zstd.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "base/hash.h"
#include "compress/zstd_fse.h"

namespace runjob {

namespace {

constexpr uint32_t kMagic = 0xfd2fb528;
constexpr uint32_t kSkippableMagic = 0x184d2a50;
constexpr size_t kMaxBlockBytes = 128 << 10;
constexpr uint8_t kRawBlock = 0;
constexpr uint8_t kRleBlock = 1;
constexpr uint8_t kCompressedBlock = 2;
constexpr int kMaxHuffmanBits = 11;

struct Code {
  uint32_t base;
  uint8_t bits;
};
constexpr Code kLiteralLengths[36] = {
    {0, 0},   {1, 0},   {2, 0},     {3, 0},     {4, 0},     {5, 0},     {6, 0},      {7, 0},      {8, 0},
    {9, 0},   {10, 0},  {11, 0},    {12, 0},    {13, 0},    {14, 0},    {15, 0},     {16, 1},     {18, 1},
    {20, 1},  {22, 1},  {24, 2},    {28, 2},    {32, 3},    {40, 3},    {48, 4},     {64, 6},     {128, 7},
    {256, 8}, {512, 9}, {1024, 10}, {2048, 11}, {4096, 12}, {8192, 13}, {16384, 14}, {32768, 15}, {65536, 16}};
constexpr Code kMatchLengths[53] = {
    {3, 0},   {4, 0},     {5, 0},     {6, 0},     {7, 0},     {8, 0},      {9, 0},      {10, 0},    {11, 0},
    {12, 0},  {13, 0},    {14, 0},    {15, 0},    {16, 0},    {17, 0},     {18, 0},     {19, 0},    {20, 0},
    {21, 0},  {22, 0},    {23, 0},    {24, 0},    {25, 0},    {26, 0},     {27, 0},     {28, 0},    {29, 0},
    {30, 0},  {31, 0},    {32, 0},    {33, 0},    {34, 0},    {35, 1},     {37, 1},     {39, 1},    {41, 1},
    {43, 2},  {47, 2},    {51, 3},    {59, 3},    {67, 4},    {83, 4},     {99, 5},     {131, 7},   {259, 8},
    {515, 9}, {1027, 10}, {2051, 11}, {4099, 12}, {8195, 13}, {16387, 14}, {32771, 15}, {65539, 16}};
constexpr int16_t kLiteralCounts[36] = {4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1,  1,  2,  2,
                                        2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1};
constexpr int16_t kMatchCounts[53] = {1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1,  1,  1,  1,  1,  1,  1, 1,
                                      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,  1,  1,  1,  1,  1,  1, 1,
                                      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1};
constexpr int16_t kOffsetCounts[29] = {1, 1, 1, 1, 1, 1, 2, 2, 2, 1,  1,  1,  1,  1, 1,
                                       1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1};

uint64_t LittleEndian(const char* p, size_t bytes) {
  uint64_t value = 0;
  std::memcpy(&value, p, bytes);
  return value;
}

class HuffmanTable {
 public:
  bool empty() const { return bits_ == 0; }
  // Reads the description of a table; *used is how many bytes it takes.
  bool Read(Slice bytes, size_t* used);
  // Decodes a stream to exactly `size` bytes.
  bool Decode(Slice stream, char* out, size_t size) const;

 private:
  bool ReadWeights(Slice bytes, uint8_t* weights, size_t* count);
  bool Build(uint8_t* weights, size_t count);

  struct Entry {
    uint8_t symbol;
    uint8_t bits;
  };
  Entry entries_[1 << kMaxHuffmanBits];
  int bits_ = 0;
};

bool HuffmanTable::Read(Slice bytes, size_t* used) {
  if (bytes.size == 0) return false;
  const uint8_t header = static_cast<uint8_t>(bytes.data[0]);
  uint8_t weights[256] = {};
  size_t count = 0;
  if (header >= 128) {
    count = header - 127u;
    *used = 1 + (count + 1) / 2;
    if (*used > bytes.size) return false;
    for (size_t i = 0; i < count; i++) {
      const uint8_t pair = static_cast<uint8_t>(bytes.data[1 + i / 2]);
      weights[i] = i % 2 == 0 ? pair >> 4 : pair & 15;
    }
  } else {
    *used = 1 + size_t{header};
    if (*used > bytes.size || !ReadWeights(Slice(bytes.data + 1, header), weights, &count)) return false;
  }
  return Build(weights, count);
}

// Two states take turns, until there are no more bits.
bool HuffmanTable::ReadWeights(Slice bytes, uint8_t* weights, size_t* count) {
  FseTable table;
  size_t used = 0;
  if (!table.Read(bytes, 6, kMaxHuffmanBits + 1, &used)) return false;
  BackwardBits bits;
  if (!bits.Start(Slice(bytes.data + used, bytes.size - used))) return false;
  size_t states[2];
  for (size_t& state : states) state = bits.Read(table.log());
  if (bits.left() < 0) return false;
  for (size_t turn = 0;; turn ^= 1) {
    // The last weight is not written.
    if (*count >= 254) return false;
    const FseTable::Entry& entry = table.at(states[turn]);
    weights[(*count)++] = entry.symbol;
    states[turn] = entry.base + bits.Read(entry.bits);
    if (bits.left() >= 0) continue;
    weights[(*count)++] = table.at(states[turn ^ 1]).symbol;
    return true;
  }
}

bool HuffmanTable::Build(uint8_t* weights, size_t count) {
  uint32_t sum = 0;
  for (size_t i = 0; i < count; i++) {
    if (weights[i] > kMaxHuffmanBits) return false;
    sum += weights[i] == 0 ? 0 : 1u << (weights[i] - 1);
  }
  if (sum == 0) return false;
  const int bits = std::bit_width(sum);
  if (bits > kMaxHuffmanBits) return false;
  const uint32_t left = (1u << bits) - sum;
  if (!std::has_single_bit(left)) return false;
  weights[count++] = static_cast<uint8_t>(std::bit_width(left));
  // Long codes first, and of equal ones by symbol.
  uint32_t next = 0;
  for (int weight = 1; weight <= bits; weight++) {
    for (size_t symbol = 0; symbol < count; symbol++) {
      if (weights[symbol] != weight) continue;
      const uint32_t entries = 1u << (weight - 1);
      for (uint32_t i = 0; i < entries; i++) {
        entries_[next++] = Entry{static_cast<uint8_t>(symbol), static_cast<uint8_t>(bits + 1 - weight)};
      }
    }
  }
  bits_ = bits;
  return next == 1u << bits;
}

bool HuffmanTable::Decode(Slice stream, char* out, size_t size) const {
  BackwardBits bits;
  if (!bits.Start(stream)) return false;
  const char* const data = bits.data();
  int64_t left = bits.left();
  const uint64_t mask = (uint64_t{1} << bits_) - 1;
  size_t done = 0;
  // 56 bits are five symbols at least.
  constexpr int kLoaded = 56;
  while (size - done >= 5 && left >= kLoaded) {
    const int64_t base = left - kLoaded;
    uint64_t word;
    std::memcpy(&word, data + base / 8, 8);
    word >>= base & 7;
    int have = kLoaded;
    for (int i = 0; i < 5; i++) {
      const Entry entry = entries_[word >> (have - bits_) & mask];
      out[done++] = static_cast<char>(entry.symbol);
      have -= entry.bits;
    }
    left = base + have;
  }
  bits.set_left(left);
  for (; done < size; done++) {
    const int64_t before = bits.left();
    const Entry entry = entries_[bits.Read(bits_)];
    out[done] = static_cast<char>(entry.symbol);
    bits.set_left(before - entry.bits);
    if (bits.left() < 0) return false;
  }
  return bits.left() == 0;
}

class FrameDecoder {
 public:
  FrameDecoder(char* begin, char* end)
      : begin_(begin), out_(begin), end_(end), literals_(new char[kMaxBlockBytes + 32]) {}

  char* out() const { return out_; }
  bool DecodeBlock(Slice block);
  bool Copy(Slice bytes);
  bool Fill(char byte, size_t count);

 private:
  bool ReadLiterals(Slice* block);
  bool DecodeLiterals(Slice bytes, size_t streams);
  bool ReadTable(int mode, Slice* block, const int16_t* counts, int symbols, int log, int max_log, int max_symbol,
                 FseTable* table);
  bool ReadSequences(Slice block);
  bool CopyMatch(size_t offset, size_t length);
  bool ResolveOffset(uint64_t code, bool no_literals, size_t* offset);

  char* const begin_;
  char* out_;
  char* const end_;
  std::unique_ptr<char[]> literals_;
  size_t literal_count_ = 0;
  size_t literal_next_ = 0;
  HuffmanTable huffman_;
  FseTable literal_lengths_;
  FseTable offsets_;
  FseTable match_lengths_;
  size_t repeated_[3] = {1, 4, 8};
};

bool FrameDecoder::Copy(Slice bytes) {
  if (bytes.size > static_cast<size_t>(end_ - out_)) return false;
  if (bytes.size > 0) std::memcpy(out_, bytes.data, bytes.size);
  out_ += bytes.size;
  return true;
}

bool FrameDecoder::Fill(char byte, size_t count) {
  if (count > static_cast<size_t>(end_ - out_)) return false;
  std::memset(out_, byte, count);
  out_ += count;
  return true;
}

bool FrameDecoder::DecodeBlock(Slice block) { return ReadLiterals(&block) && ReadSequences(block); }

bool FrameDecoder::ReadLiterals(Slice* block) {
  if (block->size == 0) return false;
  const uint8_t first = static_cast<uint8_t>(block->data[0]);
  const int type = first & 3;
  const int format = first >> 2 & 3;
  literal_next_ = 0;
  if (type < 2) {
    const size_t header = format == 1 ? 2 : format == 3 ? 3 : 1;
    if (header > block->size) return false;
    literal_count_ = static_cast<size_t>(LittleEndian(block->data, header) >> (header == 1 ? 3 : 4));
    const size_t stored = type == 0 ? literal_count_ : 1;
    if (literal_count_ > kMaxBlockBytes || stored > block->size - header) return false;
    if (type == 0) {
      if (stored > 0) std::memcpy(literals_.get(), block->data + header, stored);
    } else {
      std::memset(literals_.get(), block->data[header], literal_count_);
    }
    *block = Slice(block->data + header + stored, block->size - header - stored);
    return true;
  }
  const size_t header = format < 2 ? 3 : format == 2 ? 4 : 5;
  const int width = format < 2 ? 10 : format == 2 ? 14 : 18;
  if (header > block->size) return false;
  const uint64_t sizes = LittleEndian(block->data, header) >> 4;
  literal_count_ = static_cast<size_t>(sizes & ((1u << width) - 1));
  const size_t stored = static_cast<size_t>(sizes >> width & ((1u << width) - 1));
  if (literal_count_ > kMaxBlockBytes || stored > block->size - header) return false;
  Slice bytes(block->data + header, stored);
  *block = Slice(block->data + header + stored, block->size - header - stored);
  if (type == 2) {
    size_t used = 0;
    if (!huffman_.Read(bytes, &used)) return false;
    bytes = Slice(bytes.data + used, bytes.size - used);
  }
  if (huffman_.empty()) return false;
  return DecodeLiterals(bytes, format == 0 ? 1 : 4);
}

bool FrameDecoder::DecodeLiterals(Slice bytes, size_t streams) {
  if (streams == 1) return huffman_.Decode(bytes, literals_.get(), literal_count_);
  constexpr size_t kJumpBytes = 6;
  if (bytes.size < kJumpBytes) return false;
  const size_t share = (literal_count_ + 3) / 4;
  if (3 * share > literal_count_) return false;
  const char* next = bytes.data + kJumpBytes;
  size_t left = bytes.size - kJumpBytes;
  for (size_t i = 0; i < 4; i++) {
    const size_t stored = i < 3 ? static_cast<size_t>(LittleEndian(bytes.data + 2 * i, 2)) : left;
    const size_t size = i < 3 ? share : literal_count_ - 3 * share;
    if (stored > left || !huffman_.Decode(Slice(next, stored), literals_.get() + i * share, size)) return false;
    next += stored;
    left -= stored;
  }
  return true;
}

bool FrameDecoder::ReadTable(int mode, Slice* block, const int16_t* counts, int symbols, int log, int max_log,
                             int max_symbol, FseTable* table) {
  size_t used = 0;
  switch (mode) {
    case 0:
      return table->Build(counts, symbols, log);
    case 1: {
      if (block->size == 0 || static_cast<uint8_t>(block->data[0]) > max_symbol) return false;
      table->Repeat(static_cast<uint8_t>(block->data[0]));
      used = 1;
      break;
    }
    case 2:
      if (!table->Read(*block, max_log, max_symbol, &used)) return false;
      break;
    default:
      return !table->empty();
  }
  *block = Slice(block->data + used, block->size - used);
  return true;
}

bool FrameDecoder::ResolveOffset(uint64_t code, bool no_literals, size_t* offset) {
  if (code > 3) {
    *offset = static_cast<size_t>(code - 3);
  } else {
    const size_t index = static_cast<size_t>(code) - 1 + (no_literals ? 1 : 0);
    *offset = index < 3 ? repeated_[index] : repeated_[0] - 1;
    if (*offset == 0) return false;
    if (index == 0) return true;
    if (index == 1) {
      std::swap(repeated_[0], repeated_[1]);
      return true;
    }
  }
  repeated_[2] = repeated_[1];
  repeated_[1] = repeated_[0];
  repeated_[0] = *offset;
  return true;
}

bool FrameDecoder::CopyMatch(size_t offset, size_t length) {
  if (offset > static_cast<size_t>(out_ - begin_) || length > static_cast<size_t>(end_ - out_)) return false;
  const char* from = out_ - offset;
  if (offset >= 16) {
    // What is written too much is written again, or lies in the padding.
    for (size_t i = 0; i < length; i += 16) std::memcpy(out_ + i, from + i, 16);
  } else {
    for (size_t i = 0; i < length; i++) out_[i] = from[i];
  }
  out_ += length;
  return true;
}

bool FrameDecoder::ReadSequences(Slice block) {
  if (block.size == 0) return false;
  const uint8_t first = static_cast<uint8_t>(block.data[0]);
  size_t header = first < 128 ? 1 : first < 255 ? 2 : 3;
  if (header > block.size) return false;
  const auto byte = [&block](size_t i) { return size_t{static_cast<uint8_t>(block.data[i])}; };
  const size_t count = header == 1   ? first
                       : header == 2 ? ((size_t{first} - 128) << 8) + byte(1)
                                     : byte(1) + (byte(2) << 8) + 0x7f00;
  if (count == 0) {
    if (block.size != header) return false;
    return Copy(Slice(literals_.get(), literal_count_));
  }
  if (header + 1 > block.size) return false;
  const uint8_t modes = static_cast<uint8_t>(block.data[header++]);
  if ((modes & 3) != 0) return false;
  block = Slice(block.data + header, block.size - header);
  if (!ReadTable(modes >> 6, &block, kLiteralCounts, 36, 6, 9, 35, &literal_lengths_)) return false;
  if (!ReadTable(modes >> 4 & 3, &block, kOffsetCounts, 29, 5, 8, 31, &offsets_)) return false;
  if (!ReadTable(modes >> 2 & 3, &block, kMatchCounts, 53, 6, 9, 52, &match_lengths_)) return false;

  BackwardBits bits;
  if (!bits.Start(block)) return false;
  size_t literal_state = bits.Read(literal_lengths_.log());
  size_t offset_state = bits.Read(offsets_.log());
  size_t match_state = bits.Read(match_lengths_.log());
  for (size_t i = 0; i < count; i++) {
    const FseTable::Entry& literal_entry = literal_lengths_.at(literal_state);
    const FseTable::Entry& offset_entry = offsets_.at(offset_state);
    const FseTable::Entry& match_entry = match_lengths_.at(match_state);
    const uint64_t code = (uint64_t{1} << offset_entry.symbol) + bits.Read(offset_entry.symbol);
    const Code& match = kMatchLengths[match_entry.symbol];
    const size_t match_length = match.base + bits.Read(match.bits);
    const Code& literal = kLiteralLengths[literal_entry.symbol];
    const size_t literal_length = literal.base + bits.Read(literal.bits);
    if (i + 1 < count) {
      literal_state = literal_entry.base + bits.Read(literal_entry.bits);
      match_state = match_entry.base + bits.Read(match_entry.bits);
      offset_state = offset_entry.base + bits.Read(offset_entry.bits);
    }
    if (bits.left() < 0 || literal_length > literal_count_ - literal_next_) return false;
    if (!Copy(Slice(literals_.get() + literal_next_, literal_length))) return false;
    literal_next_ += literal_length;
    size_t offset = 0;
    if (!ResolveOffset(code, literal_length == 0, &offset) || !CopyMatch(offset, match_length)) return false;
  }
  return bits.left() == 0 && Copy(Slice(literals_.get() + literal_next_, literal_count_ - literal_next_));
}

struct FrameHeader {
  size_t bytes = 0;
  bool has_size = false;
  uint64_t size = 0;  // of the content, then
  bool has_sum = false;
};

bool ReadFrameHeader(Slice in, FrameHeader* header) {
  if (in.size < 5) return false;
  const uint8_t flags = static_cast<uint8_t>(in.data[4]);
  const bool is_single = (flags & 32) != 0;
  const size_t window_bytes = is_single ? 0 : 1;
  const size_t dictionary_bytes = (flags & 3) == 3 ? 4 : flags & 3;
  const size_t size_bytes = flags >> 6 == 0 ? (is_single ? 1 : 0) : size_t{1} << (flags >> 6);
  header->bytes = 5 + window_bytes + dictionary_bytes + size_bytes;
  if ((flags & 8) != 0 || header->bytes > in.size) return false;
  if (LittleEndian(in.data + 5 + window_bytes, dictionary_bytes) != 0) return false;
  header->has_size = size_bytes > 0;
  header->size = LittleEndian(in.data + header->bytes - size_bytes, size_bytes) + (size_bytes == 2 ? 256 : 0);
  header->has_sum = (flags & 4) != 0;
  return true;
}

// Takes the header of a block off the front of `in`. *stored is how many bytes of the block follow; `size` is its own, or that of its content.
bool TakeBlockHeader(Slice* in, bool* is_last, uint8_t* type, size_t* size, size_t* stored) {
  if (in->size < 3) return false;
  const uint64_t word = LittleEndian(in->data, 3);
  *in = Slice(in->data + 3, in->size - 3);
  *is_last = (word & 1) != 0;
  *type = static_cast<uint8_t>(word >> 1 & 3);
  *size = static_cast<size_t>(word >> 3);
  *stored = *type == kRleBlock ? 1 : *size;
  return *stored <= in->size;
}

// Takes a frame off the front of `in`, and appends to `*out`.
bool DecodeFrame(Slice* in, char** out, char* end) {
  FrameHeader header;
  if (!ReadFrameHeader(*in, &header)) return false;
  Slice rest(in->data + header.bytes, in->size - header.bytes);
  const auto decoder = std::make_unique<FrameDecoder>(*out, end);
  for (bool is_last = false; !is_last;) {
    uint8_t type = 0;
    size_t size = 0;
    size_t stored = 0;
    if (!TakeBlockHeader(&rest, &is_last, &type, &size, &stored)) return false;
    bool ok = false;
    switch (type) {
      case kRawBlock:
        ok = decoder->Copy(Slice(rest.data, size));
        break;
      case kRleBlock:
        ok = decoder->Fill(*rest.data, size);
        break;
      case kCompressedBlock:
        ok = decoder->DecodeBlock(Slice(rest.data, size));
        break;
      default:
        break;
    }
    if (!ok) return false;
    rest = Slice(rest.data + stored, rest.size - stored);
  }
  const Slice content(*out, static_cast<size_t>(decoder->out() - *out));
  if (header.has_size && header.size != content.size) return false;
  if (header.has_sum) {
    if (rest.size < 4) return false;
    if (LittleEndian(rest.data, 4) != (Xxh64(content, 0) & 0xffffffff)) return false;
    rest = Slice(rest.data + 4, rest.size - 4);
  }
  *in = rest;
  *out = decoder->out();
  return true;
}

// Takes a frame off the front of `in`, and adds to *bytes how many bytes its content has at most.
bool BoundFrame(Slice* in, uint64_t* bytes) {
  FrameHeader header;
  if (!ReadFrameHeader(*in, &header)) return false;
  Slice rest(in->data + header.bytes, in->size - header.bytes);
  uint64_t bound = 0;
  for (bool is_last = false; !is_last;) {
    uint8_t type = 0;
    size_t size = 0;
    size_t stored = 0;
    if (!TakeBlockHeader(&rest, &is_last, &type, &size, &stored)) return false;
    bound += type == kCompressedBlock ? kMaxBlockBytes : size;
    rest = Slice(rest.data + stored, rest.size - stored);
  }
  *bytes += header.has_size ? std::min(header.size, bound) : bound;
  const size_t sum = header.has_sum ? 4 : 0;
  if (rest.size < sum) return false;
  *in = Slice(rest.data + sum, rest.size - sum);
  return true;
}

// Gives each frame to `take`, which takes it off the front.
template <class Take>
bool ForEachFrame(Slice in, const Take& take) {
  while (in.size > 0) {
    if (in.size < 8) return false;
    const auto magic = static_cast<uint32_t>(LittleEndian(in.data, 4));
    if ((magic & 0xfffffff0) == kSkippableMagic) {
      const size_t skipped = 8 + static_cast<size_t>(LittleEndian(in.data + 4, 4));
      if (skipped > in.size) return false;
      in = Slice(in.data + skipped, in.size - skipped);
    } else if (magic != kMagic || !take(&in)) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool ZstdDecompress(Slice in, char* out, size_t size) {
  size_t own = 0;
  return ZstdDecompressUpTo(in, out, size, &own) && own == size;
}

bool ZstdDecompressUpTo(Slice in, char* out, size_t most, size_t* size) {
  char* next = out;
  if (!ForEachFrame(in, [&](Slice* rest) { return DecodeFrame(rest, &next, out + most); })) return false;
  *size = static_cast<size_t>(next - out);
  return true;
}

bool ZstdBound(Slice in, uint64_t* bytes) {
  *bytes = 0;
  return ForEachFrame(in, [&](Slice* rest) { return BoundFrame(rest, bytes); });
}

}  // namespace runjob
