// backcast retention: which restore points stay, which go, and why; today, later, or under another
// policy.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/policy/history_input.h"
#include "cli/shared/verbs.h"
#include "engine/base/bytes.h"
#include "engine/base/document.h"
#include "engine/base/errors.h"
#include "study/history/byte_model.h"
#include "study/history/policy_change.h"

namespace backcast::cli {
namespace {

using policy::Effect;
using policy::Plan;
using policy::RetentionPolicy;
using policy::Schedule;
using policy::Snapshot;
using policy::Zone;
using reports::Cell;
using reports::Table;

struct Options {
  std::string policy, versus;
  std::string path = "-";
  std::string tool;
  std::string now = "now", zone = "UTC";
  std::string schedule, since, until;
  std::string model;
  bool kept = false, deleted = false, all = false, bytes = false;
};

struct Input {
  RetentionPolicy policy;
  std::optional<RetentionPolicy> versus;
  std::vector<Snapshot> snapshots;
  policy::PlanContext context;
};

constexpr Duration kLookAhead = std::chrono::hours(24 * 3653);  // ten years

std::string reasons(const RetentionPolicy& policy, const Plan& plan, std::size_t index) {
  std::vector<std::string> texts;
  for (const policy::Reason& reason : plan.reasons_of(index)) {
    texts.push_back(to_text(policy, reason));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

Cell time_cell(const Snapshot& s) {
  return {format_instant(s.trusted_time()), {}};
}
Cell size_cell(std::uint64_t bytes) {
  return {std::to_string(bytes), bytes == 0 ? "-" : format_bytes(bytes)};
}
Cell verdict_cell(bool keeps) {
  return {keeps ? "keep" : "delete", {}};
}
Cell id_cell(const std::string& id) {
  return {id, std::string(policy::short_id(id))};
}

// For people, columns that say nothing are left out; CSV and JSON always have all of them.
void print_table(const Context& context, Table table) {
  const bool is_for_people = context.format == Format::kText || context.format == Format::kMarkdown;
  for (std::size_t c = table.columns.size(); is_for_people && c-- > 0;) {
    const bool is_empty = std::all_of(table.rows.begin(), table.rows.end(), [&](const auto& row) {
      return row[c].value.empty() || row[c].shown == "-";
    });
    if (!is_empty || table.rows.empty() || table.columns[c].key.ends_with("gone_at")) continue;
    table.columns.erase(table.columns.begin() + static_cast<std::ptrdiff_t>(c));
    for (auto& row : table.rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(c));
  }
  print(context, table);
}

Table plan_table(const Input& in, const Plan& plan, const Options& options) {
  Table table{"retention",
              {{"id", "Restore point"},
               {"time", "Time (UTC)"},
               {"tags", "Tags"},
               {"size_bytes", "Size", true},
               {"verdict", "Verdict"},
               {"reasons", "Kept because"},
               {"why_not", "Why not kept"}},
              {}};
  for (const std::uint32_t i : plan.newest_first) {
    const bool keeps = plan.verdicts[i].keep;
    if ((options.kept && !keeps) || (options.deleted && keeps)) continue;
    const Snapshot& s = in.snapshots[i];
    const std::string why = reasons(in.policy, plan, i);
    table.rows.push_back({id_cell(s.id),
                          time_cell(s),
                          {fmt::format("{}", fmt::join(s.tags, ",")), {}},
                          size_cell(s.size_bytes),
                          verdict_cell(keeps),
                          {keeps ? why : "", {}},
                          {keeps ? "" : why, {}}});
  }
  return table;
}

std::string summary(const std::vector<Snapshot>& snapshots, const Plan& plan) {
  const study::KeptSum sum = study::sum_of(snapshots, plan);
  std::string text = fmt::format("keeps {} of {} restore points", sum.kept, sum.restore_points);
  if (sum.bytes > 0) {
    text += fmt::format(", {} of {}", format_bytes(sum.kept_bytes), format_bytes(sum.bytes));
  }
  return text;
}

Cell gone_cell(const std::optional<Instant>& gone, Instant now) {
  if (!gone) return {"", "stays"};
  return {format_instant(*gone), *gone <= now ? "now" : format_instant(*gone)};
}

Table versus_table(const Input& in, const study::PolicyOutcome& policy,
                   const study::PolicyOutcome& versus, const Options& options) {
  const Plan &a = policy.plan, &b = versus.plan;
  const study::Forecast &future_a = policy.future, &future_b = versus.future;
  Table table{"retention_versus",
              {{"id", "Restore point"},
               {"time", "Time (UTC)"},
               {"size_bytes", "Size", true},
               {"verdict", "Policy"},
               {"versus_verdict", "Versus"},
               {"gone_at", "Gone under policy"},
               {"versus_gone_at", "Gone under versus"},
               {"reasons", "Policy says"},
               {"versus_reasons", "Versus says"}},
              {}};
  for (const std::uint32_t i : a.newest_first) {
    const bool keeps = a.verdicts[i].keep, versus_keeps = b.verdicts[i].keep;
    const bool is_different = keeps != versus_keeps || future_a.gone_at[i] != future_b.gone_at[i];
    if (!options.all && !is_different) continue;
    if ((options.kept && !versus_keeps) || (options.deleted && versus_keeps)) continue;
    const Snapshot& s = in.snapshots[i];
    table.rows.push_back({id_cell(s.id),
                          time_cell(s),
                          size_cell(s.size_bytes),
                          verdict_cell(keeps),
                          verdict_cell(versus_keeps),
                          gone_cell(future_a.gone_at[i], in.context.now),
                          gone_cell(future_b.gone_at[i], in.context.now),
                          {reasons(in.policy, a, i), {}},
                          {reasons(*in.versus, b, i), {}}});
  }
  return table;
}

// How restore points share bytes: by the file that the option names, or by the history itself.
Result<sim::StoredBytes, Errors> read_byte_model(const Options& options,
                                                 const std::vector<Snapshot>& history) {
  constexpr std::uint64_t kMaxInputBytes = 256ULL << 20;  // as calibrate
  if (options.model.empty()) return all_errors(sim::StoredBytes::fitted(history));
  BACKCAST_TRY(const std::string text, all_errors(read_text_file(options.model, kMaxInputBytes)));
  return study::byte_model(text, options.model, history);
}

struct PolicyBytes {
  std::string role, text;  // "policy", "versus"; the policy in its own words
  std::vector<bool> kept;  // by index of the history
};

Cell difference_cell(std::uint64_t from, std::uint64_t to) {
  const char* sign = from < to ? "-" : "";
  const std::uint64_t size = from < to ? to - from : from - to;
  return {fmt::format("{}{}", sign, size), sign + format_bytes(size)};
}

// What each policy stores of the history once it has run, and frees by that; from the second on
// also what it frees beyond the first.
Table bytes_table(const sim::StoredBytes& bytes, const std::vector<PolicyBytes>& policies) {
  Table table{"retention_bytes",
              {{"role", "Policy"},
               {"policy", "In its words"},
               {"kept", "Kept", true},
               {"deleted", "Deleted", true},
               {"stored_bytes", "Stores", true},
               {"freed_bytes", "Frees", true},
               {"freed_beyond_policy_bytes", "Frees beyond policy", true},
               {"basis", "Basis"}},
              {}};
  std::optional<std::uint64_t> first;
  for (const PolicyBytes& p : policies) {
    const study::KeptBytes sum = study::kept_bytes(bytes, p.kept);
    table.rows.push_back({{p.role, {}},
                          {p.text, {}},
                          {std::to_string(sum.kept), {}},
                          {std::to_string(sum.deleted), {}},
                          difference_cell(sum.stored_bytes, 0),
                          difference_cell(sum.all_bytes, sum.stored_bytes),
                          first ? difference_cell(*first, sum.stored_bytes) : Cell{"", "-"},
                          {bytes.basis(), {}}});
    if (!first) first = sum.stored_bytes;
  }
  return table;
}

// The same of two policies in one line: "frees now: policy 1.00 GB, versus ...".
std::string bytes_note(const sim::StoredBytes& bytes, const std::vector<bool>& kept,
                       const std::vector<bool>& versus_kept) {
  const study::KeptBytes policy = study::kept_bytes(bytes, kept);
  const study::KeptBytes versus = study::kept_bytes(bytes, versus_kept);
  const bool is_more = versus.stored_bytes <= policy.stored_bytes;
  return fmt::format("frees now: policy {}, versus {}, that is {} {} ({})",
                     format_bytes(policy.freed_bytes()), format_bytes(versus.freed_bytes()),
                     format_bytes(is_more ? policy.stored_bytes - versus.stored_bytes
                                          : versus.stored_bytes - policy.stored_bytes),
                     is_more ? "more" : "less", bytes.basis());
}

// Prints the bytes alone; the caller's policies, in its order.
Status print_bytes(const Input& in, const std::vector<PolicyBytes>& policies,
                   const Options& options, Context& context) {
  auto bytes = read_byte_model(options, in.snapshots);
  if (!bytes.ok()) {
    for (std::size_t i = 0; i + 1 < bytes.error().size(); ++i) report(context, bytes.error()[i]);
    return bytes.error().back();
  }
  print_table(context, bytes_table(*bytes, policies));
  return kOk;
}

Status compare(const Input& in, const Options& options, Context& context) {
  auto schedule = options.schedule.empty() ? study::daily_like(in.snapshots, in.context.zone)
                                           : policy::parse_schedule(options.schedule);
  BACKCAST_TRY(const Schedule runs, std::move(schedule));
  Instant until = in.context.now + kLookAhead;
  if (!options.until.empty()) {
    BACKCAST_TRY(until, moment_or_now(options.until));
  }
  const auto kept = [&](const RetentionPolicy& policy) {
    return study::kept_by(plan(policy, in.snapshots, in.context));
  };
  if (options.bytes) {
    return print_bytes(in,
                       {{"policy", to_text(in.policy), kept(in.policy)},
                        {"versus", to_text(*in.versus), kept(*in.versus)}},
                       options, context);
  }
  BACKCAST_TRY(const auto policy,
               study::outcome_of(in.policy, in.snapshots, runs, in.context, until));
  BACKCAST_TRY(const auto versus,
               study::outcome_of(*in.versus, in.snapshots, runs, in.context, until));
  print_table(context, versus_table(in, policy, versus, options));
  note(context,
       fmt::format("policy: {}: {}", to_text(in.policy), summary(in.snapshots, policy.plan)));
  note(context,
       fmt::format("versus: {}: {}", to_text(*in.versus), summary(in.snapshots, versus.plan)));
  auto bytes = read_byte_model(options, in.snapshots);
  if (bytes.ok()) {
    note(context, bytes_note(*bytes, study::kept_by(policy.plan), study::kept_by(versus.plan)));
  } else if (!options.model.empty()) {
    report(context, bytes.error());
  } else {
    note(context, "how many bytes that frees is not known: " + to_string(bytes.error().front()));
  }
  note(context,
       fmt::format("backups go on as {} ({}) until {}; a restore point that stays has no date",
                   policy::print(runs), in.context.zone.name(), format_instant(until)));
  return kOk;
}

// Lets backups go on until a later date, under the policy, and plans what exists then.
Status move_ahead(Input& in, const Options& options) {
  if (options.schedule.empty()) return kOk;
  BACKCAST_TRY(const Schedule runs, policy::parse_schedule(options.schedule));
  std::optional<Instant> since;
  if (!options.since.empty()) {
    BACKCAST_TRY(since, moment_or_now(options.since));
  }
  BACKCAST_TRY(in.snapshots,
               study::continued(in.policy, std::move(in.snapshots), runs, since, in.context));
  return kOk;
}

Result<Input> read_input(const Options& options) {
  BACKCAST_TRY(const Zone zone, Zone::find(options.zone));
  BACKCAST_TRY(RetentionPolicy policy, policy::parse_policy(options.policy));
  Input in{std::move(policy), {}, {}, {}};
  if (!options.versus.empty()) {
    BACKCAST_TRY(in.versus, policy::parse_policy(options.versus));
  }
  BACKCAST_TRY(const Instant now, moment_or_now(options.now));
  in.context = {now, zone};
  if (!options.since.empty()) return in;  // no history yet
  BACKCAST_TRY(auto history, read_history(options.path, options.tool, zone));
  in.snapshots = std::move(history.snapshots);
  return in;
}

Status run(const Options& options, Context& context) {
  if (options.kept && options.deleted) return bad_input("--kept and --deleted exclude each other");
  if (!options.since.empty() && (options.schedule.empty() || options.path != "-")) {
    return bad_input("--since stands for a history: it needs --schedule and takes no HISTORY");
  }
  BACKCAST_TRY(Input in, read_input(options));
  if (in.versus) return compare(in, options, context);
  BACKCAST_CHECK(move_ahead(in, options));
  const Plan p = plan(in.policy, in.snapshots, in.context);
  if (options.bytes) {
    return print_bytes(in, {{"policy", to_text(in.policy), study::kept_by(p)}}, options, context);
  }
  print_table(context, plan_table(in, p, options));
  note(context, fmt::format("{}: {} at {}", to_text(in.policy), summary(in.snapshots, p),
                            format_instant(in.context.now)));
  return kOk;
}

}  // namespace

void add_retention(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "retention",
      "Which restore points stay, which go, and why\n\n"
      "  restic snapshots --json | backcast retention --policy 'restic: --keep-daily 7'\n"
      "  backcast retention --policy 'borg: -d 7 -w 4' history.json --now 2027-01-01 \\\n"
      "      --schedule '0 2 * * *'          # what will exist on that day\n"
      "  backcast retention --policy 'kopia: --defaults' --schedule '@daily' --since 2026-01-01\n"
      "  backcast retention --policy 'restic: -d 14' --versus 'restic: -d 7 -w 4' history.json\n");
  verb->add_option("--policy,-p", options->policy,
                   fmt::format("The tool's own flags after its name: {}",
                               fmt::join(policy::dialect_names(), ", ")))
      ->required();
  verb->add_option("HISTORY", options->path,
                   "A history (backcast import), or an export read directly; - is standard input")
      ->capture_default_str();
  verb->add_option("--input", options->tool,
                   "What wrote it, if it is not recognised: restic, borg, kopia, zfs, csv");
  verb->add_option("--now", options->now, "Plan as of this instant")->capture_default_str();
  verb->add_option("--zone", options->zone, "Zone of the process that decides")
      ->capture_default_str();
  verb->add_option("--schedule", options->schedule,
                   "Backups go on at these times: until --now, or from now on with --versus");
  verb->add_option("--since", options->since,
                   "No history yet: backups start at this instant, by --schedule");
  verb->add_option("--versus", options->versus,
                   "Another policy: what it deletes that --policy keeps, and when each one goes");
  verb->add_option("--until", options->until, "How far --versus looks ahead (default: ten years)");
  verb->add_flag("--kept", options->kept, "Show only what stays (with --versus: under versus)");
  verb->add_flag("--deleted", options->deleted,
                 "Show only what goes (with --versus: under versus)");
  verb->add_flag("--bytes", options->bytes,
                 "Instead of the list: what each policy stores and frees, exact or estimated");
  verb->add_option("--model", options->model,
                   "What says how restore points share bytes: `backcast stats --presence` (exact), "
                   "a workload or history of `backcast calibrate`; else fitted to the history");
  verb->add_flag("--all", options->all, "With --versus: also what is the same under both");
  verb->callback([options, &context] {
    const Status status = run(*options, context);
    if (!status.ok()) report(context, status.error());
  });
}

}  // namespace backcast::cli
