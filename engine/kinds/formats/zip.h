// Zip archives whose files are stored as they are: what did not change between two archives stays
// the same bytes, so that a repository stores it once.
#pragma once

#include <atomic>
#include <memory>

#include "engine/base/wire.h"
#include "engine/kinds/formats/files.h"

namespace backcast::kinds {

class ZipWriter {
 public:
  static Result<ZipWriter> create(const Path& path);
  ZipWriter(ZipWriter&&) noexcept;
  ~ZipWriter();
  Status add(const std::string& name, const Path& file, const std::atomic<bool>& stop);
  Status finish();

 private:
  struct State;
  explicit ZipWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Each file of an archive, in its order; `visit` takes the content before it returns. Errors:
// kCorrupt for what is no whole archive.
Status read_zip(
    const Path& path,
    const std::function<Status(const std::string& name,
                               const std::function<Status(const ByteSink&)>& content)>& visit);

}  // namespace backcast::kinds
