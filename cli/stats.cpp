#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/repository_options.h"
#include "cli/verbs.h"
#include "engine/base/bytes.h"
#include "engine/store/chunker.h"
#include "engine/store/presence.h"

namespace backcast::cli {
namespace {

// Gaps whose losses calibration fits the survival curve to.
constexpr std::uint32_t kGaps[] = {1, 2, 4, 7, 14, 28, 56};

struct Options {
  RepositoryOptions repository;
  std::string host;
  bool presence = false;
};

void print_presence(const store::Presence& presence) {
  print(fmt::format("# generations={} mean_chunk_kib={} bytes=stored\n", presence.snapshot_count(),
                    store::kDataSizes.target >> 10));
  print("present,bytes\n");
  for (const auto& pattern : presence.patterns()) {
    std::string runs;
    for (const auto& run : pattern.runs) {
      runs += fmt::format("{}{}-{}", runs.empty() ? "" : ";", run.first, run.last);
    }
    print(fmt::format("{},{}\n", runs, pattern.stored_bytes));
  }
}

reports::Table table_of(const std::vector<store::Snapshot>& snapshots,
                        const store::Presence& presence) {
  reports::Table table{"stats",
                       {{"id", "Snapshot"},
                        {"time", "Time"},
                        {"content_bytes", "Content", true},
                        {"size_bytes", "Stored", true},
                        {"new_bytes", "New", true}},
                       {}};
  for (const std::uint32_t gap : kGaps) {
    table.columns.push_back(
        {fmt::format("lost_{}_bytes", gap), fmt::format("Lost since {}", gap), true});
  }
  const auto bytes = [](std::uint64_t n) {
    return reports::Cell{std::to_string(n), format_bytes(n)};
  };
  for (std::uint32_t i = 0; i < snapshots.size(); ++i) {
    const store::Snapshot& s = snapshots[i];
    const std::string id = to_hex(s.id);
    std::vector<reports::Cell> row{{id, id.substr(0, 8)},
                                   {format_instant(s.time), ""},
                                   bytes(s.content_bytes),
                                   bytes(presence.stored_bytes(i)),
                                   bytes(presence.new_bytes(i))};
    for (const std::uint32_t gap : kGaps) {
      row.push_back(
          gap > i ? reports::Cell{}
                  : bytes(presence.stored_bytes(i - gap) - presence.shared_bytes(i - gap, i)));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Status run(Context& context, const Options& options) {
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kWrite));
  BACKCAST_TRY(const store::Index index, repository->load_index());
  BACKCAST_TRY(auto snapshots, store::load_snapshots(*repository));
  std::erase_if(snapshots, [&](const store::Snapshot& s) {
    return !options.host.empty() && s.host != options.host;
  });
  store::PackFiles packs(*repository, index);
  BACKCAST_TRY(const auto presence, store::Presence::of(packs, snapshots));
  if (options.presence) {
    print_presence(presence);
    return kOk;
  }
  print(context, table_of(snapshots, presence));
  if (context.format != Format::kText) return kOk;
  std::uint64_t stored = 0, needed = 0, packs_bytes = 0;
  for (const auto& pack : index.packs()) packs_bytes += pack.size_bytes;
  for (const auto& entry : index.entries()) stored += entry.stored_bytes;
  for (const auto& pattern : presence.patterns()) needed += pattern.stored_bytes;
  note(context, fmt::format("{} in {} packs; {} needed by the snapshots shown, {} not",
                            format_bytes(packs_bytes), index.packs().size(), format_bytes(needed),
                            format_bytes(stored - needed)));
  return kOk;
}

}  // namespace

void add_stats(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "stats",
      "What each snapshot stores, adds and has lost: what calibrate reads\n\n"
      "  backcast stats /srv/backup --json > history.json\n"
      "  backcast stats /srv/backup --presence > presence.csv   # exact for any subset");
  add_repository_options(*verb, options->repository);
  verb->add_option("--host", options->host, "Only snapshots of this machine");
  verb->add_flag("--presence", options->presence, "Bytes by the snapshots that hold them");
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
