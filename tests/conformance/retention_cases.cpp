#include <algorithm>
#include <map>

#include "engine/policy/retention/retention.h"
#include "tests/conformance/kinds.h"
#include "tests/conformance/times.h"

namespace backcast::conformance {
namespace {

using namespace policy;
using nlohmann::json;

std::vector<std::string> strings(const json& list) {
  return list.is_string() ? std::vector<std::string>{list} : list.get<std::vector<std::string>>();
}

bool is_set(const json& item, const char* key) {
  return item.contains(key) && !item[key].is_null() && item[key] != false && item[key] != "";
}

Result<Snapshot> read_snapshot(const json& item, const Zone& zone) {
  Snapshot s;
  s.id = item.at("id");
  const std::string time = item.at("time");
  BACKCAST_TRY(s.time, read_time(time, zone));
  BACKCAST_TRY(const StampedInstant stamped, parse_instant(time));
  s.offset = stamped.offset;
  if (is_set(item, "end")) {
    BACKCAST_TRY(s.end, read_time(item["end"], zone));
  }
  if (is_set(item, "tags")) s.tags = strings(item["tags"]);
  if (is_set(item, "paths")) s.paths = strings(item["paths"]);
  if (is_set(item, "host")) s.host = item["host"];
  if (is_set(item, "pins")) {
    s.pins = item["pins"] == true ? std::vector<std::string>{"pin"} : strings(item["pins"]);
  }
  s.is_protected = is_set(item, "protected");
  s.is_incomplete = is_set(item, "incomplete");
  return s;
}

// A case's rules as flags of the tool: {"daily": 7, "within": "2d"} with a prefix for each name.
std::string flags_of(const json& rules, std::string_view prefix, std::string_view assign) {
  std::string text;
  for (const auto& [key, value] : rules.items()) {
    std::string name = key;
    std::replace(name.begin(), name.end(), '_', '-');
    const std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
    text += " " + std::string(prefix) + name + std::string(assign) + shown;
  }
  return text;
}

// restic applied to one group, as its own tests do: no grouping unless asked for, and no refusal
// to empty a group.
Result<RetentionPolicy> read_restic(json rules) {
  const json tags = rules.value("keep_tags", json::array());
  std::string groups;
  for (const std::string& part : strings(rules.value("group_by", json::array()))) {
    groups += (groups.empty() ? "" : ",") + part;
  }
  rules.erase("keep_tags");
  rules.erase("group_by");
  std::string text = "restic: --unsafe-allow-remove-all --group-by \"" + groups + "\"" +
                     flags_of(rules, "--keep-", "=");
  BACKCAST_TRY(RetentionPolicy parsed, parse_policy(text));
  for (const json& list : tags) std::get<ResticPolicy>(parsed).keep_tags.push_back(strings(list));
  return parsed;
}

// borg refuses some combinations at the command line that its planner answers all the same, so the
// rules are set one by one.
Result<RetentionPolicy> read_borg(const json& rules) {
  BorgPolicy p;
  const std::map<std::string, std::int32_t*> counts{{"last", &p.secondly},
                                                    {"secondly", &p.secondly},
                                                    {"minutely", &p.minutely},
                                                    {"hourly", &p.hourly},
                                                    {"daily", &p.daily},
                                                    {"weekly", &p.weekly},
                                                    {"monthly", &p.monthly},
                                                    {"13weekly", &p.thirteen_weekly},
                                                    {"3monthly", &p.three_monthly},
                                                    {"yearly", &p.yearly}};
  for (const auto& [name, value] : rules.items()) {
    if (name == "within") {
      BACKCAST_TRY(const RetentionPolicy one,
                   parse_policy("borg: --keep-within " + value.get<std::string>()));
      p.within = std::get<BorgPolicy>(one).within;
    } else if (counts.contains(name)) {
      *counts.at(name) = value.get<std::int32_t>();
    } else {
      return bad_input("unknown rule " + name);
    }
  }
  return RetentionPolicy(p);
}

Result<RetentionPolicy> read_borg2(const json& rules, const json& from) {
  Borg2Policy p;
  const std::map<std::string, Borg2Policy::Keep*> keeps{
      {"within", &p.within},     {"last", &p.last},
      {"keep", &p.keep},         {"secondly", &p.secondly},
      {"minutely", &p.minutely}, {"hourly", &p.hourly},
      {"daily", &p.daily},       {"weekly", &p.weekly},
      {"monthly", &p.monthly},   {"13weekly", &p.thirteen_weekly},
      {"yearly", &p.yearly},     {"3monthly", &p.three_monthly}};
  for (const auto& [name, value] : rules.items()) {
    if (!keeps.contains(name)) return bad_input("unknown rule " + name);
    if (value.is_number()) {
      keeps.at(name)->count = value.get<std::int32_t>();
    } else {
      BACKCAST_TRY(const RetentionPolicy one,
                   parse_policy("borg: --keep-daily 1 --keep-within " + value.get<std::string>()));
      keeps.at(name)->interval = std::get<BorgPolicy>(one).within;
    }
  }
  if (from.is_string()) {
    BACKCAST_TRY(p.from, read_time(from, Zone::utc()));
  }
  return RetentionPolicy(p);
}

Result<RetentionPolicy> read_policy(const std::string& dialect, const json& file,
                                    const json& item) {
  json rules = item.at("policy");
  if (rules.is_string()) return parse_policy(dialect + ": " + rules.get<std::string>());
  for (auto rule = rules.begin(); rule != rules.end();) {
    rule = rule->is_null() ? rules.erase(rule) : std::next(rule);
  }
  if (dialect == "restic") return read_restic(rules);
  if (dialect == "borg") return read_borg(rules);
  if (dialect == "borg2") return read_borg2(rules, item.value("from", file.value("from", json())));
  if (dialect == "pbs") return parse_policy("pbs:" + flags_of(rules, "--keep-", "="));
  if (dialect == "kopia") {
    return parse_policy("kopia: --week-month-collision" + flags_of(rules, "--keep-", "="));
  }
  return parse_policy(dialect + ":" + flags_of(rules, "", "="));
}

// The dialects a case is to be run in: its own or the file's; for borg the versions 1 and 2.
std::vector<std::string> dialects_of(const json& file, const json& item) {
  const std::string base = file.value("dialect", "native");
  if (!item.contains("dialect")) return {base};
  if (item["dialect"].is_string()) return {item["dialect"].get<std::string>()};
  std::vector<std::string> dialects;
  for (const json& version : item["dialect"]) {
    if (version.is_string()) {
      dialects.push_back(version);
    } else {
      dialects.push_back(version == 1 ? base : base + version.dump());
    }
  }
  return dialects;
}

std::string joined(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "" : " ") + id;
  return "[" + text + "]";
}

std::vector<std::string> reasons_of(const RetentionPolicy& policy, const Plan& plan,
                                    std::size_t index) {
  std::vector<std::string> texts;
  for (const Reason& reason : plan.reasons_of(index)) {
    // kopia lists its retention tags; a pin is none.
    if (reason.rule != Rule::kPinned) texts.push_back(to_text(policy, reason));
  }
  return texts;
}

// "" if the plan gives what the case wants.
std::string difference(const json& item, const std::vector<Snapshot>& history,
                       const RetentionPolicy& policy, const Plan& plan) {
  std::vector<std::string> kept;
  for (const std::uint32_t index : plan.newest_first) {
    if (plan.verdicts[index].keep) kept.push_back(history[index].id);
  }
  const std::vector<std::string> wanted = strings(item.at("keep"));
  if (kept != wanted) return "expected " + joined(wanted) + ", got " + joined(kept);
  const json wanted_reasons = item.value("reasons", json::object());
  for (const auto& [id, reasons] : wanted_reasons.items()) {
    const auto found = std::find_if(history.begin(), history.end(),
                                    [&, key = id](const Snapshot& s) { return s.id == key; });
    if (found == history.end()) return "no snapshot " + id;
    const auto given = reasons_of(policy, plan, static_cast<std::size_t>(found - history.begin()));
    if (strings(reasons) != given) {
      return id + ": expected " + joined(strings(reasons)) + ", got " + joined(given);
    }
  }
  return "";
}

Result<std::vector<Snapshot>> read_history(const json& file, const json& item, const Zone& zone) {
  const json list = item.contains("history")
                        ? file.at("histories").at(item["history"].get<std::string>())
                        : item.at("snapshots");
  std::vector<Snapshot> history;
  for (const json& snapshot : list) {
    BACKCAST_TRY(Snapshot read, read_snapshot(snapshot, zone));
    history.push_back(std::move(read));
  }
  return history;
}

// Without a given time: just after the newest snapshot.
Instant now_after(const std::vector<Snapshot>& history) {
  Instant now{};
  for (const Snapshot& s : history) now = std::max(now, s.time + kSecond);
  return now;
}

Result<std::string> check_case(const json& file, const json& item) {
  BACKCAST_TRY(const Zone zone, Zone::find(item.value("tz", file.value("tz", "UTC"))));
  BACKCAST_TRY(const auto history, read_history(file, item, zone));
  PlanContext context{now_after(history), zone};
  const json& source = is_set(item, "now") ? item : file;
  if (is_set(source, "now")) {
    BACKCAST_TRY(context.now, read_time(source["now"], zone));
  }
  for (const std::string& dialect : dialects_of(file, item)) {
    BACKCAST_TRY(const RetentionPolicy policy, read_policy(dialect, file, item));
    const std::string wrong = difference(item, history, policy, plan(policy, history, context));
    if (!wrong.empty()) return dialect + ": " + wrong;
  }
  return std::string();
}

// ---------------------------------------------------------------------------------------------
// A backup every so often, with a prune after each.

struct Roll {
  RetentionPolicy policy;
  Zone zone;
  std::vector<Snapshot> history{};

