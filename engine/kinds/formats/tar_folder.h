// A folder as a tar stream and back, with everything that the operating system knows of its files.
#pragma once

#include <atomic>
#include <functional>
#include <map>

#include "engine/base/wire.h"
#include "engine/kinds/formats/files.h"
#include "engine/source/node.h"

namespace backcast::kinds {

// What tells whether an entry is still what was read: its inode, size and time of change.
struct EntryState {
  std::uint64_t inode = 0, size_bytes = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const EntryState&) const = default;
};
using FolderState = std::map<std::string, EntryState>;

// Writes all that lies beneath `folder` to `sink` and returns the state in which each entry was
// read. `bytes` counts contents as they are read. Errors: what cannot be read (kPartialSource),
// those of the sink, kInterrupted.
Result<FolderState> tar_folder(env::Env& env, const Path& folder, const ByteSink& sink,
                               std::atomic<std::uint64_t>& bytes, const std::atomic<bool>& stop);
// The states alone, as they are now.
Result<FolderState> look_at_folder(env::Env& env, const Path& folder);

struct TarEntry {
  std::string path;       // without leading "./" and trailing "/"; "" = the folder itself
  source::Node node;      // its name is the last step of the path
  std::string hard_link;  // path of the entry whose content it shares; "" = has its own
};
// Each entry of a tar (GNU, pax or ustar, sparse entries too; as it is or as gzip), in order.
// `content` gives its data extents one after the other, without holes, as node.data lists them.
// Errors: kCorrupt for what is no whole tar or names a place outside; those of `visit`.
using TarVisitor = std::function<Status(const TarEntry& entry,
                                        const std::function<Status(const ByteSink&)>& content)>;
Status read_tar(const Path& file, const TarVisitor& visit);

// kCorrupt for a tar that holds anything but files and folders: of strangers, a link could lead to
// what is not theirs.
Status check_only_files(const Path& file);

// Puts the entries of a tar beneath `into` and nowhere else; sparse entries become sparse files.
Status untar(env::Env& env, const Path& file, const Path& into, const std::atomic<bool>& stop);

}  // namespace backcast::kinds
