// gzip files (RFC 1952). What is written begins anew at places that the content chooses: where two
// streams have long stretches in common their compressed forms have, too, so that a repository
// stores them once.
#pragma once

#include <memory>

#include "engine/base/wire.h"
#include "engine/kinds/formats/files.h"

namespace backcast::kinds {

class GzipWriter {
 public:
  // A new file; kExists if the name is taken.
  static Result<GzipWriter> create(const Path& path);
  GzipWriter(GzipWriter&&) noexcept;
  ~GzipWriter();
  Status append(ByteView bytes);
  Status finish();

 private:
  struct State;
  explicit GzipWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The content of a gzip file, in parts. Errors: kCorrupt if it is damaged or cut short.
Status gunzip(const Path& path, const ByteSink& sink);

}  // namespace backcast::kinds
