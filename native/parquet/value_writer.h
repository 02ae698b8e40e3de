// The values of a page that is being written: as codes of a dictionary as long as that is smaller, else plain.
//
// Source: https://github.com/apache/parquet-format/blob/master/Encodings.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "column/type.h"
#include "column/vector.h"
#include "parquet/bounds.h"

namespace runjob::parquet {

class ValueWriter {
 public:
  virtual ~ValueWriter() = default;

  // Adds the values at `rows`, none of them null, and returns how many: no more after one that fills the page. What is in a page depends on
  // the values alone, not on how they come.
  virtual size_t Add(const Vector& vector, const uint32_t* rows, size_t count) = 0;
  // Whether the page must end here: it is large, or the dictionary is.
  virtual bool full() const = 0;
  // Appends the values of the page, without anything before them, which begins the next one. `is_first` of its chunk: a dictionary that saves
  // nothing there is given up.
  struct Encoded {
    bool has_codes;
    Bounds bounds;
  };
  virtual Encoded TakePage(bool is_first, std::string* out) = 0;
  // Appends the dictionary, and returns how many values it has; 0: no page has codes.
  virtual size_t TakeDictionary(std::string* out) = 0;
  // Of the chunk; the next chunk begins.
  virtual Bounds TakeBounds() = 0;
  // Of the page and the dictionary.
  virtual size_t bytes() const = 0;
  // Of two bounds: below 0 where a is less.
  virtual int CompareBounds(const std::string& a, const std::string& b) const = 0;
};

// REQUIRES: not a nested type.
std::unique_ptr<ValueWriter> NewValueWriter(const Type& type);

// Bytes of a FIXED_LEN_BYTE_ARRAY that holds decimals of this precision.
uint32_t DecimalBytes(uint8_t precision);

}  // namespace runjob::parquet
