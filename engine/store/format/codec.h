// zstd, one context per thread. What does not shrink is stored as it is: the stored length tells.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/base/wire.h"

namespace backcast::store {

class Compressor {
 public:
  explicit Compressor(int level);
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  // The shorter of the two: `plain` compressed into `scratch`, or `plain` itself. `scratch` holds
  // at least plain.size() bytes.
  ByteView compress(ByteView plain, ByteSpan scratch);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  // True only if `packed` gives exactly out.size() bytes; never writes more.
  bool decompress(ByteView packed, ByteSpan out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace backcast::store
