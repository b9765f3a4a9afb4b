#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/repository/repository_options.h"
#include "cli/shared/verbs.h"
#include "engine/base/bytes.h"
#include "engine/base/size.h"
#include "engine/store/packs/load_index.h"
#include "engine/store/repository/rules.h"

namespace backcast::cli {
namespace {

struct Options {
  RepositoryOptions repository;
  std::string retention, zone, quota, quota_mode, ceiling;
};

bool is_given(const Options& options, const char* name) {
  return options.repository.verb->get_option(name)->count() > 0;
}

bool changes(const Options& options) {
  for (const char* name : {"--retention", "--zone", "--quota", "--quota-mode", "--ceiling"}) {
    if (is_given(options, name)) return true;
  }
  return false;
}

// What is not given stays as it is.
Status change_quota(const Options& options, store::RepositoryRules& rules) {
  if (options.quota == "none") {
    rules.quota.reset();
  } else if (is_given(options, "--quota")) {
    BACKCAST_TRY(const std::uint64_t limit_bytes, parse_size(options.quota));
    if (!rules.quota) rules.quota.emplace();
    rules.quota->limit_bytes = limit_bytes;
  }
  for (const char* name : {"--quota-mode", "--ceiling"}) {
    if (!rules.quota && is_given(options, name)) {
      return bad_input(std::string(name) + " is for a quota", "give --quota, too");
    }
  }
  if (is_given(options, "--quota-mode")) {
    const bool bills = options.quota_mode == policy::name(policy::QuotaMode::kBill);
    rules.quota->mode = bills ? policy::QuotaMode::kBill : policy::QuotaMode::kHard;
    if (!bills) rules.quota->ceiling_bytes = policy::Quota{}.ceiling_bytes;
  }
  if (is_given(options, "--ceiling")) {
    if (rules.quota->mode != policy::QuotaMode::kBill) {
      return bad_input("--ceiling is for --quota-mode bill", "give both");
    }
    BACKCAST_TRY(rules.quota->ceiling_bytes, parse_size(options.ceiling));
  }
  if (rules.quota && rules.quota->ceiling_bytes < rules.quota->limit_bytes) {
    return bad_input("the ceiling must not be below the quota",
                     "raise --ceiling, or lower --quota");
  }
  return kOk;
}

reports::Table table_of(const std::optional<store::RulesInForce>& rules, std::uint64_t held_bytes) {
  reports::Table table{"policy",
                       {{"retention", "Retention"},
                        {"zone", "Days begin in"},
                        {"quota_bytes", "Quota", true},
                        {"quota_mode", "Beyond it"},
                        {"ceiling_bytes", "Ceiling", true},
                        {"held_bytes", "Packs hold", true},
                        {"set", "Set"}},
                       {}};
  if (!rules) return table;
  const auto bytes = [](std::uint64_t count) -> reports::Cell {
    return {std::to_string(count), format_bytes(count)};
  };
  const store::RepositoryRules& r = rules->rules;
  const bool has_ceiling = r.quota && r.quota->ceiling_bytes != UINT64_MAX;
  table.rows.push_back(
      {{r.retention, ""},
       {r.zone, ""},
       r.quota ? bytes(r.quota->limit_bytes) : reports::Cell{},
       {r.quota ? std::string(policy::name(r.quota->mode)) : "", ""},
       has_ceiling ? bytes(r.quota->ceiling_bytes) : reports::Cell{},
       bytes(held_bytes),
       {format_instant(r.set), format_instant(from_unix_seconds(unix_seconds(r.set)))}});
  return table;
}

Status run(Context& context, const Options& options) {
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kWrite));
  BACKCAST_TRY(auto rules, store::load_rules(*repository));
  if (changes(options)) {
    store::RepositoryRules next = rules ? rules->rules : store::RepositoryRules{};
    if (is_given(options, "--retention")) {
      next.retention = options.retention == "none" ? "" : options.retention;
    }
    if (is_given(options, "--zone")) next.zone = options.zone;
    BACKCAST_CHECK(change_quota(options, next));
    BACKCAST_CHECK(store::set_rules(*repository, std::move(next)));
    BACKCAST_TRY(rules, store::load_rules(*repository));
  }
  BACKCAST_TRY(const store::Index index, load_index(*repository));
  print(context, table_of(rules, store::held_bytes(index)));
  if (!rules) {
    note(context, "The repository has no policy of its own: --retention and --quota give it one");
  } else if (changes(options) && rules->retention) {
    note(context, "backcast forget --dry-run shows what it would forget now");
  }
  return kOk;
}

}  // namespace

void add_policy(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "policy",
      "Show or change what a repository asks of backup and forget\n\n"
      "  backcast policy /srv/backup --retention 'restic: --keep-daily 7' --quota 500GB\n"
      "  backcast policy /srv/backup\n\n"
      "backup gives each snapshot the tags and the expiry that the policy fixes at birth, and "
      "makes "
      "none beyond the quota; forget without --policy deletes by it, and never what it keeps.");
  add_repository_options(*verb, options->repository);
  verb->add_option("--retention", options->retention, "Policy in its tool's own words, or none");
  verb->add_option("--zone", options->zone, "Time zone of days and weeks (default: UTC)");
  verb->add_option("--quota", options->quota, "What its packs may take (500GB), or none");
  verb->add_option("--quota-mode", options->quota_mode,
                   "Beyond the quota: hard stores nothing, bill stores up to the ceiling (default: "
                   "hard)")
      ->check(CLI::IsMember({"hard", "bill"}));
  verb->add_option("--ceiling", options->ceiling, "With bill: no more than this");
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
