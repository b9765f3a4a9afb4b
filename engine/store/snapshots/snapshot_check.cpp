#include "engine/store/snapshots/snapshot_check.h"

namespace backcast::store {

std::string SnapshotCheck::fault_of(const Id& id, BlobKind kind) const {
  const Index& index = packs_.index();
  const IndexEntry* entry = index.find(id);
  if (!entry || entry->kind != kind) return "chunk " + to_hex(id) + " is missing";
  if (!index.is_bad(*entry)) return {};
  const PackInfo& pack = index.packs()[entry->pack];
  if (!pack.is_bad) return "chunk " + to_hex(id) + " is damaged";
  return name_of(ObjectType::kPack, pack.id) + " is damaged or missing";
}

std::string SnapshotCheck::structure_fault(const Snapshot& snapshot) const {
  std::string fault;
  const auto note = [&](const Id& id, BlobKind kind) {
    if (fault.empty()) fault = fault_of(id, kind);
  };
  for (const Id& id : snapshot.tree) note(id, BlobKind::kTree);
  for (const Id& id : snapshot.references) note(id, BlobKind::kReferences);
  if (!fault.empty()) return fault;
  BlobReader reader(packs_);
  std::uint64_t count = 0;
  for (const Id& chunk : snapshot.references) {
    auto visited = visit_reference_chunk(reader, snapshot, chunk, [&](const Id& id) {
      ++count;
      note(id, BlobKind::kData);
    });
    if (!visited.ok()) return visited.error().message;
  }
  if (fault.empty() && count != snapshot.reference_count) return "its reference list is not whole";
  return fault;
}

std::string SnapshotCheck::tree_fault(const Snapshot& snapshot, bool chunks_are_whole,
                                      const OnFile& on_file) const {
  std::string last = "/";
  const auto entry = [&](const std::string& path, source::Node&, Content& content) -> Status {
    last = '/' + path;
    if (chunks_are_whole) return kOk;
    std::string fault;
    while (content.chunks_left() > 0 && fault.empty()) {
      const auto ids = content.take(1024);
      if (!ids.ok() && ids.error().code != Errc::kCorrupt) return ids.error();
      if (!ids.ok()) fault = ids.error().message;
      for (std::size_t i = 0; ids.ok() && i < ids->size() && fault.empty(); ++i) {
        fault = fault_of((*ids)[i], BlobKind::kData);
      }
    }
    if (!fault.empty()) on_file(last, fault);
    return kOk;
  };
  const auto lost = [&](const Error& why) {
    on_file(last, "entries after it are lost: " + why.message);
  };
  const auto browsed = browse(packs_, snapshot, {nullptr, entry, lost});
  return browsed.ok() ? std::string() : "its tree cannot be read: " + browsed.error().message;
}

}  // namespace backcast::store
