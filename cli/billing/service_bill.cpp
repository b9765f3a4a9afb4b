#include "cli/billing/service_bill.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/service/records.h"
#include "costmodel/bill/usage_file.h"
#include "engine/base/errors.h"
#include "engine/env/env.h"
#include "engine/policy/time/moment.h"
#include "sim/words/words.h"
#include "study/run/scenario_run.h"

namespace backcast::cli {
namespace {

using nlohmann::json;

Instant first_of_month(Instant now) {
  const auto day = std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::seconds>(std::chrono::seconds(unix_seconds(now))));
  const std::chrono::year_month_day date(day);
  const std::chrono::sys_days first(date.year() / date.month() / 1);
  return from_unix_seconds(
      std::chrono::duration_cast<std::chrono::seconds>(first.time_since_epoch()).count());
}

Result<Instant> moment(const std::string& text, Instant otherwise) {
  if (text.empty()) return otherwise;
  BACKCAST_TRY(const StampedInstant read, parse_instant(text));
  return read.instant;
}

// Read as a usage file is: the service writes the same fields.
Result<std::vector<UsageRecord>> usage_of(const Client& client, Instant from, Instant to) {
  BACKCAST_TRY(const json answer,
               client.get(fmt::format("/v1/usage?from={}&to={}", escaped(format_instant(from)),
                                      escaped(format_instant(to)))));
  std::stringstream lines;
  for (json record : answer.at("usage")) {
    for (auto field = record.begin(); field != record.end();) {
      const bool says_nothing = field->is_null() || *field == "" || field->empty();
      field = says_nothing ? record.erase(field) : std::next(field);
    }
    lines << record.dump() << '\n';
  }
  std::vector<UsageRecord> usage;
  if (answer.at("usage").empty()) return usage;
  const auto read = cost::read_usage(lines, "the ledger of the service", [&](const UsageRecord& r) {
    usage.push_back(r);
    return Status(kOk);
  });
  if (!read.ok()) return read.error().front();
  return usage;
}

Result<std::vector<study::BackupFact>> backups_of(const Client& client, Instant to) {
  BACKCAST_TRY(const auto clusters, all_clusters(client, true));
  std::map<std::string, std::string> names;
  for (const json& cluster : clusters) names[cluster.at("id")] = cluster.at("name");
  BACKCAST_TRY(const auto backups, all_backups(client, "with_gone=true"));
  std::vector<study::BackupFact> facts;
  for (const json& b : backups) {
    study::BackupFact fact{b.at("id"),
                           b.at("project"),
                           names[b.at("cluster")],
                           b.at("region"),
                           b.at("kind"),
                           parse_instant(b.at("born").get<std::string>())->instant,
                           {}};
    if (fact.born >= to) continue;
    if (b.at("available").is_null()) {
      std::string state = b.at("state");
      std::transform(state.begin(), state.end(), state.begin(), [](unsigned char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
      });
      const std::string reason = b.at("reason");
      fact.why_not = reason.empty() ? state : fmt::format("{} ({})", state, reason);
    }
    facts.push_back(std::move(fact));
  }
  return facts;
}

study::Ledger ledger_of(std::vector<UsageRecord> usage, const sim::RunResult& run) {
  study::Ledger ledger{std::move(usage), {}};
  for (const sim::BackupRecord& b : run.backups) {
    const sim::ServiceResult& service = run.services[b.service];
    const bool is_whole = b.available != sim::kNever;
    ledger.backups.push_back({b.id, service.project, service.name, b.region, b.kind, b.born,
                              is_whole ? "" : sim::name(b.state)});
  }
  return ledger;
}

}  // namespace

void add_service_bill_options(CLI::App& verb, ServiceBillOptions& options) {
  add_server_choice(verb, options.server, "--server");
  verb.add_option("--from", options.from,
                  "Bill the service from here: without, from the first of this month, or from the "
                  "start of --scenario")
      ->type_name("TIME");
  verb.add_option("--to", options.to, "Until here; without, until now")->type_name("TIME");
  verb.add_option("--scenario", options.scenario,
                  "Put the forecast of this policy beside it, from its start on, and say why they "
                  "differ")
      ->type_name("FILE");
}

Result<ServiceLedger> fetch_ledger(const ServiceBillOptions& options) {
  BACKCAST_TRY(const Client client, Client::of(named_server(options.server)));
  const Instant now = env::posix_env().now();
  ServiceLedger ledger;
  BACKCAST_TRY(ledger.to, moment(options.to, std::chrono::ceil<std::chrono::seconds>(now)));
  Instant otherwise = first_of_month(ledger.to);
  if (options.from.empty() && !options.scenario.empty()) {
    auto loaded = scenario::load_file(options.scenario);
    if (!loaded.ok()) return loaded.error().front();
    otherwise = loaded->scenario.start;
  }
  BACKCAST_TRY(ledger.from, moment(options.from, otherwise));
  if (ledger.from >= ledger.to) {
    return bad_input(fmt::format("nothing lies between {} and {}", format_instant(ledger.from),
                                 format_instant(ledger.to)),
                     "give --from and --to");
  }
  BACKCAST_TRY(ledger.actual.usage, usage_of(client, ledger.from, ledger.to));
  if (options.scenario.empty()) return ledger;
  BACKCAST_TRY(ledger.actual.backups, backups_of(client, ledger.to));
  return ledger;
}

Result<Forecast, Errors> forecast_of(const ServiceBillOptions& options,
                                     const ServiceLedger& actual) {
  BACKCAST_TRY(scenario::Loaded written, scenario::load_file(options.scenario));
  Forecast forecast;
  forecast.since = written.scenario.start;
  if (forecast.since >= actual.to) {
    return Errors{bad_input(fmt::format("{} begins at {}, after what is billed", options.scenario,
                                        format_instant(forecast.since)),
                            "give it the start at which the policy was switched on")};
  }
  // As long as what is billed, however long the plan was.
  study::Question question;
  question.name = options.scenario;
  question.until = format_instant(actual.to);
  const auto days = std::chrono::ceil<std::chrono::days>(actual.to - forecast.since).count();
  question.changes.push_back(
      {"/horizon", study::json_string(fmt::format("{}d", days + 1)), fmt::format("{}d", days + 1)});
  BACKCAST_TRY(const study::PreparedScenario prepared,
               study::prepare(std::move(written), question));
  std::vector<UsageRecord> usage;
  sim::RunOptions how;
  how.ledger = [&](const UsageRecord& record) { usage.push_back(record); };
  BACKCAST_TRY(const study::ScenarioRun run, study::run(prepared, how));
  usage.insert(usage.end(), run.result.billed.begin(), run.result.billed.end());
  forecast.ledger = ledger_of(study::within(usage, actual.from, actual.to), run.result);
  forecast.book = prepared.book;
  const auto& priced = prepared.loaded.pricing.options;
  forecast.options.options = {priced.begin(), priced.end()};
  return forecast;
}

}  // namespace backcast::cli
