// What the host language does on text: regular expressions are JavaScript's, and so is case beyond ASCII.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/slice.h"
#include "base/status.h"

namespace runjob {

// Texts one after another.
struct Texts {
  std::string bytes;
  std::vector<uint32_t> ends;

  size_t size() const { return ends.size(); }
  Slice at(size_t i) const {
    const size_t start = i == 0 ? 0 : ends[i - 1];
    return Slice(bytes.data() + start, ends[i] - start);
  }
  void Add(Slice text) {
    bytes.append(text.data, text.size);
    ends.push_back(static_cast<uint32_t>(bytes.size()));
  }
  void Clear() {
    bytes.clear();
    ends.clear();
  }
};

class TextHost {
 public:
  virtual ~TextHost() = default;

  // A result for each text; `split` gives several, and how many for each in `counts`. Functions and parameters: src/kernels/host.ts.
  virtual Status Call(std::string_view function, const std::vector<std::string>& parameters, const Texts& texts,
                      Texts* results, std::vector<uint32_t>* counts) = 0;
};

// The host of the calling thread; null: none. Functions that need one fail then.
void SetTextHost(TextHost* host);

Status CallHost(std::string_view function, const std::vector<std::string>& parameters, const Texts& texts,
                Texts* results, std::vector<uint32_t>* counts = nullptr);

}  // namespace runjob
