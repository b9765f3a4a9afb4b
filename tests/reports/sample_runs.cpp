#include "tests/reports/sample_runs.h"

#include <fmt/format.h>

#include <algorithm>

namespace backcast::reports {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

constexpr std::uint64_t kSizeBytes = 20'000'000'000;
constexpr std::uint64_t kAddedBytes = 400'000'000;
const Instant kStart = from_unix_seconds(1'767'225'600);  // 2026-01-01

std::shared_ptr<cost::PriceBook> price_book() {
  auto book = std::make_shared<cost::PriceBook>();
  book->name = "example";
  book->title = "Example prices";
  book->as_of = "2026-01-01";
  book->accounts.push_back({"example", "Example", "2026-01-01", {}, 0, "", {}});
  book->currency = cost::Currency::parse("USD").value();
  cost::Meter storage;
  storage.name = "storage";
  storage.unit = "GB-Month";
  cost::Meter transfer;
  transfer.name = "transfer";
  transfer.unit = "GB";
  book->meters = {storage, transfer};
  cost::PriceRow row;
  row.id = "example/storage";
  cost::PriceRow second = row;
  second.id = "example/transfer";
  second.meter = 1;
  book->rows = {row, second};
  return book;
}

cost::InvoiceLine line(unsigned month, std::uint32_t group, std::uint32_t meter,
                       cost::Quantity quantity, const char* rate, const char* amount) {
  cost::InvoiceLine made;
  made.month = std::chrono::year(2026) / static_cast<int>(month);
  made.group = group;
  made.row = made.meter = meter;
  made.tier = 0;
  made.quantity = quantity;
  made.rate = cost::Decimal::parse(rate).value();
  made.amount = cost::Decimal::parse(amount).value();
  return made;
}

cost::Invoice invoice() {
  cost::Invoice made;
  made.book = price_book();
  cost::UsageGroup home, copy, moved;
  home.project = copy.project = moved.project = "search";
  home.service = copy.service = moved.service = "vectors";
  home.region = moved.region = "us-west1";
  copy.region = moved.peer_region = "us-east4";
  made.groups = {home, copy, moved};
  made.lines = {line(1, 0, 0, {10, 1}, "0.02", "0.20"), line(1, 1, 0, {10, 1}, "0.02", "0.20"),
                line(1, 2, 1, {25, 1}, "0.04", "1"),    line(2, 0, 0, {10, 1}, "0.02", "0.20"),
                line(2, 1, 0, {10, 1}, "0.02", "0.20"), line(2, 2, 1, {25, 1}, "0.04", "1")};
  made.assumptions = {"the example book rounds each line half up"};
  return made;
}

// By the policy of the one service.
sim::Ruled ruled(policy::Effect effect, std::int64_t off_seconds) {
  return {{sim::PolicyPlace::In::kService}, {policy::Rule::kExpiry, effect, 0, off_seconds}};
}

sim::BackupRecord backup(int day) {
  sim::BackupRecord made;
  made.id = fmt::format("vectors/auto-{:06}", day + 1);
  made.region = "us-west1";
  made.kind = "automatic";
  made.schedule = "daily";
  made.tags = {day % 7 == 0 ? "weekly" : "daily"};
  made.born = kStart + days(day) + hours(2);
  made.size_bytes = kSizeBytes;
  made.added_bytes = kAddedBytes;
  if (day == 40) {
    made.state = sim::BackupState::kFailed;
    made.reason = sim::Why::kRegionDown;
    return made;
  }
  made.available = made.born + seconds(1800);
  made.expires = made.born + days(7);
  if (day + 7 < 60) {
    made.deleted = made.expires;
    made.state = sim::BackupState::kDeleted;
    made.freed_bytes = kAddedBytes;
    made.reason = ruled(policy::Effect::kTooOld, 0);
  } else {
    made.state = sim::BackupState::kAvailable;
    made.reason = ruled(policy::Effect::kKeeps, 7 * 86'400);
  }
  return made;
}

// Copies every backup, then derives usage and series from all of them.
void add_copies(sim::RunResult& run) {
  const std::size_t originals = run.backups.size();
  for (std::size_t i = 0; i < originals; ++i) {
    if (run.backups[i].available == sim::kNever) continue;
    sim::BackupRecord copy = run.backups[i];
    copy.original = static_cast<std::uint32_t>(i);
    copy.id += "@us-east4";
    copy.region = "us-east4";
    copy.kind = "copy";
    copy.available += hours(2);
    run.backups.push_back(copy);
  }
}

void add_series(sim::RunResult& run, const std::string& region) {
  sim::Series stored{sim::SeriesKind::kStoredBytes, 0, "", region, {}, {}};
  std::vector<std::pair<Instant, std::int64_t>> changes;
  for (const auto& made : run.backups) {
    if (made.region != region || made.available == sim::kNever) continue;
    changes.emplace_back(made.available, static_cast<std::int64_t>(made.added_bytes));
    if (made.deleted != sim::kNever) {
      changes.emplace_back(made.deleted, -static_cast<std::int64_t>(made.freed_bytes));
    }
    UsageRecord held;
    held.start = made.available;
    held.end = std::min(made.deleted, run.end);
    held.quantity = made.added_bytes;
    held.region = region;
    run.usage.push_back(held);
  }
  std::sort(changes.begin(), changes.end());
  std::uint64_t now = 0;
  for (const auto& [at, change] : changes) {
    now += static_cast<std::uint64_t>(change);
    stored.points.push_back({at, now});
  }
  run.series.push_back(stored);
}

std::vector<sim::RequirementOutcome> requirements() {
  sim::RequirementOutcome rpo;
  rpo.name = "rpo";
  rpo.kind = "rpo";
  rpo.statement = "newest restore point of vectors in us-west1 is never older than 26h";
  rpo.verdict = sim::Verdict::kFails;
  rpo.at_most = hours(26);
  rpo.services = {0};
  rpo.would_hold = "with at_most 2d 30m, with of_time 98.42%";
  rpo.limit = "26h";
  rpo.observed = "2d 30m";
  rpo.first_failure = kStart + days(40) + hours(4);
  rpo.failing_time = hours(22) + seconds(1800);
  rpo.failing_periods = 1;
  rpo.service = 0;
  rpo.region = "us-west1";
  rpo.trace = {{kStart + days(39) + hours(2), "backup vectors/auto-000040 started"},
               {kStart + days(40) + hours(2), "backup vectors/auto-000041 failed: region is down"},
               {rpo.first_failure, "newest restore point is older than 26h"}};
  sim::RequirementOutcome quota;
  quota.name = "quota";
  quota.kind = "quota";
  quota.statement = "project search never stores more than 40 GB";
  quota.limit = "40.00 GB";
  quota.observed = "23.20 GB";
  sim::RequirementOutcome restore;
  restore.name = "rto";
  restore.kind = "restore_time";
  restore.statement = "vectors is back within 4h";
  restore.verdict = sim::Verdict::kUnknown;
  restore.unknown_because = "nothing to restore";
  return {rpo, quota, restore};
}

// What they ask, in the same order; there is nothing to restore.
std::vector<sim::Requirement> asked() {
  std::vector<sim::Requirement> asked(3);
  asked[0].kind = sim::RequirementKind::kRpo;
  asked[0].services = {0};
  asked[0].at_most = hours(26);
  asked[1].kind = sim::RequirementKind::kQuota;
  asked[1].project = 0;
  asked[1].at_most_bytes = 40'000'000'000;
  asked[2].kind = sim::RequirementKind::kRestoreTime;
  return asked;
}

}  // namespace

RunReport Sample::report() const {
  RunReport made;
  made.run = &run;
  made.scenario = &scenario;
  made.invoice = &invoice;
  made.scenario_file = "daily.json";
  made.scenario_text = scenario_text;
  return made;
}

Sample daily_sample() {
  Sample sample;
  sim::RunResult& run = sample.run;
  run.scenario = "daily";
  run.title = "Daily backups of one 20 GB service, copied to a second region";
  run.seed = 1;
  run.start = kStart;
  run.end = kStart + days(60);
  run.events = 360;
  run.services = {{"vectors", "search", "example", "us-west1", kSizeBytes, kSizeBytes}};
  sim::Service& service = sample.scenario.services.emplace_back();
  service.name = "vectors";
  service.retention = *policy::parse_policy("native: --ttl 7d");
  for (int day = 0; day < 60; ++day) run.backups.push_back(backup(day));
  add_copies(run);
  std::stable_sort(run.backups.begin(), run.backups.end(), [](const auto& a, const auto& b) {
    return (a.original == sim::kNone) > (b.original == sim::kNone);
  });
  add_series(run, "us-west1");
  add_series(run, "us-east4");
  sim::Series quota{sim::SeriesKind::kQuotaBytes, sim::kNone, "search", "", 40'000'000'000, {}};
  quota.points = {{kStart, 20'000'000'000}, {kStart + days(10), 23'200'000'000}};
  run.series.push_back(quota);
  run.requirements = requirements();
  sample.scenario.projects.emplace_back().name = "search";
  sample.scenario.requirements = asked();
  run.left_out = {{"automatic backups in their home region", 23'200'000'000, 60}};
  run.assumptions = {"the link runs at 700 MB/s"};
  sample.invoice = invoice();
  sample.scenario_text = "{\n  // one service\n  \"scenario\": \"daily\"\n}\n";
  return sample;
}

Sample hostile_sample(const std::string& poison) {
  Sample sample = daily_sample();
  sim::RunResult& run = sample.run;
  const auto spoil = [&](auto&... texts) { ((texts = poison + texts), ...); };
  spoil(run.scenario, run.title, sample.scenario_text);
  for (auto& s : run.services) spoil(s.name, s.project, s.provider, s.region);
  spoil(sample.scenario.services[0].name);  // stands in reasons
  spoil(sample.scenario.projects[0].name);
  for (auto& b : run.backups) {
    spoil(b.id, b.region, b.kind, b.schedule);
    if (b.state == sim::BackupState::kFailed) b.reason = sim::Why::kSuspended;
    for (auto& tag : b.tags) spoil(tag);
  }
  for (auto& r : run.requirements) {
    spoil(r.name, r.statement, r.observed, r.region);
    if (r.kind != "rpo") spoil(r.limit, r.kind);
    for (auto& step : r.trace) spoil(step.text);
  }
  for (auto& s : run.series) spoil(s.region, s.project);
  for (auto& u : run.usage) spoil(u.region, u.storage_class);
  for (auto& l : run.left_out) spoil(l.what);
  for (auto& text : run.assumptions) spoil(text);
  run.warnings = {poison};
  auto book = price_book();
  spoil(book->name, book->as_of);
  for (auto& meter : book->meters) spoil(meter.name, meter.unit);
  for (auto& row : book->rows) spoil(row.id);
  sample.invoice.book = book;
  for (auto& g : sample.invoice.groups) spoil(g.project, g.service, g.region, g.peer_region);
  for (auto& l : sample.invoice.lines) spoil(l.description);
  for (auto& text : sample.invoice.assumptions) spoil(text);
  return sample;
}

ChartPage sweep_page() {
  const auto usd = [](double v) { return fmt::format("{:.2f} USD", v); };
  const auto hours_old = [](double v) { return fmt::format("{:.0f} h", v); };
  HeatMap map{
      "Cost by days kept and backups a day", "days kept", "backups a day", "Cost", {}, {}, {}, usd};
  map.x_labels = {"7", "14", "30", "90"};
  map.y_labels = {"1", "2", "4"};
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 4; ++column) map.values.push_back(1.1 * (row + 1) * (column + 1));
  }
  std::vector<Candidate> candidates;
  for (int i = 0; i < 10; ++i) {
    candidates.push_back(
        {fmt::format("candidate {}", i), 1.5 * (i % 5 + 1), 48.0 / (i % 7 + 1), false});
  }
  for (Candidate& one : candidates) {
    one.is_on_front = std::none_of(candidates.begin(), candidates.end(), [&](const Candidate& c) {
      return c.x <= one.x && c.y <= one.y && (c.x < one.x || c.y < one.y);
    });
  }
  ChartPage page;
  page.title = "sweep of daily";
  page.lead = "What each combination costs, and which are worth a look.";
  page.charts = {heat_map_chart(map, "heat"),
                 pareto_chart(candidates, "cost", "RPO", usd, hours_old, "front")};
  page.tables = {{"Best", {"best", {{"name", "Name"}}, {{{"candidate 9", {}}}}}}};
  page.inputs = {"daily.json, seed 1"};
  return page;
}

Sample fleet_sample(std::uint32_t services, int years) {
  Sample sample;
  sim::RunResult& run = sample.run;
  run.scenario = "fleet";
  run.title = fmt::format("{} services, weekly, for {} years", services, years);
  run.start = kStart;
  run.end = kStart + days(365 * years);
  for (std::uint32_t s = 0; s < services; ++s) {
    const std::string region = fmt::format("region-{}", s % 3 + 1);
    run.services.push_back({fmt::format("svc-{:04}", s), "fleet", "example", region, 0, 0});
    sim::Series stored{sim::SeriesKind::kStoredBytes, s, "", region, {}, {}};
    std::uint64_t held = 0;
    for (Instant at = kStart + hours(s % 168); at + hours(1) < run.end; at += days(7)) {
      sim::BackupRecord made;
      made.id = fmt::format("svc-{:04}/{}", s, format_instant(at));
      made.service = s;
      made.region = region;
      made.kind = "automatic";
      made.schedule = "weekly";
      made.tags = {s % 2 == 0 ? "gold" : "silver"};
      made.born = at;
      made.available = at + hours(1);
      made.expires = at + days(35);
      const bool gone = made.expires < run.end;
      made.state = gone ? sim::BackupState::kDeleted : sim::BackupState::kAvailable;
      if (gone) made.deleted = made.expires;
      made.added_bytes = kAddedBytes;
      held = std::min<std::uint64_t>(held + kAddedBytes, 5 * kAddedBytes);
      stored.points.push_back({made.available, held});
      UsageRecord usage;
      usage.start = made.available;
      usage.end = std::min(made.deleted, run.end);
      usage.quantity = kAddedBytes;
      usage.region = region;
      run.usage.push_back(usage);
      run.backups.push_back(std::move(made));
    }
    run.series.push_back(std::move(stored));
  }
  sample.invoice = invoice();
  return sample;
}

}  // namespace backcast::reports
