#include "engine/store/format/codec.h"

#define ZSTD_STATIC_LINKING_ONLY  // format without magic: four bytes less a chunk
#include <zstd.h>

#include "engine/base/assert.h"

namespace backcast::store {

struct Compressor::State {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ~State() { ZSTD_freeCCtx(context); }
};

Compressor::Compressor(int level) : state_(new State) {
  const auto set = [&](ZSTD_cParameter parameter, int value) {
    BACKCAST_ASSERT(!ZSTD_isError(ZSTD_CCtx_setParameter(state_->context, parameter, value)));
  };
  set(ZSTD_c_compressionLevel, level);
  // Within one chunk, short repetitions are what there is: rows of a database take 2 to 9 % less
  // than with zstd's choice of 5 to 7 bytes, at the same speed. Higher levels look for them anyway.
  if (level >= 1 && level <= 4) set(ZSTD_c_minMatch, 4);
  set(ZSTD_c_format, ZSTD_f_zstd1_magicless);
  set(ZSTD_c_contentSizeFlag, 0);  // the index holds the length
  set(ZSTD_c_checksumFlag, 0);     // the seal is the checksum
}

Compressor::~Compressor() = default;

ByteView Compressor::compress(ByteView plain, ByteSpan scratch) {
  if (plain.size() < 16) return plain;
  // Room for one byte less than plain: zstd gives up by itself where nothing is to be won.
  const std::size_t size =
      ZSTD_compress2(state_->context, scratch.data(), plain.size() - 1, plain.data(), plain.size());
  return ZSTD_isError(size) ? plain : ByteView(scratch.first(size));
}

struct Decompressor::State {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  ~State() { ZSTD_freeDCtx(context); }
};

Decompressor::Decompressor() : state_(new State) {
  BACKCAST_ASSERT(!ZSTD_isError(
      ZSTD_DCtx_setParameter(state_->context, ZSTD_d_format, ZSTD_f_zstd1_magicless)));
}

Decompressor::~Decompressor() = default;

bool Decompressor::decompress(ByteView packed, ByteSpan out) {
  return ZSTD_decompressDCtx(state_->context, out.data(), out.size(), packed.data(),
                             packed.size()) == out.size();
}

}  // namespace backcast::store
