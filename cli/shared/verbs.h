// One function per verb, each in a file of its own: it adds the verb's options to the parser and
// the callback that runs it.
#pragma once

#include "cli/shared/context.h"

namespace backcast::cli {

void add_new(CLI::App& app, Context& context);
void add_validate(CLI::App& app, Context& context);
void add_simulate(CLI::App& app, Context& context);
void add_import(CLI::App& app, Context& context);
void add_retention(CLI::App& app, Context& context);
void add_schedule(CLI::App& app, Context& context);
void add_compare(CLI::App& app, Context& context);
void add_sweep(CLI::App& app, Context& context);
void add_optimize(CLI::App& app, Context& context);
void add_calibrate(CLI::App& app, Context& context);
void add_backtest(CLI::App& app, Context& context);
void add_price(CLI::App& app, Context& context);
void add_bill(CLI::App& app, Context& context);
void add_prices(CLI::App& app, Context& context);
void add_rehearse(CLI::App& app, Context& context);
void add_init(CLI::App& app, Context& context);
void add_backup(CLI::App& app, Context& context);
void add_snapshots(CLI::App& app, Context& context);
void add_ls(CLI::App& app, Context& context);
void add_restore(CLI::App& app, Context& context);
void add_schema(CLI::App& app, Context& context);
void add_help(CLI::App& app, Context& context);
void add_completion(CLI::App& app, Context& context);
void add_man(CLI::App& app, Context& context);
void add_dump(CLI::App& app, Context& context);
void add_diff(CLI::App& app, Context& context);
void add_check(CLI::App& app, Context& context);
void add_repair(CLI::App& app, Context& context);
void add_forget(CLI::App& app, Context& context);
void add_unforget(CLI::App& app, Context& context);
void add_prune(CLI::App& app, Context& context);
void add_policy(CLI::App& app, Context& context);
void add_copy(CLI::App& app, Context& context);
void add_key(CLI::App& app, Context& context);
void add_stats(CLI::App& app, Context& context);
void add_serve(CLI::App& app, Context& context);
void add_clusters(CLI::App& app, Context& context);
void add_policies(CLI::App& app, Context& context);
void add_backups(CLI::App& app, Context& context);
void add_jobs(CLI::App& app, Context& context);
void add_apply(CLI::App& app, Context& context);
void add_status(CLI::App& app, Context& context);
void add_drills(CLI::App& app, Context& context);
void add_token(CLI::App& app, Context& context);
void add_keys(CLI::App& app, Context& context);
void add_projects(CLI::App& app, Context& context);
void add_version(CLI::App& app, Context& context);

}  // namespace backcast::cli
