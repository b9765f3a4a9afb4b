// SHA-256 of what comes in pieces.
#pragma once

#include <memory>
#include <string>

#include "engine/base/wire.h"
#include "engine/kinds/formats/files.h"

struct evp_md_ctx_st;

namespace backcast::kinds {

class Sha256 {
 public:
  Sha256();
  void add(ByteView bytes);
  std::string hex();  // of all that was added; once

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

// Of a whole file, in hexadecimal: what a Qdrant server keeps beside it as FILE.checksum.
Result<std::string> sha256_of(const Path& file);

}  // namespace backcast::kinds
