#include "engine/source/node.h"

#include <algorithm>

#include "engine/base/checked.h"

namespace backcast::source {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::size_t kMaxOwnerBytes = 256;
constexpr std::uint64_t kMaxSizeBytes = INT64_MAX;  // off_t
// Which optional parts follow, in this order.
enum Part : std::uint64_t {
  kOwnerNames = 1,
  kSize = 2,
  kLinks = 4,
  kDevice = 8,
  kTarget = 16,
  kAttributes = 32,
  kSparse = 64,
  kContent = 128,
  kAllParts = 255
};

std::uint64_t parts_of(const Node& node) {
  std::uint64_t parts = 0;
  if (!node.user.empty() || !node.group.empty()) parts |= kOwnerNames;
  if (node.size_bytes != 0) parts |= kSize;
  if (node.links != 0 || node.device != 0 || node.inode != 0) parts |= kLinks;
  if (node.device_major != 0 || node.device_minor != 0) parts |= kDevice;
  if (!node.target.empty()) parts |= kTarget;
  if (!node.attributes.empty()) parts |= kAttributes;
  if (node.sparse) parts |= kSparse;
  if (!node.content.empty()) parts |= kContent;
  return parts;
}

// Seconds rounded down and nanoseconds apart: whole seconds, the common case in archives, are
// short.
void write_time(WireWriter& out, std::int64_t time_ns) {
  std::int64_t seconds = time_ns / kNsPerSecond;
  std::int64_t rest = time_ns % kNsPerSecond;
  if (rest < 0) {
    rest += kNsPerSecond;
    --seconds;
  }
  out.zigzag(seconds);
  out.varint(static_cast<std::uint64_t>(rest));
}

std::int64_t read_time(WireReader& in) {
  const std::int64_t seconds = in.zigzag();
  const auto rest = static_cast<std::int64_t>(in.varint(kNsPerSecond - 1));
  // The first second of the range does not fit once multiplied; add in the safe order.
  if (seconds < INT64_MIN / kNsPerSecond - 1 || seconds > INT64_MAX / kNsPerSecond) {
    in.fail();
    return 0;
  }
  const int128 time_ns = int128{seconds} * kNsPerSecond + rest;
  if (time_ns < INT64_MIN || time_ns > INT64_MAX) in.fail();
  return static_cast<std::int64_t>(time_ns);
}

void write_extents(WireWriter& out, const std::vector<Extent>& data) {
  out.varint(data.size());
  std::uint64_t at = 0;
  for (const Extent& extent : data) {
    out.varint(extent.offset_bytes - at);
    out.varint(extent.size_bytes);
    at = extent.offset_bytes + extent.size_bytes;
  }
}

// Extents in order, apart from each other, not empty, within the file.
void read_extents(WireReader& in, Node& node) {
  const std::uint64_t count = in.varint(std::min(in.rest().size(), kMaxExtents));
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::uint64_t gap = in.varint(node.size_bytes - at);
    const std::uint64_t offset_bytes = at + gap;
    const std::uint64_t size_bytes = in.varint(node.size_bytes - offset_bytes);
    if (size_bytes == 0 || (i > 0 && gap == 0)) in.fail();
    if (in.ok()) node.data.push_back({offset_bytes, size_bytes});
    at = offset_bytes + size_bytes;
  }
}

void read_attributes(WireReader& in, Node& node) {
  const std::uint64_t count = in.varint(kMaxAttributes);
  if (count == 0) in.fail();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Attribute attribute;
    attribute.name = in.bytes(255);  // Linux: XATTR_NAME_MAX
    attribute.value = in.bytes(kMaxAttributeBytes);
    const bool named = !attribute.name.empty() && attribute.name.find('\0') == std::string::npos;
    const bool ordered = i == 0 || node.attributes.back().name < attribute.name;
    if (!named || !ordered) in.fail();
    if (in.ok()) node.attributes.push_back(std::move(attribute));
  }
}

