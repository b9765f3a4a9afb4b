// Whatever happens to whatever policy, some things always hold.
#include <fmt/format.h>
#include <gtest/gtest.h>
// After gtest, which it needs.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "tests/scenarios/run_text.h"

namespace backcast::scenario {
namespace {

using sim::BackupRecord;
using sim::kNever;

struct Shape {
  const char* provider;
  const char* region;
  const char* other_region;
  const char* schedule;
  const char* fields;
};
constexpr Shape kShapes[] = {
    {"zilliz", "gcp-us-west1", "gcp-us-east4",
     R"({"retention_days": 3, "copies": [{"region": "gcp-us-east4", "retention_days": 5}]})", ""},
    {"zerops", "zerops", "zerops", R"({"cron": "0 */8 * * *"})",
     R"(, "retention": "zerops: --max-total-files 9 --min-daily 3 --min-weekly 1 --min-monthly 1",
        "job": {"rate": "1 MB/s"})"},
    {"qdrant", "aws-us-east-1", "aws-us-east-1", R"({"cron": "0 */6 * * *", "retention_days": 2})",
     R"(, "change": {"per_day": "10%"}, "job": {"rate": "1 MB/s"})"},
    {"plain", "here", "there",
     R"({"cron": "30 */5 * * *", "copies": [{"region": "there", "retention_days": 2}]})",
     R"(, "change": {"mixture": [{"share": "20%", "per_day": "50%"}]}, "delta": "incremental",
        "chain": {"full_every": 5}, "retention": "restic: --keep-last 4 --keep-daily 6",
        "job": {"rate": "1 MB/s", "copy_rate": "500 kB/s", "failure_probability": "20%",
                "retries": 2})"},
};

// What changes in mid-life; a schedule that is changed may be deleted before or not.
std::string random_change(const Shape& shape, int hours) {
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      return fmt::format(R"({{"at": "+{}h", "kind": "delete_backup", "service": "*"}})", hours);
    case 1:
      return fmt::format(
          R"({{"at": "+{0}h", "kind": "change_policy", "service": "b", "schedules": []}},
             {{"at": "+{1}h", "kind": "change_policy", "service": "b", "schedules": [{2}]}})",
          hours, hours + 30, shape.schedule);
    default:
      return fmt::format(
          R"({{"at": "+{}h", "kind": "change_policy", "service": "a", "schedules": [{}]{}}})",
          hours, shape.schedule,
          std::string(shape.provider) == "plain" ? R"(, "retention": "restic: --keep-last 2")"
                                                 : "");
  }
}

std::string random_event(const Shape& shape) {
  const auto hours = *rc::gen::inRange(0, 24 * 19);
  const auto lasts = *rc::gen::inRange(1, 80);
  switch (*rc::gen::inRange(0, 17)) {
    case 0:
      return fmt::format(R"({{"at": "+{}h", "kind": "outage", "region": "{}", "for": "{}h"}})",
                         hours, shape.region, lasts);
    case 1:
      return fmt::format(R"({{"at": "+{}h", "kind": "outage", "region": "{}", "for": "{}h"}})",
                         hours, shape.other_region, lasts);
    case 2:
      return fmt::format(R"({{"at": "+{}h", "kind": "suspend", "service": "a", "for": "{}h"}})",
                         hours, lasts);
    case 3:
      return fmt::format(
          R"({{"at": "+{}h", "kind": "job_failures", "service": "*", "for": "{}h"}})", hours,
          lasts);
    case 4:
      return fmt::format(R"({{"at": "+{}h", "kind": "storage_loss", "region": "{}"}})", hours,
                         shape.other_region);
    case 5:
      return fmt::format(R"({{"at": "+{}h", "kind": "delete_service", "service": "b"}})", hours);
    case 6:
      return fmt::format(R"({{"at": "+{}h", "kind": "burst", "service": "a", "rewrites": "70%"}})",
                         hours);
    case 7:
      return fmt::format(R"({{"at": "+{}h", "kind": "restore", "service": "a"}})", hours);
    case 8:
      return fmt::format(R"({{"at": "+{}h", "kind": "disable_schedules", "service": "a"}})", hours);
    case 9:
      return fmt::format(R"({{"at": "+{}h", "kind": "enable_schedules", "service": "a"}})", hours);
    case 10:
      return fmt::format(R"({{"at": "+{}h", "kind": "clock_jump", "service": "a", "by": "{}h"}})",
                         hours, lasts - 40);
    case 11:
      return fmt::format(
          R"({{"at": "+{}h", "kind": "link_outage", "region": "{}", "to_region": "{}", "for": "{}h"}})",
          hours, shape.region, shape.other_region, lasts);
    case 12:
      return fmt::format(
          R"({{"at": "+{}h", "kind": "restore", "service": "*", "to_region": "{}"}})", hours,
          shape.other_region);
    case 13:
      return fmt::format(
          R"({{"at": "+{}h", "kind": "store_outage", "region": "{}", "for": "{}h"}})", hours,
          *rc::gen::element(shape.region, shape.other_region), lasts);
    case 14:
    case 15:
      return random_change(shape, hours % (24 * 18));
    default:
      return fmt::format(
          R"({{"at": "+{}h", "kind": "manual_backup", "service": "a", "tags": ["protected"]}})",
          hours);
  }
}

