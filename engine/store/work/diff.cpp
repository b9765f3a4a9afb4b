#include "engine/store/work/diff.h"

#include <algorithm>
#include <unordered_map>

#include "engine/store/packs/load_index.h"
#include "engine/store/repository/lease.h"

namespace backcast::store {
namespace {

// An entry cut down to what tells two apart.
struct Face {
  source::NodeKind kind = source::NodeKind::kFile;
  std::uint64_t size_bytes = 0;
  std::array<std::uint8_t, 32> content{}, metadata{};
};

std::array<std::uint8_t, 32> digest(std::string_view bytes) {
  return mac_of(Secret(), as_bytes(bytes));
}

Result<Face> face_of(source::Node& node, Content& content) {
  Face face{node.kind, node.size_bytes, {}, {}};
  std::string ids;
  while (content.chunks_left() > 0) {
    BACKCAST_TRY(const auto taken, content.take(1024));
    for (const Id& id : taken) ids.append(as_text(view(id)));
    // Long lists are folded as they come.
    if (ids.size() > (64 << 10)) ids = std::string(as_text(digest(ids)));
  }
  WireWriter writer(ids);
  writer.varint(node.size_bytes);
  writer.bytes(node.target);
  for (const source::Extent& extent : node.data) writer.varint(extent.offset_bytes);
  face.content = digest(ids);
  node.ctime_ns = 0;  // says that something changed, not what
  node.inode = node.device = 0;
  std::string metadata;
  source::append_node(metadata, node);
  face.metadata = digest(metadata);
  return face;
}

DiffEntry compare(const std::string& path, const Face& before, const Face& after) {
  DiffEntry entry{path, Change::kMetadata, after.kind, before.size_bytes, after.size_bytes};
  if (before.kind != after.kind) {
    entry.change = Change::kKind;
  } else if (before.content != after.content) {
    entry.change = Change::kContent;
  }
  return entry;
}

}  // namespace

Result<DiffResult> diff(Repository& repository, const Snapshot& older, const Snapshot& newer,
                        const Selection& selection) {
  BACKCAST_TRY(const auto lease, Lease::take_to_read(repository));
  BACKCAST_TRY(const Index index, load_index(repository));
  PackFiles packs(repository, index);
  std::unordered_map<std::string, Face> before;
  const auto remember = [&](const std::string& path, source::Node& node,
                            Content& content) -> Status {
    if (!selection.includes(path)) return kOk;
    BACKCAST_TRY(before[path], face_of(node, content));
    return kOk;
  };
  BACKCAST_CHECK(browse(packs, older, {nullptr, remember}));
  DiffResult result;
  const auto judge = [&](const std::string& path, source::Node& node, Content& content) -> Status {
    if (!selection.includes(path)) return kOk;
    BACKCAST_TRY(const Face after, face_of(node, content));
    const auto found = before.find(path);
    if (found == before.end()) {
      result.entries.push_back({path, Change::kAdded, after.kind, 0, after.size_bytes});
      result.added_bytes += after.size_bytes;
      ++result.added;
      return kOk;
    }
    const Face& old = found->second;
    const bool is_same = old.kind == after.kind && old.content == after.content;
    if (is_same && old.metadata == after.metadata) {
      ++result.unchanged;
    } else {
      result.entries.push_back(compare(path, old, after));
      ++result.changed;
      if (!is_same) {
        result.added_bytes += after.size_bytes;
        result.removed_bytes += old.size_bytes;
      }
    }
    before.erase(found);
    return kOk;
  };
  BACKCAST_CHECK(browse(packs, newer, {nullptr, judge}));
  for (const auto& [path, face] : before) {
    result.entries.push_back({path, Change::kRemoved, face.kind, face.size_bytes, 0});
    result.removed_bytes += face.size_bytes;
    ++result.removed;
  }
  std::sort(result.entries.begin(), result.entries.end(),
            [](const DiffEntry& a, const DiffEntry& b) { return a.path < b.path; });
  return result;
}

}  // namespace backcast::store
