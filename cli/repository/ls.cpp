#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/repository/snapshot_choice.h"
#include "cli/shared/verbs.h"
#include "engine/base/bytes.h"
#include "engine/base/text.h"
#include "engine/store/packs/load_index.h"
#include "engine/store/snapshots/browse.h"
#include "reports/parts/escape.h"
#include "reports/parts/table_rows.h"

namespace backcast::cli {
namespace {

struct Options {
  RepositoryOptions repository;
  std::string snapshot = "latest", path;
  bool long_form = false;
};

std::string mode_text(const source::Node& node) {
  static constexpr const char* kKinds = "?-dlpscb";
  std::string text(1, kKinds[static_cast<int>(node.kind)]);
  for (int bit = 8; bit >= 0; --bit) {
    text += (node.mode >> bit & 1) != 0 ? "rwx"[(8 - bit) % 3] : '-';
  }
  return text;
}

reports::TableForm form_of(const Context& context) {
  switch (context.format) {
    case Format::kText:
      return reports::TableForm::kTerminal;
    case Format::kCsv:
      return reports::TableForm::kCsv;
    case Format::kJson:
      return reports::TableForm::kJson;
    case Format::kMarkdown:
      return reports::TableForm::kMarkdown;
  }
  return reports::TableForm::kTerminal;
}

// Entries as they come, so that a tree of any size is listed in little memory.
reports::TableRows table_of(const Context& context) {
  return reports::TableRows({"entries",
                             {{"mode", "Mode"},
                              {"owner", "Owner"},
                              {"size_bytes", "Size", true},
                              {"modified", "Modified"},
                              {"path", "Path"},
                              {"target", "Target"}},
                             {}},
                            form_of(context), {10, 17, 14, 20});
}

std::vector<reports::Cell> row_of(const std::string& path, const source::Node& node) {
  const Instant modified{Duration(node.mtime_ns)};
  return {{mode_text(node), ""},
          {fmt::format("{}:{}", node.user.empty() ? std::to_string(node.uid) : node.user,
                       node.group.empty() ? std::to_string(node.gid) : node.group),
           ""},
          {std::to_string(node.size_bytes), ""},
          {format_instant(modified), format_instant(from_unix_seconds(unix_seconds(modified)))},
          {path, ""},
          {node.target, ""}};
}

Status run(Context& context, const Options& options) {
  BACKCAST_TRY(const auto open, open_snapshot(options.repository, options.snapshot));
  store::ChunkSet chunks(open.snapshot.tree.begin(), open.snapshot.tree.end());
  chunks.insert(open.snapshot.references.begin(), open.snapshot.references.end());
  BACKCAST_TRY(const store::Index index, store::load_index_of(*open.repository, chunks));
  store::PackFiles packs(*open.repository, index);
  const store::Selection selection(options.path);
  const bool as_table = options.long_form || context.format != Format::kText;
  reports::TableRows rows = table_of(context);
  bool found = false;
  const auto begin = [&] {
    if (!found && as_table) print(rows.begin());
    found = true;
  };
  const auto show = [&](const std::string& path, source::Node& node, store::Content&) -> Status {
    if (!selection.includes(path)) return kOk;
    begin();
    print(as_table ? rows.row(row_of('/' + path, node))
                   : reports::terminal_text('/' + path) + '\n');
    if (std::ferror(stdout) != 0) return failed("cannot write to standard output");
    return kOk;
  };
  BACKCAST_CHECK(store::browse(packs, open.snapshot, {nullptr, show}));
  if (!found && !selection.path().empty()) {
    return Error{Errc::kNotFound,
                 printable('/' + selection.path(), 4096) + " is not in the snapshot",
                 {},
                 {}};
  }
  begin();
  if (as_table) print(rows.end());
  return kOk;
}

}  // namespace

void add_ls(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("ls",
                                  "List what a snapshot holds\n\n"
                                  "  backcast ls /srv/backup latest /etc --long");
  add_repository_options(*verb, options->repository);
  verb->add_option("snapshot", options->snapshot, "Snapshot: first digits of its id, or latest")
      ->capture_default_str();
  verb->add_option("path", options->path, "Only this path and what lies beneath");
  verb->add_flag("-l,--long", options->long_form, "Mode, owner, size and time too");
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
