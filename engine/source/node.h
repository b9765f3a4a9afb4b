// One entry of a backed-up tree: what a folder knows of a file, and the bytes it is kept as.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/wire.h"

namespace backcast::source {

enum class NodeKind : std::uint8_t {
  kFile = 1,
  kFolder,
  kSymlink,
  kFifo,
  kSocket,  // restored as a name that nobody listens at
  kCharDevice,
  kBlockDevice,
};
const char* name_of(NodeKind kind);  // "file", "folder", …

struct Extent {
  std::uint64_t offset_bytes = 0;
  std::uint64_t size_bytes = 0;
  bool operator==(const Extent&) const = default;
};

// Names and values are bytes as the kernel gives them. POSIX ACLs are the attributes
// system.posix_acl_access and system.posix_acl_default.
struct Attribute {
  std::string name, value;
  bool operator==(const Attribute&) const = default;
};

// What tells two files apart on one machine, as long as their file systems stay mounted.
struct FileId {
  std::uint64_t device = 0, inode = 0;
  bool operator==(const FileId&) const = default;
};

struct Node {
  std::string name;  // bytes, not necessarily UTF-8; never empty, ".", "..", with "/" or NUL
  NodeKind kind = NodeKind::kFile;
  std::uint16_t mode = 0;  // permission bits, setuid, setgid and sticky: 0 to 07777
  std::uint32_t uid = 0, gid = 0;
  std::string user, group;       // names of uid and gid where the machine knew them
  std::int64_t mtime_ns = 0;     // since 1970 UTC
  std::int64_t ctime_ns = 0;     // change detection only; cannot be restored
  FileId file;                   // which file the walk found; change detection only, not stored
  std::uint64_t size_bytes = 0;  // of a file
  // Hard links: entries of one snapshot with links > 1 and equal device and inode are one file.
  // Every one of them carries the content. 0 for folders and for files with one name.
  std::uint64_t device = 0, inode = 0, links = 0;
  std::uint32_t device_major = 0, device_minor = 0;  // of a device node
  std::string target;                                // of a symlink
  std::vector<Attribute> attributes;                 // in order of names
  // A sparse file's content is the bytes of its data extents one after another; the rest of
  // size_bytes is holes. Otherwise content is all size_bytes.
  bool sparse = false;
  std::vector<Extent> data;
  std::string content;  // how the repository finds the bytes; opaque here

  // Bytes that the repository holds for it: size_bytes without holes.
  std::uint64_t content_bytes() const;
  bool operator==(const Node&) const = default;
};

inline constexpr std::size_t kMaxNameBytes = 4096;
inline constexpr std::size_t kMaxTargetBytes = 64 << 10;
inline constexpr std::size_t kMaxAttributeBytes = 64 << 10;  // Linux: XATTR_SIZE_MAX
inline constexpr std::size_t kMaxAttributes = 1024;
inline constexpr std::size_t kMaxExtents = 1 << 22;  // holes between more of them are kept as zeros

// False for a name that must never reach a file system: empty, ".", "..", with "/" or NUL.
bool is_entry_name(std::string_view name);

// Appends the node: equal nodes give equal bytes on every machine.
void append_node(std::string& out, const Node& node);

// Reads one node from the front. Errors: kCorrupt for anything append_node does not write.
Result<Node> read_node(WireReader& in);

}  // namespace backcast::source
