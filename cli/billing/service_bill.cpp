#include "cli/billing/service_bill.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/service/records.h"
#include "costmodel/bill/usage_file.h"
#include "engine/base/errors.h"
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

// The scenario that was applied, from when it was.
Result<Planned, Errors> applied_one(const Client& client, const std::string& name) {
  BACKCAST_TRY(const auto scenarios, all_errors(fetch_scenarios(client)));
  std::vector<const control::AppliedScenario*> found;
  for (const control::AppliedScenario& one : scenarios) {
    if (name.empty() || one.name == name) found.push_back(&one);
  }
  if (found.size() != 1) {
    return Errors{bad_input(
        found.empty() ? "no such scenario was applied" : "several scenarios were applied",
        found.empty() ? "backcast apply does it" : "name one: --applied " + found.front()->name)};
  }
  const control::AppliedScenario& one = *found.front();
  Planned planned{{}, {}, one.name};
  planned.given.start = one.applied;
  BACKCAST_TRY(const Document document, all_errors(Document::parse_file(one.document, "-")));
  BACKCAST_TRY(planned.loaded, scenario::load(document, planned.given));
  return planned;
}

Result<std::optional<Planned>, Errors> planned_one(const Client& client,
                                                   const ServiceBillOptions& options) {
  if (options.is_applied) {
    BACKCAST_TRY(Planned planned, applied_one(client, options.applied));
    return std::optional(std::move(planned));
  }
  if (options.scenario.empty()) return std::optional<Planned>();
  BACKCAST_TRY(scenario::Loaded loaded, scenario::load_file(options.scenario));
  return std::optional(Planned{std::move(loaded), {}, options.scenario});
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
  verb.add_option("--applied", options.applied,
                  "The same of the scenario that was applied, from then on; of several, this one")
      ->type_name("NAME")
      ->expected(0, 1)
      ->excludes("--scenario");
}

Result<ServiceLedger, Errors> fetch_ledger(const ServiceBillOptions& options) {
  BACKCAST_TRY(const Client client, all_errors(Client::of(named_server(options.server))));
  BACKCAST_TRY(const Instant now, all_errors(fetch_time(client)));
  ServiceLedger ledger;
  BACKCAST_TRY(ledger.planned, planned_one(client, options));
  BACKCAST_TRY(ledger.to,
               all_errors(moment(options.to, std::chrono::ceil<std::chrono::seconds>(now))));
  const Instant otherwise =
      ledger.planned ? ledger.planned->loaded.scenario.start : first_of_month(ledger.to);
  BACKCAST_TRY(ledger.from, all_errors(moment(options.from, otherwise)));
  if (ledger.from >= ledger.to) {
    return Errors{bad_input(fmt::format("nothing lies between {} and {}",
                                        format_instant(ledger.from), format_instant(ledger.to)),
                            "give --from and --to")};
  }
  BACKCAST_TRY(ledger.actual.usage, all_errors(usage_of(client, ledger.from, ledger.to)));
  if (!ledger.planned) return ledger;
  // What the policy's bill leaves out, the bill beside it leaves out, too.
  std::erase_if(ledger.actual.usage, [&](const UsageRecord& record) {
    return !sim::is_billed(ledger.planned->loaded.scenario.bill, record.backup_kind);
  });
  BACKCAST_TRY(ledger.actual.backups, all_errors(backups_of(client, ledger.to)));
  return ledger;
}

Result<Forecast, Errors> forecast_of(const ServiceLedger& actual) {
  const Planned& planned = *actual.planned;
  Forecast forecast;
  forecast.since = planned.loaded.scenario.start;
  if (forecast.since >= actual.to) {
    return Errors{bad_input(fmt::format("{} begins at {}, after what is billed", planned.name,
                                        format_instant(forecast.since)),
                            "give it the start at which the policy was switched on")};
  }
  // As long as what is billed, however long the plan was.
  study::Question question;
  question.name = planned.name;
  question.given = planned.given;
  question.until = format_instant(actual.to);
  const auto days = std::chrono::ceil<std::chrono::days>(actual.to - forecast.since).count();
  question.changes.push_back(
      {"/horizon", study::json_string(fmt::format("{}d", days + 1)), fmt::format("{}d", days + 1)});
  BACKCAST_TRY(const study::PreparedScenario prepared, study::prepare(planned.loaded, question));
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
