#include "engine/store/snapshots/forgotten.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "engine/base/text.h"
#include "engine/store/packs/load_index.h"
#include "engine/store/repository/journal.h"
#include "engine/store/repository/lease.h"
#include "engine/store/snapshots/tree.h"

namespace backcast::store {
namespace {

constexpr std::size_t kIdDigits = 2 * kIdBytes;
constexpr std::size_t kWhenDigits = 16;
constexpr std::size_t kNameDigits = kIdDigits + 1 + kWhenDigits + 1 + kIdDigits;

std::string when_text(Instant since) {
  return fmt::format("{:016x}", static_cast<std::uint64_t>(since.time_since_epoch().count()));
}

// "<id>-<when>-<tag>"
std::string file_name(const Repository& repository, const Id& id, Instant since) {
  std::string text = "backcast forgotten";
  WireWriter writer(text);
  writer.fixed(view(repository.config().repository));
  const std::string named = to_hex(id) + '-' + when_text(since);
  const auto mac = mac_of(repository.keys().forgetting_key(), as_bytes(text + named));
  return named + '-' + to_hex(ByteView(mac).first(kIdBytes));
}

std::optional<Forgotten> parse(const Repository& repository, const std::string& file) {
  if (file.size() != kNameDigits) return std::nullopt;
  const auto id = id_from_hex(file.substr(0, kIdDigits));
  std::array<std::uint8_t, kWhenDigits / 2> when{};
  if (!id || !from_hex(file.substr(kIdDigits + 1, kWhenDigits), when)) return std::nullopt;
  std::uint64_t count = 0;
  for (const std::uint8_t byte : when) count = count << 8 | byte;
  const Instant since{Duration(static_cast<std::int64_t>(count))};
  if (file_name(repository, *id, since) != file) return std::nullopt;
  return Forgotten{*id, since, std::string(folder_of(ObjectType::kSnapshot)) + '/' + file};
}

// Whether everything the snapshot needs is there with its length.
Status is_whole(Repository& repository, const Index& index, const Snapshot& snapshot) {
  const std::string who = "snapshot " + to_hex(snapshot.id).substr(0, 8);
  std::vector<bool> packs(index.packs().size());
  std::optional<Id> lost;
  const auto need = [&](const Id& id) {
    const IndexEntry* entry = index.find(id);
    if (entry) {
      packs[entry->pack] = true;
    } else {
      lost = id;
    }
  };
  PackFiles files(repository, index);
  BlobReader reader(files);
  for (const Id& id : snapshot.references) need(id);
  if (!lost) {
    const auto visited = visit_references(reader, snapshot, need);
    if (!visited.ok()) {
      return Error{Errc::kCorrupt, who + " cannot come back: " + visited.error().message, {}, {}};
    }
  }
  if (lost) {
    return Error{Errc::kCorrupt,
                 who + " cannot come back: chunk " + to_hex(*lost) + " is gone",
                 {},
                 "prune deleted data that only it needed"};
  }
  for (std::uint32_t number = 0; number < packs.size(); ++number) {
    if (!packs[number]) continue;
    const PackInfo& pack = index.packs()[number];
    const std::string name = name_of(ObjectType::kPack, pack.id);
    const auto info = repository.folder().stat(name);
    if (info.ok() && info->size_bytes == pack.size_bytes) continue;
    return Error{Errc::kCorrupt,
                 who + " cannot come back: " + name + " is missing or cut short",
                 {},
                 "backcast check names what else it affects"};
  }
  return kOk;
}

// Where no forgotten snapshot begins so: was it deleted, or never set aside?
Error not_waiting(Repository& repository, const SnapshotNames& names, const std::string& name) {
  for (const Id& id : names.live) {
    if (!to_hex(id).starts_with(name)) continue;
    return bad_input("snapshot " + printable(name) + " is not forgotten", "nothing to bring back");
  }
  if (const auto journal = read_journal(repository); journal.ok()) {
    for (const JournalEntry& entry : *journal) {
      for (const Deletion& deletion : entry.deletions) {
        if (deletion.type != ObjectType::kSnapshot || !to_hex(deletion.id).starts_with(name)) {
          continue;
        }
        return Error{Errc::kNotFound,
                     fmt::format("snapshot {} was deleted at {}", printable(name),
                                 format_instant(from_unix_seconds(unix_seconds(entry.time)))),
                     {},
                     "it cannot come back"};
      }
    }
  }
  return Error{Errc::kNotFound,
               "no forgotten snapshot " + printable(name),
               {},
               "backcast snapshots --forgotten lists them"};
}

Error ambiguous(const std::string& name) {
  return bad_input("several snapshots begin with " + printable(name), "give more digits");
}

// Of those in one state the only one that begins so; nothing may begin so in the other state.
Result<Forgotten> find_forgotten(Repository& repository, const SnapshotNames& names,
                                 const std::string& name) {
  BACKCAST_CHECK(check_snapshot_name(name));
  const Forgotten* found = nullptr;
  for (const Forgotten& forgotten : names.forgotten) {
    if (!to_hex(forgotten.id).starts_with(name)) continue;
    if (found && found->id != forgotten.id) return ambiguous(name);
    found = &forgotten;  // the latest, where one was forgotten twice
  }
  if (!found) return not_waiting(repository, names, name);
  for (const Id& id : names.live) {
    if (id != found->id && to_hex(id).starts_with(name)) return ambiguous(name);
  }
  return *found;
}

}  // namespace

Result<SnapshotNames> list_snapshot_names(Repository& repository) {
  const std::string folder = folder_of(ObjectType::kSnapshot);
  BACKCAST_TRY(const auto entries, repository.folder().list(folder));
  SnapshotNames names;
  for (const auto& entry : entries) {
    if (const auto id = id_from_hex(entry.name)) {
      names.live.push_back(*id);
    } else if (auto forgotten = parse(repository, entry.name)) {
      names.forgotten.push_back(*std::move(forgotten));
    } else if (entry.name.size() == kNameDigits) {
      names.foreign.push_back(folder + '/' + entry.name);
    }
  }
  return names;
}

Result<Id> find_live(const SnapshotNames& names, const std::string& name) {
  BACKCAST_CHECK(check_snapshot_name(name));
  std::optional<Id> found;
  for (const Id& id : names.live) {
    if (!to_hex(id).starts_with(name)) continue;
    if (found) return ambiguous(name);
    found = id;
  }
  for (const Forgotten& forgotten : names.forgotten) {
    if (!to_hex(forgotten.id).starts_with(name) || forgotten.id == found) continue;
    if (found) return ambiguous(name);
    return Error{Errc::kNotFound,
                 fmt::format("snapshot {} is forgotten since {}", printable(name),
                             format_instant(from_unix_seconds(unix_seconds(forgotten.since)))),
                 {},
                 "backcast unforget brings it back"};
  }
  if (found) return *found;
  return Error{
      Errc::kNotFound, "no snapshot " + printable(name), {}, "backcast snapshots lists them"};
}

Result<Snapshot> find_snapshot(Repository& repository, const std::vector<Snapshot>& snapshots,
                               const std::string& name) {
  if (name == "latest") {
    if (!snapshots.empty()) return snapshots.back();
    return Error{
        Errc::kNotFound, "the repository holds no snapshot", {}, "backcast backup makes one"};
  }
  BACKCAST_TRY(const SnapshotNames names, list_snapshot_names(repository));
  BACKCAST_TRY(const Id id, find_live(names, name));
  for (const Snapshot& snapshot : snapshots) {
    if (snapshot.id == id) return snapshot;
  }
  return load_snapshot(repository, id);  // damaged, or published since the others were loaded
}

Status set_aside(Repository& repository, const Id& id, Instant now) {
  return repository.folder().rename(
      name_of(ObjectType::kSnapshot, id),
      std::string(folder_of(ObjectType::kSnapshot)) + '/' + file_name(repository, id, now));
}

Result<Snapshot> load_forgotten(Repository& repository, const Forgotten& forgotten) {
  BACKCAST_TRY(const std::string bytes,
               env::read_file(repository.folder(), forgotten.name, kMaxObjectBytes));
  BACKCAST_TRY(const std::string plain,
               repository.objects().open(ObjectType::kSnapshot, forgotten.id, as_bytes(bytes)));
  BACKCAST_TRY(Snapshot snapshot, decode_snapshot(forgotten.id, as_bytes(plain)));
  snapshot.object_bytes = bytes.size();
  return snapshot;
}

Result<std::uint64_t> delete_forgotten(Repository& repository, Instant until) {
  BACKCAST_TRY(const SnapshotNames names, list_snapshot_names(repository));
  JournalEntry journal{repository.env().now(), {}};
  std::vector<std::string> doomed;
  for (const Forgotten& forgotten : names.forgotten) {
    if (forgotten.since > until) continue;
    doomed.push_back(forgotten.name);
    // A copy brought it again: then it is not deleted, only stored once less.
    if (std::binary_search(names.live.begin(), names.live.end(), forgotten.id)) continue;
    const auto snapshot = load_forgotten(repository, forgotten);
    const auto info = repository.folder().stat(forgotten.name);
    if (!info.ok()) return info.error();
    journal.deletions.push_back({ObjectType::kSnapshot, forgotten.id,
                                 snapshot.ok() ? snapshot->received : info->modified,
                                 info->size_bytes});
  }
  if (doomed.empty()) return std::uint64_t{0};
  if (!journal.deletions.empty()) BACKCAST_CHECK(write_journal(repository, journal));
  for (const std::string& name : doomed) {
    auto removed = repository.folder().remove(name);
    if (!removed.ok() && removed.error().code != Errc::kNotFound) return removed.error();
  }
  BACKCAST_CHECK(repository.folder().sync_folder(folder_of(ObjectType::kSnapshot)));
  return std::uint64_t{doomed.size()};
}

Result<UnforgetResult> unforget(Repository& repository, const std::vector<std::string>& names) {
  // Prune deletes nothing while somebody else is at work; so it must not be at it already.
  BACKCAST_TRY(const auto lease, Lease::take(repository, LeaseKind::kWork));
  BACKCAST_TRY(const auto others, live_leases(repository, *lease));
  for (const LeaseInfo& other : others) {
    if (other.kind != LeaseKind::kMaintenance) continue;
    return Error{Errc::kLocked,
                 "prune is at work: " + printable(other.holder),
                 {},
                 "try again when it is done"};
  }
  BACKCAST_TRY(const SnapshotNames listed, list_snapshot_names(repository));
  std::vector<Forgotten> wanted;
  for (const std::string& name : names) {
    BACKCAST_TRY(Forgotten forgotten, find_forgotten(repository, listed, name));
    const bool twice = std::any_of(wanted.begin(), wanted.end(),
                                   [&](const Forgotten& w) { return w.id == forgotten.id; });
    if (!twice) wanted.push_back(std::move(forgotten));
  }
  UnforgetResult result;
  std::erase_if(wanted, [&](const Forgotten& forgotten) {
    const bool is_there = std::binary_search(listed.live.begin(), listed.live.end(), forgotten.id);
    if (is_there) result.present.push_back(forgotten.id);
    return is_there;
  });
  BACKCAST_TRY(const Index index, load_index(repository));
  for (const Forgotten& forgotten : wanted) {
    BACKCAST_TRY(const Snapshot snapshot, load_forgotten(repository, forgotten));
    BACKCAST_CHECK(is_whole(repository, index, snapshot));
  }
  for (const Forgotten& forgotten : wanted) {
    BACKCAST_CHECK(
        repository.folder().rename(forgotten.name, name_of(ObjectType::kSnapshot, forgotten.id)));
    result.back.push_back(forgotten.id);
  }
  BACKCAST_CHECK(repository.folder().sync_folder(folder_of(ObjectType::kSnapshot)));
  return result;
}

}  // namespace backcast::store
