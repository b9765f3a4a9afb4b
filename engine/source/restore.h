// Writes a tree beneath a target folder and nowhere else. Every name is resolved by the kernel
// beneath a folder handle (openat2 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), never through a symlink,
// whatever stands on the disk or changes there meanwhile.
//
//   auto restorer = Restorer::open("/restore", options);
//   auto folder = (*restorer)->enter((*restorer)->root(), node_of_a_folder);
//   (*restorer)->write_file(*folder, node, bytes);                  // a small file at once
//   auto file = (*restorer)->begin_file(*folder, node);             // a large one in parts,
//   (*file)->write_at(0, bytes); … (*restorer)->commit(**file);     // from any thread
//   (*restorer)->write_other(*folder, node);                        // symlinks, fifos, devices
//   (*restorer)->finish();                                          // hard links, folder metadata
//
// All calls may come from several threads; a folder must be entered before its entries come.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/wire.h"
#include "engine/source/node.h"

namespace backcast::source {

enum class Overwrite : std::uint8_t {
  kAlways,  // replace what stands there
  kNever,   // keep what stands there; folders are entered
};

struct RestoreOptions {
  Overwrite overwrite = Overwrite::kAlways;
  bool owners = true;      // set owner and group; needs root, a note is made otherwise
  bool names = false;      // prefer user and group names to numbers
  bool setuid = false;     // keep setuid and setgid bits
  bool attributes = true;  // extended attributes and ACLs
  std::uint64_t direct_bytes = 8 << 20;  // files from this size bypass the page cache
};

struct RestoreCounts {
  std::uint64_t files = 0, folders = 0, others = 0, links = 0, kept = 0, bytes = 0;
};

class RestoreFolder;  // a handle on a folder beneath the target
class RestoreFile;    // a file being written

class Restorer {
 public:
  // Makes the target folder if it is missing. The target itself may be a symlink: the user's.
  static Result<std::unique_ptr<Restorer>> open(const std::string& target, RestoreOptions options);
  virtual ~Restorer() = default;

  virtual std::shared_ptr<RestoreFolder> root() = 0;
  // The folder's metadata for the target itself: applied by finish.
  virtual void root_metadata(const Node& node) = 0;
  virtual Result<std::shared_ptr<RestoreFolder>> enter(const std::shared_ptr<RestoreFolder>& parent,
                                                       const Node& node) = 0;
  // A whole file; `content` is node.content_bytes() long.
  virtual Status write_file(const std::shared_ptr<RestoreFolder>& parent, const Node& node,
                            ByteView content) = 0;
  // nullptr: nothing to write (a kept file, or a further name of a file already begun).
  virtual Result<std::shared_ptr<RestoreFile>> begin_file(
      const std::shared_ptr<RestoreFolder>& parent, const Node& node) = 0;
  virtual Status commit(RestoreFile& file) = 0;
  virtual Status write_other(const std::shared_ptr<RestoreFolder>& parent, const Node& node) = 0;
  // Links, then folders from the innermost outwards. Call once, when all else is done.
  virtual Status finish() = 0;

  virtual RestoreCounts counts() const = 0;
  // What could not be set and why (owner without root, unsupported attribute); at most 1000.
  virtual std::vector<std::string> notes() const = 0;
};

class RestoreFile {
 public:
  virtual ~RestoreFile() = default;  // removes what was not committed
  // Offsets are within the content (holes left out); any order, any thread. For files of
  // direct_bytes or more, 4096-aligned address, length and offset make it fastest.
  virtual Status write_at(std::uint64_t offset_bytes, ByteView bytes) = 0;
};

}  // namespace backcast::source
