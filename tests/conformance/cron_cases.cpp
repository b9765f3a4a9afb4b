#include "engine/policy/schedule/schedule.h"
#include "tests/conformance/kinds.h"
#include "tests/conformance/times.h"

namespace backcast::conformance {
namespace {

using nlohmann::json;
using policy::Schedule;
using policy::Zone;

constexpr Duration kTenYears = std::chrono::hours(24 * 3653);

// The name parse_schedule has for a dialect.
std::string kind_of(const std::string& dialect) {
  if (dialect == "hashicorp") return "cronexpr";
  if (dialect == "systemd") return "oncalendar";
  return dialect.empty() ? "cron" : dialect;
}

std::string text_of(std::optional<Instant> t) {
  return t ? format_instant(*t) : "never";
}

struct Context {
  std::string dialect;
  std::string zone;
  bool local_times = false;  // times without an offset are on the wall clock of the zone
};

Context context_of(const json& file, const json& item) {
  Context c;
  c.dialect = kind_of(item.value("dialect", file.value("dialect", "cronie")));
  c.zone = item.value("tz", file.value("tz", "UTC"));
  c.local_times = c.dialect == "robfig";
  return c;
}

void check_case(const json& file, const json& item, Report& report) {
  const std::string id = item.value("id", "case without id");
  const Context c = context_of(file, item);
  const std::string expr = item.at("expr");
  const auto zone = Zone::find(c.zone);
  if (!zone.ok()) return report.fail(id, to_string(zone.error()));
  const auto schedule = policy::parse_schedule(c.dialect + ": " + expr);
  if (item.value("error", false)) {
    return schedule.ok() ? report.fail(id, expr + " was not refused") : report.pass();
  }
  if (!schedule.ok()) return report.fail(id, to_string(schedule.error()));
  const auto read = [&](const json& text) {
    return read_time(text.get<std::string>(), c.local_times ? *zone : Zone::utc());
  };
  const auto after = read(item.at("after"));
  if (!after.ok()) return report.fail(id, to_string(after.error()));

  json wanted = item.at("next");
  if (wanted.is_string()) wanted = json::array({wanted});
  Instant t = *after;
  if (wanted.is_null() || wanted.empty()) {
    const auto fire = next(*schedule, t, *zone);
    if (fire && *fire < t + kTenYears)
      return report.fail(id, "expected never, got " + text_of(fire));
    return report.pass();
  }
  for (const json& text : wanted) {
    const auto expected = read(text);
    if (!expected.ok()) return report.fail(id, to_string(expected.error()));
    const auto fire = next(*schedule, t, *zone);
    if (!fire || *fire != *expected) {
      return report.fail(id, expr + " after " + format_instant(t) + ": expected " +
                                 text_of(*expected) + ", got " + text_of(fire));
    }
    t = *fire;
  }
  report.pass();
}

std::string expr_of(const json& item) {
  return item.is_string() ? item.get<std::string>() : item.at("expr").get<std::string>();
}

}  // namespace

void check_cron(const json& file, Report& report) {
  for (const json& item : file.value("cases", json::array())) check_case(file, item, report);
  for (const json& item : file.value("invalid", json::array())) {
    const Context c = context_of(file, item.is_object() ? item : json::object());
    const std::string expr = expr_of(item);
    const bool refused = !policy::parse_schedule(c.dialect + ": " + expr).ok();
    refused ? report.pass() : report.fail("invalid " + expr, "was not refused");
  }
  for (const json& item : file.value("never_or_bad", json::array())) {
    const json object = item.is_object() ? item : json::object();
    const Context c = context_of(file, object);
    const std::string expr = expr_of(item);
    const auto schedule = policy::parse_schedule(c.dialect + ": " + expr);
    const auto zone = Zone::find(c.zone);
    const auto after = read_time(object.value("after", "2024-01-01T00:00:00Z"), Zone::utc());
    if (!schedule.ok()) {
      report.pass();
      continue;
    }
    if (!zone.ok() || !after.ok()) {
      report.fail("never_or_bad " + expr, "bad zone or time");
      continue;
    }
    const auto fire = next(*schedule, *after, *zone);
    const bool never = !fire || *fire > *after + kTenYears;
    never ? report.pass() : report.fail("never_or_bad " + expr, "fires at " + text_of(fire));
  }
}

}  // namespace backcast::conformance
