#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/repository/repository_options.h"
#include "cli/shared/terminal.h"
#include "cli/shared/verbs.h"
#include "engine/base/bytes.h"
#include "engine/base/text.h"
#include "engine/store/work/forget.h"

namespace backcast::cli {
namespace {

struct Options {
  RepositoryOptions repository;
  std::string policy, max_delete, zone = "UTC";
  store::ForgetRequest request;
  bool dry_run = false, yes = false;
};

Status prepare(Options& options) {
  const auto is_given = [&](const char* name) {
    return options.repository.verb->get_option(name)->count() > 0;
  };
  for (const char* name : {"--host", "--tag", "--zone"}) {
    if (options.request.snapshots.empty() || !is_given(name)) continue;
    return bad_input(std::string(name) + " says which snapshots a policy is for",
                     "snapshots that are named are forgotten whatever they are");
  }
  if (options.policy.empty() && is_given("--zone")) {
    return bad_input("--zone is for --policy", "the repository's own policy has its own zone");
  }
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

reports::Cell time_cell(Instant time) {
  return {format_instant(time), format_instant(from_unix_seconds(unix_seconds(time)))};
}

reports::Table table_of(const store::ForgetPlan& plan) {
  reports::Table table{"forget",
                       {{"id", "Snapshot"},
                        {"time", "Time"},
                        {"judged_time", "Judged by"},
                        {"host", "Host"},
                        {"tags", "Tags", false, true},
                        {"action", "Action"},
                        {"reason", "Reason"},
                        {"frees_bytes", "Alone frees", true}},
                       {}};
  table.version = 2;  // tags are a list
  for (const store::ForgetVerdict& verdict : plan.verdicts) {
    const store::Snapshot& s = verdict.snapshot;
    const std::string id = to_hex(s.id);
    table.rows.push_back(
        {{id, id.substr(0, 8)},
         verdict.is_damaged ? reports::Cell{} : time_cell(s.time),
         verdict.judged ? time_cell(*verdict.judged) : reports::Cell{},
         {s.host, ""},
         reports::list_cell(s.tags, ","),
         {verdict.keep ? "keep" : "forget", ""},
         {verdict.reason, ""},
         {std::to_string(verdict.frees_bytes), format_bytes(verdict.frees_bytes)}});
  }
  return table;
}

// What somebody typed by hand may be a slip of the finger: on a terminal it is asked for.
Status confirm(const Options& options, const store::ForgetPlan& plan) {
  if (options.dry_run || options.yes || options.request.snapshots.empty()) return kOk;
  if (plan.deletions == 0 || plan.above_ceiling() || !can_ask()) return kOk;
  std::string question = "Forget";
  for (const store::ForgetVerdict& verdict : plan.verdicts) {
    if (verdict.keep) continue;
    const store::Snapshot& s = verdict.snapshot;
    question += "\n  " + to_hex(s.id).substr(0, 8);
    if (verdict.is_damaged) {
      question += " (damaged)";
      continue;
    }
    question += " of " + time_cell(s.time).shown + ", " + printable(s.host);
    for (const std::string& path : s.paths) question += ' ' + printable(path);
  }
  if (ask(question + "\n?")) return kOk;
  return Error{Errc::kInterrupted, "nothing is forgotten", {}, ""};
}

void note_times(const Context& context, const store::ForgetPlan& plan) {
  const auto now = format_instant(from_unix_seconds(unix_seconds(plan.now)));
  note(context, fmt::format("Judged at {}; days and weeks begin in {}", now, plan.zone->name()));
}

// What would have made room by coming from nowhere.
void tell_newcomers(const Context& context, const store::ForgetPlan& plan) {
  std::size_t spared = 0, newcomers = 0;
  const store::ForgetVerdict* last = nullptr;
  for (const store::ForgetVerdict& verdict : plan.verdicts) {
    spared += verdict.is_spared;
    newcomers += verdict.came.has_value();
    if (verdict.came && (!last || *last->came < *verdict.came)) last = &verdict;
  }
  if (spared == 0) return;
  std::string text =
      fmt::format("{} snapshots stay that others would push out whose times are in doubt", spared);
  if (last) {
    text += fmt::format(
        ". {} came at another time than they say, the last, {}, at {} and says {}. If they are not "
        "yours, forget them by name; if the repository was moved "
        "or its clock was wrong, nothing is amiss",
        newcomers, to_hex(last->snapshot.id).substr(0, 8), format_instant(*last->came),
        format_instant(last->snapshot.received));
  }
  note(context, text);
}

Status run(Context& context, Options& options) {
  BACKCAST_CHECK(prepare(options));
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kWrite));
  BACKCAST_TRY(const auto plan, store::plan_forget(*repository, options.request));
  for (const std::string& warning : plan.warnings) complain(warning);
  summarize(context, table_of(plan));
  if (plan.zone) note_times(context, plan);
  tell_newcomers(context, plan);
  BACKCAST_CHECK(confirm(options, plan));
  const auto kept = plan.verdicts.size() - plan.deletions;
  const std::string frees =
      fmt::format("{} ({} bytes)", format_bytes(plan.frees_bytes), plan.frees_bytes);
  if (options.dry_run) {
    note(context,
         fmt::format("Would forget {}, {} kept; that would free {}", plan.deletions, kept, frees));
    if (plan.above_ceiling()) {
      note(context, fmt::format("More than the {} one run forgets: it would need --max-delete",
                                plan.ceiling));
    }
    return kOk;
  }
  BACKCAST_TRY(const auto done, store::apply_forget(*repository, plan));
  note(context, fmt::format("Forgot {}, {} kept; prune frees {}", plan.deletions, kept, frees));
  if (done.deleted > 0) {
    note(context,
         fmt::format("{} of them are gone for good: the disk has no room to set them aside",
                     done.deleted));
  } else if (done.set_aside > 0) {
    note(context, "Until then backcast unforget brings them back");
  }
  return kOk;
}

}  // namespace

void add_forget(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "forget",
      "Set snapshots aside by a retention policy, or by name; prune deletes them, unforget brings "
      "them back\n\n"
      "  backcast forget /srv/backup            # by the repository's own policy: backcast policy\n"
      "  backcast forget /srv/backup --policy 'restic: --keep-daily 7 --keep-weekly 5' --dry-run\n"
      "  backcast forget /srv/backup 1a2b3c4d");
  add_repository_options(*verb, options->repository);
  verb->add_option("snapshots", options->request.snapshots,
                   "Exactly these: at least 4 digits of each id, or latest");
  verb->add_option("--policy", options->policy,
                   "Policy in its tool's own words (default: the repository's own)");
  verb->add_flag("-n,--dry-run", options->dry_run,
                 "Only say what would go, why, and what it frees");
  verb->add_option("--host", options->request.host, "Only snapshots of this machine");
  verb->add_option("--tag", options->request.tags, "Only snapshots with this tag; all of several");
  verb->add_option("--zone", options->zone, "Time zone of days and weeks")->capture_default_str();
  verb->add_option("--max-delete", options->max_delete,
                   "Forget at most this many, or all (default: half, or 10 if that is more)");
  verb->add_flag("-y,--yes", options->yes, "Do not ask about what is named");
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
