// What happens to stored bytes behind the repository's back.
#include <fmt/format.h>

#include "tests/model/known_bugs.h"
#include "tests/model/world.h"

namespace backcast::model {
namespace {

enum class Harm : std::uint8_t { kLose, kCut, kFlip, kEmpty };
struct Way {
  const char* name;
  const char* folder;
  Harm harm;
};
constexpr Way kWays[] = {{"lost pack", "packs", Harm::kLose},
                         {"lost pack", "packs", Harm::kLose},
                         {"cut pack", "packs", Harm::kCut},
                         {"flipped pack", "packs", Harm::kFlip},
                         {"flipped pack", "packs", Harm::kFlip},
                         {"lost index", "index", Harm::kLose},
                         {"empty index", "index", Harm::kEmpty},
                         {"flipped index", "index", Harm::kFlip},
                         {"flipped snapshot", "snapshots", Harm::kFlip},
                         {"lost snapshot", "snapshots", Harm::kLose}};

}  // namespace

void World::damage(const Step& step) {
  if (!kDamageIsMet) return;
  std::mt19937_64 random(step.seed);
  Place& place = some_place(random);
  const Way& way = kWays[random() % std::size(kWays)];
  std::vector<std::string> files;
  const std::string folder = fmt::format("{}/{}/", place.path.substr(1), way.folder);
  for (const std::string& name : env_.files()) {
    const bool is_object = name.substr(name.rfind('/') + 1).find('.') == std::string::npos;
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
  place.is_damaged = place.is_freshly_damaged = true;
  verify(place);
}

}  // namespace backcast::model
