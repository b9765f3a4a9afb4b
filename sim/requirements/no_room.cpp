#include "sim/requirements/no_room.h"

#include <fmt/format.h>

#include <map>

#include "sim/words/words.h"

namespace backcast::sim {
namespace {

constexpr std::uint64_t kFewest = 3;
constexpr Duration kShortest = 7 * kDay;

// Of one service since the last one that was stored, or of all such services of a project.
struct Refused {
  std::uint64_t backups = 0, services = 0;
  std::uint32_t service = kNone;
  Instant first = kNever;
  std::uint32_t last = kNone;  // index into RunResult::backups
};

bool is_for_room(const BackupRecord& backup) {
  if (backup.state != BackupState::kRefused) return false;
  if (std::holds_alternative<policy::QuotaVerdict>(backup.reason)) return true;
  const auto* ruled = std::get_if<Ruled>(&backup.reason);
  if (ruled == nullptr || !ruled->at_once) return false;
  return ruled->reason.rule == policy::Rule::kTotalSize ||
         ruled->reason.rule == policy::Rule::kTotalCount;
}

std::vector<Refused> by_service(const Scenario& scenario, const RunResult& result) {
  std::vector<Refused> all(scenario.services.size());
  for (std::uint32_t i = 0; i < result.backups.size(); ++i) {
    const BackupRecord& backup = result.backups[i];
    if (backup.kind != "automatic" || backup.service >= all.size()) continue;
    Refused& one = all[backup.service];
    if (backup.available != kNever) one = {};
    if (!is_for_room(backup)) continue;
    if (one.backups++ == 0) one.first = backup.born;
    one.last = i;
  }
  return all;
}

std::string warning(const Scenario& scenario, const RunResult& result, const Refused& refused) {
  const BackupRecord& last = result.backups[refused.last];
  const Service& service = scenario.services[refused.service];
  std::string whose = service.name;
  if (refused.services > 1) {
    whose += fmt::format(" and {} more of its project", refused.services - 1);
  }
  std::string text = fmt::format(
      "none of the {} automatic backups of {} since {} is stored, for want of room: {}; keep less "
      "or raise the limit",
      refused.backups, whose, format_instant(refused.first), reason_text(scenario, last));
  if (std::holds_alternative<Ruled>(last.reason) && service.rules->tags.by_time) {
    std::string tags;
    for (const std::string& tag : last.tags) tags += (tags.empty() ? "" : ", ") + tag;
    text += fmt::format(
        ", or give what comes a minimum: a backup counts once, as monthly before weekly before "
        "daily, and the last one has the tags {}",
        tags);
  }
  return text;
}

}  // namespace

void report_no_room(const Scenario& scenario, RunResult& result) {
  std::map<std::uint32_t, Refused> by_project;
  const std::vector<Refused> services = by_service(scenario, result);
  for (std::uint32_t service = 0; service < services.size(); ++service) {
    const Refused& one = services[service];
    if (one.backups < kFewest || result.backups[one.last].born - one.first < kShortest) continue;
    Refused& all = by_project[scenario.services[service].project];
    all.backups += one.backups;
    ++all.services;
    if (one.first >= all.first) continue;
    all.first = one.first;
    all.last = one.last;
    all.service = service;
  }
  for (const auto& [project, refused] : by_project) {
    result.warnings.push_back(warning(scenario, result, refused));
  }
}

}  // namespace backcast::sim