  void backup(Instant t) {
    history.push_back(Snapshot{.id = format_instant(t), .time = t});
    const Plan p = plan(policy, history, {t, zone});
    std::vector<Snapshot> kept;
    for (std::size_t i = 0; i < history.size(); ++i) {
      if (p.verdicts[i].keep) kept.push_back(history[i]);
    }
    history = std::move(kept);
  }
  std::string reason(const std::string& id) const {
    const Plan p = plan(policy, history, {history.back().time, zone});
    for (std::size_t i = 0; i < history.size(); ++i) {
      if (history[i].id == id) return to_text(policy, p.reasons_of(i).front());
    }
    return "gone";
  }
};

std::string check_steps(const json& item, Roll roll, Instant first) {
  const int steps = item.at("steps");
  const Duration step = item.at("step_days").get<int>() * kDay;
  for (int i = 0; i < steps; ++i) {
    const bool is_last = i + 1 == steps;
    const std::string before = roll.history.empty() ? "" : roll.history.front().id;
    roll.backup(first + i * step);
    if (!is_last) continue;
    const std::string wanted_before = item.at("oldest_before_last_step");
    const std::string wanted_after = item.at("oldest_after_last_step");
    const std::string after = roll.history.front().id;
    if (!before.starts_with(wanted_before)) return "oldest before the last step: " + before;
    if (!after.starts_with(wanted_after)) return "oldest after the last step: " + after;
  }
  return "";
}

// One backup, then one a day: "12:00 from 2020-09-01 to 2020-10-07".
Result<std::string> check_daily(const json& item, Roll roll, Instant first) {
  const std::string daily = item.at("then_daily_at");
  const auto read = [&](const std::string& date) {
    return read_time(date + "T" + daily.substr(0, 5) + ":00", roll.zone);
  };
  BACKCAST_TRY(const Instant from, read(daily.substr(daily.find("from ") + 5, 10)));
  BACKCAST_TRY(const Instant to, read(daily.substr(daily.find("to ") + 3, 10)));
  BACKCAST_TRY(const Instant until, read(item.at("kept_as_oldest_until")));
  roll.backup(first);
  for (Instant t = from; t <= to; t += kDay) {
    roll.backup(t);
    const bool is_kept = roll.history.front().time == first;
    if (is_kept != (t <= until)) return "the oldest after " + format_instant(t);
  }
  for (const auto& [key, value] : item.items()) {
    if (!key.starts_with("after_")) continue;
    for (const auto& [reason, id] : value.items()) {
      const std::string given = roll.reason(id);
      if (given != reason) return id.get<std::string>() + ": expected " + reason + ", got " + given;
    }
  }
  return std::string();
}

Result<std::string> check_rolling(const json& file, const json& item) {
  BACKCAST_TRY(const Zone zone, Zone::find(item.value("tz", file.value("tz", "UTC"))));
  BACKCAST_TRY(const Instant first, read_time(item.at("first"), zone));
  for (const std::string& dialect : dialects_of(file, item)) {
    BACKCAST_TRY(const RetentionPolicy policy, read_policy(dialect, file, item));
    std::string wrong;
    if (item.contains("steps")) {
      wrong = check_steps(item, Roll{policy, zone}, first);
    } else {
      BACKCAST_TRY(wrong, check_daily(item, Roll{policy, zone}, first));
    }
    if (!wrong.empty()) return dialect + ": " + wrong;
  }
  return std::string();
}

void record(const json& item, Result<std::string> (*check)(const json&, const json&),
            const json& file, Report& report) {
  const std::string id = item.value("id", item.value("name", "case without id"));
  const Result<std::string> wrong = check(file, item);
  if (!wrong.ok()) return report.fail(id, to_string(wrong.error()));
  wrong->empty() ? report.pass() : report.fail(id, *wrong);
}

}  // namespace

void check_retention(const json& file, Report& report) {
  for (const json& item : file.value("cases", json::array())) {
    record(item, check_case, file, report);
  }
  for (const json& item : file.value("rolling", json::array())) {
    record(item, check_rolling, file, report);
  }
}

}  // namespace backcast::conformance
