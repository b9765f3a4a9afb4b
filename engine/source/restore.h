// Writes a tree beneath a target folder and nowhere else. Every name is resolved by the kernel
// beneath a folder handle (openat2 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), never through a symlink,
// whatever stands on the disk or changes there meanwhile.
//
// What is not a folder gets its name when it is complete, and has a temporary one until then. The
// temporary names that a killed restore left are removed by the next one in the same folders; a
// shared lock on each folder tells it that no other restore is at work there.
//
//   auto restorer = *Restorer::open(env, "/restore", options);
//   auto folder = *restorer.folder("");                          // the target itself
//   restorer.make_folder(*folder, node);                         // then: restorer.folder("name")
//   restorer.write_file(*folder, node, content);                 // a small file at once
//   auto file = *restorer.begin_file(*folder, node);             // a large one in parts:
//   file->write_at(0, bytes); … restorer.commit(*file);          // from any thread
//   restorer.write_other(*folder, node);                         // symlinks, fifos, devices
//   restorer.finish();                                           // hard links, folder metadata
//   restorer.sync();                                             // until it is on the disk
//
// All calls but finish may come from several threads; a folder must be made before it is opened.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/wire.h"
#include "engine/env/env.h"
#include "engine/source/node.h"

namespace backcast::source {

enum class Overwrite : std::uint8_t {
  kAlways,  // replace what stands there
  kNever,   // keep what stands there; folders are entered
};

struct RestoreOptions {
  Overwrite overwrite = Overwrite::kAlways;
  bool owners = true;      // set owner and group; without root they stay ours, with a note
  bool names = false;      // prefer user and group names to numbers
  bool setuid = false;     // keep setuid, setgid and capabilities of files
  bool attributes = true;  // extended attributes and ACLs
  bool devices = false;    // make device nodes; otherwise a note tells what was left out
  std::uint64_t direct_bytes = 8 << 20;  // files from this size bypass the page cache
};

struct RestoreCounts {
  std::uint64_t files = 0, folders = 0, others = 0, links = 0, kept = 0, devices_left_out = 0,
                bytes = 0;
};

class RestoreFolder;  // a handle on a folder beneath the target; costs a descriptor while it lives

// What becomes of what stands there already.
enum class Standing : std::uint8_t {
  kRestored,   // a folder gets the metadata of the snapshot, anything else goes
  kNotListed,  // the same, but nothing goes for a folder that the snapshot does not list: the same
               // restore may have written it
  kAsItIs,     // a folder only leads to what is restored
};

// A file being written. Destroyed without commit, it is removed.
class RestoreFile {
 public:
  struct State;
  explicit RestoreFile(std::unique_ptr<State> state);
  ~RestoreFile();
  // Offsets are within the content (holes left out); any order, any thread. For files of
  // direct_bytes or more, an address, length and offset that are multiples of 4096 go fastest.
  Status write_at(std::uint64_t offset_bytes, ByteView bytes);

 private:
  friend class Restorer;
  std::unique_ptr<State> state_;
};

class Restorer {
 public:
  // Makes the target folder if it is missing. The target itself may be a symlink: the user's.
  // `env` must outlive it.
  static Result<Restorer> open(env::Env& env, const std::string& target, RestoreOptions options);
  Restorer(Restorer&&) noexcept;
  ~Restorer();

  // A folder made before, by its path beneath the target; "" is the target.
  Result<std::shared_ptr<RestoreFolder>> folder(const std::string& path);
  // Errors: an entry of that name was restored already, or a file stands there and is kept.
  Status make_folder(const RestoreFolder& parent, const Node& node,
                     Standing standing = Standing::kRestored);
  // What the target itself gets: applied by finish.
  void set_root_metadata(const Node& node);

  // A whole file; `content` is node.content_bytes() long.
  Status write_file(const RestoreFolder& parent, const Node& node, ByteView content);
  // nullptr: nothing to write (a kept file, or a further name of a file already begun).
  Result<std::unique_ptr<RestoreFile>> begin_file(const RestoreFolder& parent, const Node& node);
  Status commit(RestoreFile& file);
  Status write_other(const RestoreFolder& parent, const Node& node);
  // Links, then folders from the innermost outwards. Call once, when all else is done. Goes on
  // after an error and returns the first.
  Status finish();
  // Waits until all of it survives a power cut: one sync of each file system written to, which also
  // writes what others left to be written there. The first error, the others notwithstanding.
  Status sync();

  RestoreCounts counts() const;
  // What could not be set and why (owner without root, an attribute the file system does not
  // know); at most 1000.
  std::vector<std::string> notes() const;

 private:
  struct State;
  explicit Restorer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace backcast::source