void read_parts(WireReader& in, std::uint64_t parts, Node& node) {
  if (parts & kOwnerNames) {
    node.user = in.bytes(kMaxOwnerBytes);
    node.group = in.bytes(kMaxOwnerBytes);
  }
  if (parts & kSize) node.size_bytes = in.varint(kMaxSizeBytes);
  if (parts & kLinks) {
    node.links = in.varint();
    node.device = in.varint();
    node.inode = in.varint();
  }
  if (parts & kDevice) {
    node.device_major = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
    node.device_minor = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
  }
  if (parts & kTarget) node.target = in.bytes(kMaxTargetBytes);
  if (parts & kAttributes) read_attributes(in, node);
  if (parts & kSparse) {
    node.sparse = true;
    read_extents(in, node);
  }
  if (parts & kContent) node.content = in.bytes(in.rest().size());
}

// What no walk produces and no restore should meet.
bool makes_sense(const Node& node) {
  const bool file = node.kind == NodeKind::kFile;
  const bool device = node.kind == NodeKind::kCharDevice || node.kind == NodeKind::kBlockDevice;
  if (!is_entry_name(node.name)) return false;
  if (!file && (node.size_bytes != 0 || node.sparse || !node.content.empty())) return false;
  if (!device && (node.device_major != 0 || node.device_minor != 0)) return false;
  const bool link = node.kind == NodeKind::kSymlink;
  if (link != !node.target.empty()) return false;
  return node.target.find('\0') == std::string::npos;
}

}  // namespace

const char* name_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::kFile:
      return "file";
    case NodeKind::kFolder:
      return "folder";
    case NodeKind::kSymlink:
      return "symlink";
    case NodeKind::kFifo:
      return "fifo";
    case NodeKind::kSocket:
      return "socket";
    case NodeKind::kCharDevice:
      return "character device";
    case NodeKind::kBlockDevice:
      return "block device";
  }
  return "unknown";
}

std::uint64_t Node::content_bytes() const {
  if (!sparse) return kind == NodeKind::kFile ? size_bytes : 0;
  std::uint64_t total = 0;
  for (const Extent& extent : data) total += extent.size_bytes;
  return total;
}

bool is_entry_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

void append_node(std::string& bytes, const Node& node) {
  BACKCAST_ASSERT(makes_sense(node));
  WireWriter out(bytes);
  const std::uint64_t parts = parts_of(node);
  out.varint(parts);
  out.u8(static_cast<std::uint8_t>(node.kind));
  out.bytes(node.name);
  out.varint(node.mode);
  out.varint(node.uid);
  out.varint(node.gid);
  write_time(out, node.mtime_ns);
  write_time(out, node.ctime_ns);
  if (parts & kOwnerNames) {
    out.bytes(node.user);
    out.bytes(node.group);
  }
  if (parts & kSize) out.varint(node.size_bytes);
  if (parts & kLinks) {
    out.varint(node.links);
    out.varint(node.device);
    out.varint(node.inode);
  }
  if (parts & kDevice) {
    out.varint(node.device_major);
    out.varint(node.device_minor);
  }
  if (parts & kTarget) out.bytes(node.target);
  if (parts & kAttributes) {
    out.varint(node.attributes.size());
    for (const Attribute& attribute : node.attributes) {
      out.bytes(attribute.name);
      out.bytes(attribute.value);
    }
  }
  if (parts & kSparse) write_extents(out, node.data);
  if (parts & kContent) out.bytes(node.content);
}

Result<Node> read_node(WireReader& in) {
  Node node;
  const std::uint64_t parts = in.varint(kAllParts);
  const std::uint8_t kind = in.u8();
  if (kind < 1 || kind > static_cast<std::uint8_t>(NodeKind::kBlockDevice)) in.fail();
  node.kind = static_cast<NodeKind>(kind);
  node.name = in.bytes(kMaxNameBytes);
  node.mode = static_cast<std::uint16_t>(in.varint(07777));
  node.uid = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
  node.gid = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
  node.mtime_ns = read_time(in);
  node.ctime_ns = read_time(in);
  if (in.ok()) read_parts(in, parts, node);
  // One encoding each: a part that is announced must say something.
  if (in.ok() && (!makes_sense(node) || parts_of(node) != parts)) in.fail();
  if (!in.ok()) return Error{Errc::kCorrupt, "a tree entry is damaged", {}, ""};
  return node;
}

}  // namespace backcast::source
