// A tree as a tar stream (POSIX.1-2001 pax) by libarchive: names of any bytes and length,
// nanosecond times, extended attributes as GNU tar and bsdtar read them, hard links. Sockets are
// left out; holes are the business of whoever hands the content in.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/wire.h"
#include "engine/source/node.h"

namespace backcast::source {

class TarWriter {
 public:
  using Sink = std::function<Status(ByteView)>;
  explicit TarWriter(Sink sink);
  ~TarWriter();

  // Starts an entry; `path` without leading "/", in the order of a walk. Returns true if its
  // content must follow now: all node.size_bytes, holes as zeros, through write. A further name of
  // a hard link has none. Folders are held back until what lies in them comes, for tar sets their
  // times when it leaves.
  Result<bool> begin(const std::string& path, const Node& node);
  Status write(ByteView content);
  Status end();     // of the entry
  Status finish();  // of the stream

 private:
  struct Stream;
  // Paths in the order of a walk: a folder, all beneath it, the next.
  struct DepthFirst {
    bool operator()(const std::string& a, const std::string& b) const;
  };
  Status put_header(const std::string& path, const Node& node, const std::string* first_name);
  Status flush_folders(const std::string* up_to);

  std::unique_ptr<Stream> stream_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> first_names_;
  std::map<std::string, Node, DepthFirst> folders_;
  std::uint64_t left_bytes_ = 0;  // of the entry's content
};

}  // namespace backcast::source
