// A tree as a tar stream (POSIX.1-2001 pax): names of any bytes and length, nanosecond times,
// extended attributes (SCHILY.xattr, as GNU tar and bsdtar read them), hard links. Sockets are left
// out, holes become zeros.
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

  // Starts an entry; `path` without leading "/", in the order of a walk. Returns true if its
  // content must follow now: all node.content_bytes() through write. A further name of a hard link
  // has none. Folders are held back until what lies in them comes, for tar sets their times when it
  // leaves.
  Result<bool> begin(const std::string& path, const Node& node);
  Status write(ByteView content);
  Status end();     // of the entry
  Status finish();  // of the stream

 private:
  // Paths in the order of a walk: a folder, all beneath it, the next.
  struct DepthFirst {
    bool operator()(const std::string& a, const std::string& b) const;
  };
  Status put(std::string_view bytes);
  Status put_header(const std::string& path, const Node& node, std::uint64_t size_bytes, char type,
                    const std::string& target);
  Status flush_folders(const std::string* up_to);
  Status zeros(std::uint64_t count);

  Sink sink_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> first_names_;
  std::map<std::string, Node, DepthFirst> folders_;
  std::uint64_t position_bytes_ = 0;  // within the file, holes included
  std::uint64_t size_bytes_ = 0;
  std::vector<Extent> data_;
  std::size_t extent_ = 0;
};

}  // namespace backcast::source
