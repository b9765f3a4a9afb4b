#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "cli/repository_options.h"
#include "cli/verbs.h"
#include "engine/base/bytes.h"
#include "engine/store/forget.h"

namespace backcast::cli {
namespace {

struct Options {
  RepositoryOptions repository;
  std::string policy, max_delete, zone = "UTC";
  store::ForgetRequest request;
  bool dry_run = false;
};

Status prepare(Options& options) {
  if (!options.policy.empty()) {
    BACKCAST_TRY(options.request.policy, policy::parse_policy(options.policy));
  }
  BACKCAST_TRY(options.request.zone, policy::Zone::find(options.zone));
  if (options.max_delete == "all") {
    options.request.max_deletions = UINT64_MAX;
  } else if (!options.max_delete.empty()) {
    std::uint64_t count = 0;
    if (!CLI::detail::lexical_cast(options.max_delete, count)) {
      return bad_input("--max-delete " + options.max_delete, "give a number, or all");
    }
    options.request.max_deletions = count;
  }
  return kOk;
}

reports::Table table_of(const store::ForgetPlan& plan) {
  reports::Table table{"forget",
                       {{"id", "Snapshot"},
                        {"time", "Time"},
                        {"host", "Host"},
                        {"tags", "Tags"},
                        {"action", "Action"},
                        {"reason", "Reason"},
                        {"frees_bytes", "Alone frees", true}},
                       {}};
  for (const store::ForgetVerdict& verdict : plan.verdicts) {
    const store::Snapshot& s = verdict.snapshot;
    const std::string id = to_hex(s.id);
    table.rows.push_back(
        {{id, id.substr(0, 8)},
         {format_instant(s.time), format_instant(from_unix_seconds(unix_seconds(s.time)))},
         {s.host, ""},
         {fmt::format("{}", fmt::join(s.tags, ",")), ""},
         {verdict.keep ? "keep" : "delete", ""},
         {verdict.reason, ""},
         {std::to_string(verdict.frees_bytes), format_bytes(verdict.frees_bytes)}});
  }
  return table;
}

Status run(Context& context, Options& options) {
  BACKCAST_CHECK(prepare(options));
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kWrite));
  BACKCAST_TRY(const auto plan, store::plan_forget(*repository, options.request));
  print(context, table_of(plan));
  const auto kept = plan.verdicts.size() - plan.deletions;
  if (!options.dry_run) BACKCAST_CHECK(store::apply_forget(*repository, plan));
  note(context,
       fmt::format("{} {}, {} kept; {} {} ({} bytes)", options.dry_run ? "Would delete" : "Deleted",
                   plan.deletions, kept, options.dry_run ? "that would free" : "prune will free",
                   format_bytes(plan.frees_bytes), plan.frees_bytes));
  if (options.dry_run && plan.above_ceiling()) {
    note(context,
         fmt::format("More than the {} one run deletes: it would need --max-delete", plan.ceiling));
  }
  return kOk;
}

}  // namespace

void add_forget(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "forget",
      "Delete snapshots by a retention policy, or by name; prune frees their space\n\n"
      "  backcast forget /srv/backup --policy 'restic: --keep-daily 7 --keep-weekly 5' --dry-run\n"
      "  backcast forget /srv/backup 1a2b3c4d");
  add_repository_options(*verb, options->repository);
  verb->add_option("snapshots", options->request.snapshots, "Exactly these");
  verb->add_option("--policy", options->policy, "Policy in its tool's own words");
  verb->add_flag("-n,--dry-run", options->dry_run,
                 "Only say what would go, why, and what it frees");
  verb->add_option("--host", options->request.host, "Only snapshots of this machine");
  verb->add_option("--tag", options->request.tags, "Only snapshots with this tag; all of several");
  verb->add_option("--zone", options->zone, "Time zone of days and weeks")->capture_default_str();
  verb->add_option("--max-delete", options->max_delete,
                   "Delete at most this many, or all (default: half, or 10 if that is more)");
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
