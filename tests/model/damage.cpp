// What happens to stored bytes behind the repository's back.
#include <fmt/format.h>

#include <algorithm>

#include "tests/model/world.h"

namespace backcast::model {
namespace {

enum class Harm : std::uint8_t { kLose, kCut, kFlip, kEmpty };
struct Way {
  const char* name;
  const char* folder;
  Harm harm;
};
constexpr Way kWays[] = {
    {"lost pack", "packs", Harm::kLose},         {"lost pack", "packs", Harm::kLose},
    {"cut pack", "packs", Harm::kCut},           {"flipped pack", "packs", Harm::kFlip},
    {"flipped pack", "packs", Harm::kFlip},      {"lost index", "index", Harm::kLose},
    {"empty index", "index", Harm::kEmpty},      {"flipped index", "index", Harm::kFlip},
    {"flipped rules", "rules", Harm::kFlip},     {"flipped snapshot", "snapshots", Harm::kFlip},
    {"lost snapshot", "snapshots", Harm::kLose}, {"lost snapshot", "snapshots", Harm::kLose}};

}  // namespace

void World::damage(const Step& step) {
  std::mt19937_64 random(step.seed);
  Place& place = some_place(random);
  const Way& way = kWays[random() % std::size(kWays)];
  std::vector<std::string> files;
  const std::string folder = fmt::format("{}/{}/", place.path.substr(1), way.folder);
  for (const std::string& name : env_.files()) {
    const bool is_object =
        name.substr(name.rfind('/') + 1).find_first_of(".-") == std::string::npos;
    if (name.starts_with(folder) && is_object && !env_.bytes(name).empty()) files.push_back(name);
  }
  if (files.empty()) return;
  const std::string& file = files[random() % files.size()];
  std::string bytes = env_.bytes(file);
  switch (way.harm) {
    case Harm::kLose:
      env_.erase(file);
      break;
    case Harm::kCut:
      bytes.resize(random() % bytes.size());
      env_.set_bytes(file, bytes);
      break;
    case Harm::kFlip:
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
      env_.set_bytes(file, bytes);
      place.has_unseen_flips = true;
      break;
    case Harm::kEmpty:
      env_.set_bytes(file, "");
      break;
  }
  count(fmt::format("damage.{}", way.name));
  if (way.folder == std::string("rules")) place.keeps.insert(0);
  place.is_damaged = place.is_freshly_damaged = true;
  verify(place);
}

// What a repair said that is lost is lost, and what it wrote anew is there.
void World::learn_losses(Place& place, const store::RepairResult& result) {
  for (const auto& told : result.snapshots) {
    const auto known = place.snapshots.find(told.id);
    if (known == place.snapshots.end()) continue;
    if (told.rewritten) {
      Known rest = known->second;
      rest.is_partial = rest.is_whole = true;
      rest.fate = Fate::kMust;
      place.snapshots[*told.rewritten] = rest;
      place.snapshots.at(told.id).fate = Fate::kLost;
      count("repair.rewrote");
    } else {
      known->second.is_whole = false;
    }
  }
  const auto is_set_aside = [&](const Id& id) {
    return std::any_of(result.set_aside.begin(), result.set_aside.end(), [&](const auto& object) {
      return object.object.find(to_hex(id)) != std::string::npos;
    });
  };
  for (auto& [id, known] : place.snapshots) {
    if (known.fate == Fate::kMust && !known.is_whole &&
        (is_set_aside(id) || result.vanished_snapshots > 0)) {
      known.fate = Fate::kLost;
    }
  }
}

// A repair that was cut off may have set aside, or written anew, what was not whole.
void World::learn_losses(Place& place) {
  for (auto& [id, known] : place.snapshots) {
    if (known.fate != Fate::kMust || known.is_whole) continue;
    attempts_.push_back({&place, known});
    attempts_.back().known.is_partial = true;
    attempts_.back().known.fate = Fate::kMay;
    known.fate = Fate::kLost;
  }
}

}  // namespace backcast::model
