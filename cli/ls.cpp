#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/snapshot_choice.h"
#include "cli/verbs.h"
#include "engine/base/bytes.h"
#include "engine/base/text.h"
#include "engine/store/browse.h"

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

Status run(Context& context, const Options& options) {
  BACKCAST_TRY(const auto open, open_snapshot(options.repository, options.snapshot));
  BACKCAST_TRY(const store::Index index, open.repository->load_index());
  store::PackFiles packs(*open.repository, index);
  const store::Selection selection(options.path);
  bool found = false;
  reports::Table table{"entries",
                       {{"mode", "Mode"},
                        {"owner", "Owner"},
                        {"size_bytes", "Size", true},
                        {"modified", "Modified"},
                        {"path", "Path"},
                        {"target", "Target"}},
                       {}};
  const bool as_table = options.long_form || context.format != Format::kText;
  const auto show = [&](const std::string& path, source::Node& node, store::Content&) -> Status {
    if (!selection.includes(path)) return kOk;
    found = true;
    if (!as_table) {
      // Bytes as they are for programs that read them; control characters made harmless.
      const std::string text = printable("/" + path, 1 << 20);
      print(text.substr(1, text.size() - 2) + "\n");
      return kOk;
    }
    const Instant modified{Duration(node.mtime_ns)};
    table.rows.push_back(
        {{mode_text(node), ""},
         {fmt::format("{}:{}", node.user.empty() ? std::to_string(node.uid) : node.user,
                      node.group.empty() ? std::to_string(node.gid) : node.group),
          ""},
         {std::to_string(node.size_bytes), ""},
         {format_instant(modified), format_instant(from_unix_seconds(unix_seconds(modified)))},
         {"/" + path, ""},
         {node.target, ""}});
    return kOk;
  };
  BACKCAST_CHECK(store::browse(packs, open.snapshot, {nullptr, show}));
  if (!found && !selection.path().empty()) {
    return Error{Errc::kNotFound, "/" + selection.path() + " is not in the snapshot", {}, {}};
  }
  if (as_table) print(context, table);
  return kOk;
}

}  // namespace

void add_ls(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("ls",
                                  "List what a snapshot holds\n\n"
                                  "  backcast ls /srv/backup latest /etc --long");
  add_repository_options(*verb, options->repository);
  verb->add_option("snapshot", options->snapshot, "Beginning of its id, or latest")
      ->capture_default_str();
  verb->add_option("path", options->path, "Only this path and what lies beneath");
  verb->add_flag("-l,--long", options->long_form, "Mode, owner, size and time too");
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
