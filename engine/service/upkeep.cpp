#include "engine/service/upkeep.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "engine/service/labels.h"
#include "engine/service/places.h"

namespace backcast::service {
namespace {

namespace fs = std::filesystem;
using control::ControlPlane;
using OnShelf = ControlPlane::OnShelf;

constexpr std::size_t kCopiesKept = 7;
constexpr const char* kCopies = "copies";

// By the name of the snapshot, and by the name that the job gave it before that was known.
class Known {
 public:
  explicit Known(const std::vector<OnShelf>& items) {
    for (const OnShelf& item : items) {
      if (!item.snapshot.empty()) by_snapshot_.emplace(item.snapshot, &item);
      by_name_.emplace(item.made_as, &item);
    }
  }
  std::vector<const OnShelf*> of(const kinds::Labelled& snapshot) const {
    std::vector<const OnShelf*> found;
    for (auto [at, end] = by_snapshot_.equal_range(snapshot.snapshot); at != end; ++at) {
      found.push_back(at->second);
    }
    for (auto [at, end] = by_name_.equal_range(snapshot.backup); at != end; ++at) {
      if (at->second->snapshot.empty()) found.push_back(at->second);
    }
    return found;
  }

 private:
  std::multimap<std::string, const OnShelf*> by_snapshot_, by_name_;
};

std::set<fs::path> copies_in(const fs::path& folder) {
  std::set<fs::path> copies;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    if (entry.path().extension() == ".sqlite") copies.insert(entry.path());
  }
  return copies;
}

}  // namespace

Status label(House house, control::Id backup) {
  BACKCAST_TRY(const control::Kept kept, house.control.kept_backup(backup));
  // It may be gone by now.
  if (kept.backup.state != "AVAILABLE" || kept.backup.snapshot.empty()) return kOk;
  const std::string keyring = keyring_of(kept.project.id, kept.cluster.key);
  return house.tasks.label(keyring, repository_of(house.folder, keyring, kept.backup.region),
                           kept.backup.snapshot, label_of(kept));
}

void tell_damaged(House house, const fs::path& place, const std::vector<Error>& damaged) {
  for (const Error& error : damaged) {
    house.log(fmt::format("a snapshot in {} cannot be read: {}", place.string(), to_string(error)));
  }
}

Status tidy(House house, const ControlPlane::Shelf& shelf) {
  const std::string keyring = keyring_of(shelf.project, shelf.key);
  const fs::path place = repository_of(house.folder, keyring, shelf.region);
  std::error_code none;
  if (!fs::exists(place, none)) return kOk;
  // First the snapshots: what is published from now on is not judged.
  std::vector<Error> damaged;
  BACKCAST_TRY(const auto snapshots, house.tasks.labelled(keyring, place, damaged));
  tell_damaged(house, place, damaged);
  BACKCAST_TRY(const auto items, house.control.on_shelf(shelf));
  const Known known(items);
  std::uint64_t unknown = 0;
  for (const kinds::Labelled& snapshot : snapshots) {
    const auto meant = known.of(snapshot);
    if (meant.empty()) ++unknown;
    bool is_wanted = meant.empty();
    for (const OnShelf* item : meant) {
      is_wanted = is_wanted || item->is_wanted;
      if (!item->is_available) continue;
      BACKCAST_TRY(const control::Kept kept, house.control.kept_backup(item->backup));
      if (label_of(kept) != snapshot.label) BACKCAST_CHECK(label(house, item->backup));
    }
    if (!is_wanted) BACKCAST_CHECK(house.tasks.remove(keyring, place, snapshot.snapshot));
  }
  if (unknown > 0) {
    house.log(
        fmt::format("{} of the snapshots in {} are unknown to the catalogue: serve with "
                    "--rebuild takes them in",
                    unknown, place.string()));
  }
  return kOk;
}

Status copy_catalogue(House house, Instant now) {
  const fs::path folder = house.folder / kCopies;
  const fs::path copy = folder / (format_instant(now).substr(0, 10) + ".sqlite");
  const fs::path part = folder / "part";
  std::error_code error;
  if (fs::exists(copy, error)) return kOk;
  fs::create_directories(folder, error);
  if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  fs::remove(part, error);
  if (Status copied = house.control.copy_to(part.string()); !copied.ok()) {
    fs::remove(part, error);
    return copied;
  }
  fs::rename(part, copy, error);
  if (error) return failed("cannot write " + copy.string() + ": " + error.message());
  std::set<fs::path> copies = copies_in(folder);
  while (copies.size() > kCopiesKept) {
    fs::remove(*copies.begin(), error);
    copies.erase(copies.begin());
  }
  return kOk;
}

Status bring_back_catalogue(const fs::path& folder, const Log& log) {
  const fs::path catalogue = folder / "catalogue";
  std::error_code error;
  if (ControlPlane::is_whole(catalogue.string())) return kOk;
  for (const char* part : {"", "-wal", "-shm"}) {
    const fs::path from = catalogue.string() + part;
    if (!fs::exists(from, error)) continue;
    const fs::path aside = folder / (std::string("catalogue.damaged") + part);
    fs::rename(from, aside, error);
    if (error) return failed("cannot set " + from.string() + " aside: " + error.message());
    log("the damaged catalogue is kept as " + aside.string());
  }
  const std::set<fs::path> copies = copies_in(folder / kCopies);
  for (auto copy = copies.rbegin(); copy != copies.rend(); ++copy) {
    if (!ControlPlane::is_whole(copy->string())) continue;
    fs::copy_file(*copy, catalogue, error);
    if (error) return failed("cannot copy " + copy->string() + ": " + error.message());
    log("the catalogue begins with its copy " + copy->string());
    return kOk;
  }
  log("there is no copy of the catalogue: schedules, tokens and what is deleted are not known");
  return kOk;
}

}  // namespace backcast::service
