#include <algorithm>
#include <array>

#include "engine/base/bytes.h"
#include "engine/policy/retention/retention.h"
#include "engine/policy/retention/tags.h"
#include "engine/policy/schedule/schedule.h"
#include "tests/conformance/kinds.h"
#include "tests/conformance/times.h"

namespace backcast::conformance {
namespace {

using namespace policy;
using nlohmann::json;

// "2026-01-01T00:05Z": the case files write automatic backups by their minute.
std::string minute_name(Instant t) {
  return format_instant(t).substr(0, 16) + "Z";
}

Result<RetentionPolicy> read_policy(const json& rules) {
  // As the vendor's simulator does: it keeps one more than each maximum.
  std::string text = "zerops: --keep-max-plus-one";
  for (const auto& [field, value] : rules.items()) {
    if (value.is_array()) {
      std::string list;
      for (const json& name : value) list += name.get<std::string>() + ",";
      text += " " + field + "=\"" + list + "\"";
    } else {
      text += " " + field + "=" + value.dump();
    }
  }
  return parse_policy(text);
}

// The automatic backups from `start` 00:00 (exclusive) to the end of the last day, tagged.
Result<std::vector<Snapshot>> automatic(const json& item) {
  BACKCAST_TRY(const Schedule schedule,
               parse_schedule("zerops: " + item.at("cron").get<std::string>()));
  BACKCAST_TRY(const Instant start, read_time(item.at("start"), Zone::utc()));
  BACKCAST_TRY(const Instant last_day, read_time(item.at("end_inclusive"), Zone::utc()));
  std::vector<Snapshot> backups;
  std::optional<Instant> previous;
  for (auto t = next(schedule, start, Zone::utc()); t && *t < last_day + kDay;
       t = next(schedule, *t, Zone::utc())) {
    const TimeTags tags = time_tags(*t, previous);
    Snapshot s{.id = minute_name(*t), .time = *t};
    s.size_bytes = item.at("size_mib_each").get<std::uint64_t>() * kMiB;
    if (tags.daily) s.tags.emplace_back("daily");
    if (tags.weekly) s.tags.emplace_back("weekly");
    if (tags.monthly) s.tags.emplace_back("monthly");
    backups.push_back(std::move(s));
    previous = t;
  }
  return backups;
}

Result<std::vector<Snapshot>> manual(const json& item) {
  std::vector<Snapshot> backups;
  for (const json& made : item.value("manual", json::array())) {
    Snapshot s{.id = "manual-" + std::to_string(backups.size())};
    BACKCAST_TRY(s.time,
                 read_time(made.contains("date") ? made["date"] : made.at("time"), Zone::utc()));
    const json size = made.contains("size_mib") ? made["size_mib"] : made.at("size");
    s.size_bytes = size.get<std::uint64_t>() * kMiB;
    s.tags = made.value("tags", std::vector<std::string>());
    s.origin = Origin::kManual;
    backups.push_back(std::move(s));
  }
  return backups;
}

std::string letters(const Snapshot& s) {
  std::string text;
  for (const std::string& tag : s.tags) text += tag.front();
  return s.id + " " + text;
}

std::string class_of(const NativePolicy& policy, const Snapshot& s) {
  if (protecting_tag(s.tags, policy.protected_tags) >= 0) return "protected";
  if (s.origin == Origin::kManual || s.tags.empty()) return "untimed";
  for (const char* name : {"monthly", "weekly"}) {
    if (std::find(s.tags.begin(), s.tags.end(), name) != s.tags.end()) return name;
  }
  return "daily";
}

struct Outcome {
  std::vector<std::string> deleted;  // newest first
  std::uint64_t kept = 0, kept_bytes = 0;
  json kept_by_class = {
      {"monthly", 0}, {"weekly", 0}, {"daily", 0}, {"protected", 0}, {"untimed", 0}};
};

Outcome outcome_of(const RetentionPolicy& policy, const std::vector<Snapshot>& history) {
  Instant now{};
  for (const Snapshot& s : history) now = std::max(now, s.time);
  const Plan p = plan(policy, history, {now, Zone::utc()});
  Outcome out;
  for (const std::uint32_t i : p.newest_first) {
    if (!p.verdicts[i].keep) {
      out.deleted.push_back(history[i].id);
      continue;
    }
    ++out.kept;
    out.kept_bytes += history[i].size_bytes;
    json& count = out.kept_by_class[class_of(std::get<NativePolicy>(policy), history[i])];
    count = count.get<int>() + 1;
  }
  return out;
}

Result<std::string> check_case(const json& item) {
  BACKCAST_TRY(const RetentionPolicy policy, read_policy(item.at("policy")));
  BACKCAST_TRY(std::vector<Snapshot> history, automatic(item));
  const auto wanted_auto = item.value("auto", std::vector<std::string>());
  for (std::size_t i = 0; i < wanted_auto.size(); ++i) {
    const std::string given = i < history.size() ? letters(history[i]) : "none";
    if (given != wanted_auto[i]) return "automatic: expected " + wanted_auto[i] + ", got " + given;
  }
  if (!wanted_auto.empty() && history.size() != wanted_auto.size()) {
    return "automatic: got " + std::to_string(history.size());
  }
  BACKCAST_TRY(const std::vector<Snapshot> by_hand, manual(item));
  history.insert(history.end(), by_hand.begin(), by_hand.end());

  const Outcome out = outcome_of(policy, history);
  const json given = {{"total", history.size()},
                      {"kept", out.kept},
                      {"kept_mib", out.kept_bytes / kMiB},
                      {"kept_by_class", out.kept_by_class},
                      {"deleted", out.deleted}};
  for (const auto& [key, value] : given.items()) {
    if (item.contains(key) && item[key] != value) {
      return key + ": expected " + item[key].dump() + ", got " + value.dump();
    }
  }
  return std::string();
}

}  // namespace

void check_retention_zerops(const json& file, Report& report) {
  for (const json& item : file.value("cases", json::array())) {
    const std::string id = item.value("name", item.value("id", "case without name"));
    const Result<std::string> wrong = check_case(item);
    if (!wrong.ok()) {
      report.fail(id, to_string(wrong.error()));
    } else {
      wrong->empty() ? report.pass() : report.fail(id, *wrong);
    }
  }
}

}  // namespace backcast::conformance
