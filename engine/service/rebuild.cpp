#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "engine/service/labels.h"
#include "engine/service/places.h"
#include "engine/service/upkeep.h"

namespace backcast::service {
namespace {

namespace fs = std::filesystem;
using control::ControlPlane;
using nlohmann::json;

const control::Caller kCaller{"rebuild"};

// As the catalogue had them: what the snapshot holds, and what is beyond that.
std::string whole_contents(const std::string& described, const control::Kept& kept) {
  json whole = json::parse(described, nullptr, false);
  if (!whole.is_object()) whole = json::object();
  whole.update(json::parse(kept.backup.contents));  // which read_label made
  return whole.dump();
}

std::vector<control::Kept> read_labels(House house, const ControlPlane::Shelf& shelf,
                                       const fs::path& place,
                                       const std::vector<kinds::Labelled>& snapshots,
                                       Rebuilt& rebuilt) {
  std::vector<control::Kept> found;
  for (const kinds::Labelled& snapshot : snapshots) {
    auto kept = read_label(snapshot.label);
    if (!kept.ok()) {
      ++rebuilt.unlabelled;
      house.log(fmt::format("snapshot {} in {} has no label: {}", snapshot.snapshot, place.string(),
                            kept.error().message));
      continue;
    }
    if (kept->project.id != shelf.project || kept->cluster.key != shelf.key ||
        kept->backup.region != shelf.region) {
      ++rebuilt.unlabelled;
      house.log(fmt::format("snapshot {} in {} has the label of another place", snapshot.snapshot,
                            place.string()));
      continue;
    }
    // A backup of which bytes are damaged is listed all the same: most of it may come back.
    const auto described =
        house.tasks.contents(keyring_of(shelf.project, shelf.key), place, snapshot.snapshot);
    if (described.ok()) {
      kept->backup.contents = whole_contents(*described, *kept);
    } else {
      house.log(fmt::format("what {} in {} holds cannot be read: {}", snapshot.snapshot,
                            place.string(), to_string(described.error())));
    }
    kept->backup.snapshot = snapshot.snapshot;
    found.push_back(std::move(*kept));
  }
  return found;
}

Status note_lost(House house, const ControlPlane::Shelf& shelf,
                 const std::vector<kinds::Labelled>& snapshots, Rebuilt& rebuilt) {
  std::set<std::string> there;
  for (const kinds::Labelled& snapshot : snapshots) there.insert(snapshot.snapshot);
  BACKCAST_TRY(const auto items, house.control.on_shelf(shelf));
  for (const auto& item : items) {
    if (!item.is_available || there.contains(item.snapshot)) continue;
    BACKCAST_CHECK(house.control.lost(kCaller, item.backup));
    ++rebuilt.lost;
  }
  return kOk;
}

std::vector<ControlPlane::Shelf> shelves_in(const fs::path& folder) {
  std::vector<ControlPlane::Shelf> shelves;
  std::error_code none;
  for (const auto& keyring : fs::directory_iterator(folder / "repositories", none)) {
    for (const auto& region : fs::directory_iterator(keyring.path(), none)) {
      const KeyringName whose = name_of_keyring(name_of_folder(keyring.path().filename().string()));
      shelves.push_back(
          {whose.project, whose.key, name_of_folder(region.path().filename().string())});
    }
  }
  std::sort(shelves.begin(), shelves.end(), [](const auto& a, const auto& b) {
    return std::tie(a.project, a.key, a.region) < std::tie(b.project, b.key, b.region);
  });
  return shelves;
}

}  // namespace

Result<Rebuilt> rebuild(House house) {
  Rebuilt rebuilt;
  std::vector<control::Kept> all;
  std::vector<std::pair<ControlPlane::Shelf, std::vector<kinds::Labelled>>> there;
  for (const ControlPlane::Shelf& shelf : shelves_in(house.folder)) {
    const std::string keyring = keyring_of(shelf.project, shelf.key);
    const fs::path place = repository_of(house.folder, keyring, shelf.region);
    std::vector<Error> damaged;
    auto snapshots = house.tasks.labelled(keyring, place, damaged);
    if (!snapshots.ok()) {  // a repository that cannot be read says nothing of what is lost
      house.log(place.string() + ": " + to_string(snapshots.error()));
      continue;
    }
    auto found = read_labels(house, shelf, place, *snapshots, rebuilt);
    std::move(found.begin(), found.end(), std::back_inserter(all));
    tell_damaged(house, place, damaged);
    if (damaged.empty()) there.emplace_back(shelf, std::move(*snapshots));
  }
  // Originals before their copies, and each in the order of its making.
  std::sort(all.begin(), all.end(), [](const control::Kept& a, const control::Kept& b) {
    const auto key = [](const control::Kept& kept) {
      return std::tuple(!kept.backup.original.empty(), kept.backup.born, kept.row);
    };
    return key(a) < key(b);
  });
  for (const control::Kept& kept : all) {
    const auto is_new = house.control.adopt(kCaller, kept);
    if (!is_new.ok() && is_new.error().code != Errc::kExists) return is_new.error();
    if (is_new.ok()) {
      ++(*is_new ? rebuilt.adopted : rebuilt.known);
    } else {
      ++rebuilt.refused;
      house.log(to_string(is_new.error()));
    }
  }
  for (const auto& [shelf, snapshots] : there) {
    BACKCAST_CHECK(note_lost(house, shelf, snapshots, rebuilt));
  }
  return rebuilt;
}

}  // namespace backcast::service
