#include "engine/policy/schedule/kopia_schedule.h"

#include <fmt/format.h>

#include "tests/conformance/kinds.h"
#include "tests/conformance/times.h"

namespace backcast::conformance {
namespace {

using nlohmann::json;
using policy::KopiaSchedule;
using policy::Zone;

Result<KopiaSchedule> read_policy(const json& item) {
  KopiaSchedule s;
  s.interval_seconds = item.value("interval_seconds", std::int64_t{0});
  s.manual = item.value("manual", false);
  s.run_missed = item.value("run_missed", false);
  for (const json& time : item.value("times_of_day", json::array())) {
    BACKCAST_TRY(const KopiaSchedule one,
                 policy::parse_kopia_schedule("at " + time.get<std::string>()));
    s.minutes_of_day.push_back(one.minutes_of_day.front());
  }
  for (const json& line : item.value("cron", json::array())) {
    const std::string text = line;
    BACKCAST_TRY(auto cron, policy::parse_cronexpr(text.substr(0, text.find('#'))));
    s.crons.push_back(std::move(cron));
  }
  return s;
}

void check_case(const json& file, const json& item, Report& report) {
  const std::string id = item.value("id", "case without id");
  const auto zone = Zone::find(item.value("tz", file.value("tz", "UTC")));
  if (!zone.ok()) return report.fail(id, to_string(zone.error()));
  const auto schedule = read_policy(item.at("policy"));
  if (!schedule.ok()) return report.fail(id, to_string(schedule.error()));
  const auto read = [&](const char* key) -> Result<std::optional<Instant>> {
    if (!item.contains(key) || item.at(key).is_null()) return std::optional<Instant>();
    BACKCAST_TRY(const Instant t, read_time(item.at(key).get<std::string>(), *zone));
    return std::optional<Instant>(t);
  };
  const auto now = read("now"), previous = read("previous"), want = read("want");
  if (!now.ok() || !*now || !previous.ok() || !want.ok()) return report.fail(id, "bad time");
  const auto got = policy::kopia_next(*schedule, *previous, **now, *zone);
  if (got == *want) return report.pass();
  const auto text = [](std::optional<Instant> t) { return t ? format_instant(*t) : "never"; };
  report.fail(id, fmt::format("expected {}, got {}", text(*want), text(got)));
}

}  // namespace

void check_kopia_schedule(const json& file, Report& report) {
  for (const json& item : file.value("cases", json::array())) check_case(file, item, report);
}

}  // namespace backcast::conformance