std::string random_failures(const Shape& shape) {
  if (*rc::gen::inRange(0, 2) == 0) return "";
  return fmt::format(
      R"({{"region": "{0}", "mtbf": "{1}h", "mttr": "{2}h"}}, {{"store": "{0}", "mtbf": "{1}h",
         "mttr": "{2}h"}}, {{"name": "keys", "service": "*", "share": "50%", "mtbf": "{2}h",
         "mttr": "{2}h"}})",
      shape.region, *rc::gen::inRange(20, 400), *rc::gen::inRange(1, 60));
}

std::string random_scenario(const Shape& shape) {
  std::string events;
  const int count = *rc::gen::inRange(0, 12);
  for (int i = 0; i < count; ++i) events += (i == 0 ? "" : ",\n") + random_event(shape);
  const bool has_link = std::string(shape.region) != shape.other_region && *rc::gen::inRange(0, 2);
  const std::string link = has_link
                               ? fmt::format(R"({{"from": "{}", "to": "{}", "rate": "100 kB/s"}})",
                                             shape.region, shape.other_region)
                               : "";
  const std::string limit =
      *rc::gen::inRange(0, 2) == 0 ? "" : R"({"jobs": 1, "wait_at_most": "3h"})";
  return fmt::format(
      R"({{"name": "chaos", "start": "2026-01-05", "horizon": "20d", "provider": "{}", "seed": {},
        "projects": [{{"name": "p"{}}}], "price_book": "zilliz",
        "defaults": {{"project": "p", "region": "{}", "schedules": [{}]{}}},
        "services": [{{"name": "a", "size": "{} MB", "growth": {{"per_day": "5 MB"}}}},
                     {{"name": "b", "size": "100 MB"}}],
        "links": [{}], "limits": [{}], "events": [{}], "failures": [{}]}})",
      shape.provider, *rc::gen::inRange(0, 1000),
      std::string(shape.provider) == "zerops"
          ? fmt::format(R"(, "quota": "2 GB", "quota_mode": "{}")",
                        *rc::gen::element<std::string>("keep", "hard"))
          : "",
      shape.region, shape.schedule, shape.fields, *rc::gen::inRange(1, 400), link, limit, events,
      random_failures(shape));
}

// Bytes that the ledger says a region of a service holds just after t.
std::uint64_t held_in_ledger(const sim::RunResult& result, const sim::Series& series, Instant t) {
  std::uint64_t bytes = 0;
  for (const UsageRecord& r : result.usage) {
    const bool concerns = r.kind == UsageKind::kStorage && r.region == series.region &&
                          r.service == result.services[series.service].name;
    if (concerns && r.start <= t && t < r.end) bytes += r.quantity;
  }
  return bytes;
}

void check_lives(const Ran& ran) {
  for (const BackupRecord& b : ran.result.backups) {
    if (b.available == kNever) {
      RC_ASSERT(b.deleted == kNever);
      RC_ASSERT(b.state != sim::BackupState::kAvailable);
      continue;
    }
    RC_ASSERT(b.born <= b.available);
    RC_ASSERT(b.available <= b.deleted);
    if (b.original != sim::kNone) {
      RC_ASSERT(ran.result.backups[b.original].available <= b.available);
    }
  }
}

RC_GTEST_PROP(Chaos, LedgerSeriesAndCatalogueAgree, ()) {
  const Shape& shape = kShapes[*rc::gen::inRange(0, 4)];
  auto loaded = load_text(random_scenario(shape));
  if (!loaded.ok()) RC_FAIL(all_messages(loaded.error()));
  Ran ran;
  ran.scenario = loaded->scenario;
  ran.result = sim::run(loaded->scenario, {.threads = 1});
  check_lives(ran);
  for (std::size_t i = 1; i < ran.result.log.size(); ++i) {
    RC_ASSERT(ran.result.log[i - 1].at <= ran.result.log[i].at);
  }
  for (const sim::Series& series : ran.result.series) {
    if (series.kind == sim::SeriesKind::kQuotaBytes) {  // P_QUO_02: nothing passes a hard one
      if (ran.scenario.projects[0].quota_mode == policy::QuotaMode::kKeep) continue;
      for (const auto& p : series.points) RC_ASSERT(p.value <= *series.limit);
      continue;
    }
    for (const auto& p : series.points) {
      if (p.at < ran.result.end) {
        RC_ASSERT(held_in_ledger(ran.result, series, p.at) == p.value);
      }
    }
  }
  bool somebody_deletes = false;
  for (const auto& e : ran.scenario.events) {
    somebody_deletes = somebody_deletes || e.kind == sim::EventKind::kStorageLoss ||
                       e.kind == sim::EventKind::kDeleteService ||
                       e.kind == sim::EventKind::kDeleteBackup;
  }
  for (const BackupRecord& b : ran.result.backups) {  // P_TAG_06
    const bool keeps = ran.scenario.projects[0].quota_mode == policy::QuotaMode::kKeep;
    RC_ASSERT(!keeps || reason(ran, b).find("quota_mode") == std::string::npos);
    if (b.is_protected && b.available != kNever && !somebody_deletes) {
      RC_ASSERT(b.deleted == kNever);
    }
  }
}

}  // namespace
}  // namespace backcast::scenario
