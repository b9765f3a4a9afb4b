#include <algorithm>

#include "engine/store/packs/chunk_writer.h"
#include "engine/store/repository/aside.h"
#include "engine/store/snapshots/head.h"
#include "engine/store/snapshots/publish.h"
#include "engine/store/snapshots/snapshot_check.h"
#include "engine/store/upkeep/repair_work.h"

namespace backcast::store {
namespace {

constexpr const char* kRepairedTag = "repaired";

// The same for the same snapshot, so that a repair that was interrupted goes on.
Id id_of_rewritten(Repository& repository, const Id& old) {
  const auto mac = mac_of(repository.keys().config_key(), as_bytes("repaired " + to_hex(old)));
  Id id;
  std::copy_n(mac.begin(), kIdBytes, id.bytes.begin());
  return id;
}

// Writes tree and references of a snapshot anew, without the entries whose content is not whole.
class Rewriting {
 public:
  Rewriting(PackFiles& packs, ChunkStore& store, const Snapshot& old)
      : packs_(packs), check_(packs), tree_(store, 3), old_(old) {}

  Result<Snapshot> run() {
    Browser browser;
    browser.listing = [&](const std::string& path) -> Status {
      BACKCAST_CHECK(end_listing());
      path_ = path;
      is_open_ = true;
      return kOk;
    };
    browser.entry = [&](const std::string&, source::Node& node, Content& content) {
      return take(node, content);
    };
    browser.lost = [&](const Error&) { ++lost_; };
    BACKCAST_CHECK(browse(packs_, old_, browser));
    BACKCAST_CHECK(end_listing());
    Snapshot fresh = old_;
    BACKCAST_CHECK(tree_.finish(fresh));
    fresh.files = counts_.files;
    fresh.folders = counts_.folders;
    fresh.others = counts_.others;
    fresh.content_bytes = counts_.content_bytes;
    fresh.problems += lost_;
    if (std::find(fresh.tags.begin(), fresh.tags.end(), kRepairedTag) == fresh.tags.end()) {
      fresh.tags.emplace_back(kRepairedTag);
    }
    return fresh;
  }

 private:
  Status take(source::Node& node, Content& content) {
    std::vector<Id> ids;
    while (content.chunks_left() > 0) {
      const auto some = content.take(1024);
      if (!some.ok() && some.error().code != Errc::kCorrupt) return some.error();
      const bool is_whole = some.ok() && std::all_of(some->begin(), some->end(), [&](const Id& id) {
                              return check_.fault_of(id, BlobKind::kData).empty();
                            });
      if (!is_whole) {
        ++lost_;
        return kOk;
      }
      ids.insert(ids.end(), some->begin(), some->end());
    }
    if (node.kind == source::NodeKind::kFile) {
      ++counts_.files;
      counts_.content_bytes += node.content_bytes();
    } else {
      ++(node.kind == source::NodeKind::kFolder ? counts_.folders : counts_.others);
    }
    source::append_node(nodes_, node);
    ++node_count_;
    references_.insert(references_.end(), ids.begin(), ids.end());
    return kOk;
  }

  Status end_listing() {
    if (!is_open_) return kOk;
    tree_.begin_listing();
    for (const Id& id : references_) BACKCAST_CHECK(tree_.add_reference(id));
    BACKCAST_CHECK(tree_.add_listing(listing_record(path_, node_count_, nodes_)));
    references_.clear();
    nodes_.clear();
    node_count_ = 0;
    return kOk;
  }

  PackFiles& packs_;
  SnapshotCheck check_;
  TreeWriter tree_;
  const Snapshot& old_;
  Snapshot counts_;
  std::uint64_t lost_ = 0;
  bool is_open_ = false;
  std::string path_, nodes_;  // of the listing at hand
  std::size_t node_count_ = 0;
  std::vector<Id> references_;
};

// The new one, then the old one goes aside: at no moment is neither there. For the ledger, and for
// whoever counts what was made, the new one stands in the place of the old: no deletion is noted.
Status replace(RepairWork& work, const Snapshot& old, Snapshot& fresh) {
  Repository& repository = work.repository;
  Objects& objects = repository.objects();
  fresh.id = id_of_rewritten(repository, old.id);
  BACKCAST_TRY(const auto heads, read_heads(repository));
  const auto published =
      objects.publish(ObjectType::kSnapshot, fresh.id, as_bytes(encode_snapshot(fresh)));
  if (!published.ok() && published.error().code != Errc::kExists) return published;
  if (std::find(heads.begin(), heads.end(), old.id) != heads.end()) {
    BACKCAST_CHECK(write_head(repository, fresh.id, {old.id}));
  }
  BACKCAST_TRY(const std::string name, set_bad_aside(repository, ObjectType::kSnapshot, old.id));
  work.result.set_aside.push_back({name, "written anew as " + to_hex(fresh.id).substr(0, 8)});
  return kOk;
}

Status rewrite(RepairWork& work, const Index& index, PackFiles& packs, const Snapshot& old,
               RepairedSnapshot& repaired) {
  ChunkStore store(work.repository, index);
  auto fresh = Rewriting(packs, store, old).run();
  if (!fresh.ok() && fresh.error().code == Errc::kCorrupt) {
    repaired.what += "; it cannot be written anew: " + fresh.error().message;
    return kOk;
  }
  if (!fresh.ok()) return fresh.error();
  BACKCAST_TRY(const auto written, commit_packs(store));
  (void)written;
  BACKCAST_CHECK(replace(work, old, *fresh));
  repaired.rewritten = fresh->id;
  return kOk;
}

}  // namespace

Status repair_snapshots(RepairWork& work, const std::vector<Snapshot>& snapshots,
                        const Index& index) {
  const bool can_read = work.repository.keys().can_read();
  for (const Snapshot& snapshot : snapshots) {
    BACKCAST_CHECK(work.check_stop());
    PackFiles packs(work.repository, index);
    const SnapshotCheck looked(packs);
    RepairedSnapshot found{snapshot.id, snapshot.time, looked.structure_fault(snapshot), {}, {}};
    const auto there = work.repository.folder().stat(name_of(ObjectType::kSnapshot, snapshot.id));
    if (found.what.empty() || !there.ok()) continue;  // whole, or forgotten meanwhile
    if (can_read) {
      const auto on_file = [&](const std::string& path, const std::string& what) {
        found.files.push_back({path, what});
      };
      const std::string fault = looked.tree_fault(snapshot, false, on_file);
      if (!fault.empty()) found.what = fault;
    }
    if (work.options.rewrite_snapshots && !work.options.dry_run) {
      BACKCAST_CHECK(rewrite(work, index, packs, snapshot, found));
    }
    work.result.snapshots.push_back(std::move(found));
  }
  return kOk;
}

}  // namespace backcast::store
