// A tree as a tar stream (POSIX.1-2001 pax): names of any bytes and length, nanosecond times,
// extended attributes (SCHILY.xattr, as GNU tar and bsdtar read them), hard links.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/wire.h"
#include "engine/source/node.h"

namespace backcast::source {

class TarWriter {
 public:
  using Sink = std::function<Status(ByteView)>;
  explicit TarWriter(Sink sink) : sink_(std::move(sink)) {}

  // Starts an entry; `path` without leading "/". Returns true if its content must follow now: all
  // node.content_bytes() through write. A further name of a hard link has none.
  Result<bool> begin(const std::string& path, const Node& node);
  Status write(ByteView content);
  Status end();     // of the entry
  Status finish();  // of the stream

 private:
  Status put(std::string_view bytes);
  Status zeros(std::uint64_t count);

  Sink sink_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> first_names_;
  std::uint64_t position_bytes_ = 0;  // within the file, holes included
  std::uint64_t size_bytes_ = 0;
  std::vector<Extent> data_;
  std::size_t extent_ = 0;
};

}  // namespace backcast::source
