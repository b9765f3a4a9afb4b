#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "cli/planning/rehearse_control.h"
#include "cli/planning/scenario_options.h"
#include "cli/planning/watch.h"
#include "cli/shared/parser_view.h"
#include "cli/shared/verbs.h"
#include "engine/base/bytes.h"
#include "engine/base/errors.h"
#include "engine/base/size.h"
#include "rehearsal/rehearsal.h"

namespace backcast::cli {
namespace {

struct Options {
  ScenarioOptions scenario;
  std::string against = "backcast", size = "32 MiB", keep, decisions;
  std::vector<std::string> data;
  bool all_days = false, real_bytes = false;
};

// A folder of its own that goes away with everything in it, unless it is to be kept.
class WorkFolder {
 public:
  static Result<std::unique_ptr<WorkFolder>> make(const std::string& keep) {
    std::error_code error;
    if (!keep.empty()) {
      if (std::filesystem::exists(keep, error) && !std::filesystem::is_empty(keep, error)) {
        return bad_input(keep + " is not empty", "give --keep a new folder");
      }
      std::filesystem::create_directories(keep, error);
      if (error) return failed(keep + ": " + error.message());
      return std::unique_ptr<WorkFolder>(new WorkFolder(keep, true));
    }
    std::string pattern =
        (std::filesystem::temp_directory_path(error) / "rehearsal-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) return failed("cannot make a folder " + pattern);
    return std::unique_ptr<WorkFolder>(new WorkFolder(pattern, false));
  }
  ~WorkFolder() {
    std::error_code ignored;
    if (!keep_) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  WorkFolder(std::string path, bool keep) : path_(std::move(path)), keep_(keep) {}
  std::string path_;
  bool keep_;
};

reports::Cell bytes_cell(std::uint64_t bytes) {
  return {std::to_string(bytes), format_bytes(bytes)};
}

std::string percent(double share) {
  return fmt::format("{:.1f}", share * 100);
}

reports::Table days_table(const sim::Rehearsal& rehearsal, bool all_days) {
  reports::Table table{"rehearsal",
                       {{"service", "Service"},
                        {"day_end", "End of day"},
                        {"simulated_points", "Points, simulated", true},
                        {"real_points", "real", true},
                        {"same_points", "same"},
                        {"simulated_stored_bytes", "Stored, simulated", true},
                        {"real_stored_bytes", "real", true},
                        {"stored_error_percent", "off by %", true},
                        {"simulated_moved_bytes", "Moved, simulated", true},
                        {"real_moved_bytes", "real", true}},
                       {}};
  for (const sim::ServiceRehearsal& service : rehearsal.services) {
    // People see about thirty days a service; programs get them all.
    const std::size_t step = all_days ? 1 : std::max<std::size_t>(1, service.days.size() / 30);
    for (std::size_t i = 0; i < service.days.size(); ++i) {
      const sim::RehearsalDay& day = service.days[i];
      const bool is_last = i + 1 == service.days.size();
      if (i % step != 0 && day.same_points && !is_last) continue;
      table.rows.push_back({{service.service, ""},
                            {format_instant(day.end), ""},
                            {std::to_string(day.simulated_points), ""},
                            {std::to_string(day.real_points), ""},
                            {day.same_points ? "yes" : "NO", ""},
                            bytes_cell(day.simulated_stored_bytes),
                            bytes_cell(day.real_stored_bytes),
                            {percent(day.stored_error()), ""},
                            bytes_cell(day.simulated_moved_bytes),
                            bytes_cell(day.real_moved_bytes)});
    }
  }
  return table;
}

void summarise(Context& context, const Options& options, const sim::Rehearsal& rehearsal) {
  for (const sim::ServiceRehearsal& service : rehearsal.services) {
    const auto wrong = std::count_if(service.days.begin(), service.days.end(),
                                     [](const auto& day) { return !day.same_points; });
    print(fmt::format(
        "{}: {} backups by real {}; restore points {}; stored bytes off by {} % in "
        "the middle, {} % at most\n",
        service.service, service.backups, options.against,
        wrong == 0 ? fmt::format("identical at the end of all {} days", service.days.size())
                   : fmt::format("DIFFER at the end of {} of {} days", wrong, service.days.size()),
        percent(service.median_stored_error()), percent(service.largest_stored_error())));
    if (service.scale != 1) {
      note(context, fmt::format("  real data is {:.3g} of the scenario's size; simulated bytes are "
                                "shown at that scale",
                                service.scale));
    }
  }
  for (const std::string& part : rehearsal.left_out) note(context, "not rehearsed: " + part);
}

Result<sim::RehearsalOptions> rehearsal_options(const Options& options) {
  sim::RehearsalOptions out;
  BACKCAST_TRY(out.real_bytes, parse_size(options.size));
  if (out.real_bytes < (1 << 20) || out.real_bytes > (64ULL << 30)) {
    return bad_input("--size " + options.size + " is outside 1 MiB to 64 GiB");
  }
  out.generations = options.data;
  if (options.against == "restic") out.subject = sim::restic_subject;
  if (options.against == "borg") out.subject = sim::borg_subject;
  return out;
}

Result<sim::Rehearsal, Errors> run(const Context& context, const Options& options) {
  BACKCAST_TRY(sim::RehearsalOptions wanted, all_errors(rehearsal_options(options)));
  ScenarioOptions scenario = options.scenario;
  scenario.bill = false;
  BACKCAST_TRY(const study::PreparedScenario prepared, prepare(scenario));
  BACKCAST_TRY(const study::ScenarioRun simulated,
               study::run(prepared, {.threads = scenario.threads}));
  BACKCAST_TRY(const auto work, all_errors(WorkFolder::make(options.keep)));
  wanted.work_folder = work->path();
  Interruptible interruptible;
  const auto advance = watch_of(context, interruptible)
                           .begin("rehearsing", simulated.result.backups.size(), "backups");
  wanted.progress = [&](std::uint64_t, std::uint64_t) { advance(1); };
  wanted.stop = [&] { return interruptible.stop.load(); };
  return all_errors(sim::rehearse(prepared.loaded.scenario, simulated.result, wanted));
}

Result<Ok, Errors> run_control(Context& context, const Options& options) {
  if (!options.keep.empty()) {  // a catalogue that is there goes on where it was
    std::error_code error;
    std::filesystem::create_directories(options.keep, error);
    if (error) return all_errors(Status(failed(options.keep + ": " + error.message())));
    return rehearse_control(context, options.scenario,
                            {options.keep, options.decisions, options.real_bytes});
  }
  BACKCAST_TRY(const auto work, all_errors(WorkFolder::make({})));
  return rehearse_control(context, options.scenario,
                          {work->path(), options.decisions, options.real_bytes});
}

void rehearse(Context& context, const Options& options) {
  if (options.real_bytes && options.against != "control") {
    return report(context, bad_input("--real-bytes goes with --against control",
                                     "every other rehearsal is with real bytes already"));
  }
  if (options.against == "control") {
    if (auto done = run_control(context, options); !done.ok()) report(context, done.error());
    return;
  }
  const auto rehearsal = run(context, options);
  if (!rehearsal.ok()) return report(context, rehearsal.error());
  const bool is_text = context.format == Format::kText;
  print(context, days_table(*rehearsal, options.all_days || !is_text));
  if (is_text) {
    print("\n");
    summarise(context, options, *rehearsal);
  }
  for (const sim::ServiceRehearsal& service : rehearsal->services) {
    if (!service.same_points()) context.exit_code = 1;
  }
  if (rehearsal->partial) {
    note(context, "partial: interrupted; only the days above were rehearsed");
    context.exit_code = exit_code(Errc::kInterrupted);
  }
}

}  // namespace

void add_rehearse(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("rehearse",
                                  "Put a real backup program through a scenario under the virtual "
                                  "clock, beside the simulation\n\n"
                                  "  backcast rehearse zerops-defaults --until +60d\n"
                                  "  backcast rehearse my.json --against restic\n"
                                  "  backcast rehearse zilliz-automatic --against control\n"
                                  "  backcast rehearse my.json --data monday/ --data tuesday/\n\n"
                                  "Exit code 1 if the restore points differ on any day.");
  verb->add_option("scenario", options->scenario.file,
                   "A scenario file, \"-\", or the name of a shipped scenario")
      ->required()
      ->type_name(kScenarioType);
  add_scenario_options(*verb, options->scenario);
  verb->add_option("--against", options->against,
                   "Which program: backcast, restic or borg; or control, the control plane, "
                   "whose every decision is compared")
      ->check(CLI::IsMember({"backcast", "restic", "borg", "control"}));
  verb->add_option("--size", options->size, "Real bytes per service at its first backup")
      ->capture_default_str();
  verb->add_option("--data", options->data,
                   "Folders that are the successive generations of the data, instead of generated "
                   "files");
  verb->add_option("--keep", options->keep, "Leave repositories and data in this new folder");
  verb->add_option("--decisions", options->decisions,
                   "Also write the decisions of the control plane here, one a line");
  verb->add_flag("--real-bytes", options->real_bytes,
                 "With control: make, copy and delete real backups of small data as well, and "
                 "restore what is left");
  verb->add_flag("--all-days", options->all_days, "Every day in the table");
  verb->callback([options, &context] { rehearse(context, *options); });
}

}  // namespace backcast::cli
