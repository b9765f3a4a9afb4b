// A backup as its maker's own tools read it: one file where it is one, otherwise a tar.
#include <nlohmann/json.hpp>

#include "engine/kinds/formats/json_fields.h"
#include "engine/kinds/formats/sha256.h"
#include "engine/kinds/keys/age.h"
#include "engine/kinds/runner/tasks.h"
#include "engine/store/packs/load_index.h"
#include "engine/store/work/restore.h"

namespace backcast::kinds {
namespace {

using Sink = std::function<Status(ByteView)>;

// The one file of the backup's data; "" if there are several.
Result<std::string> only_file(store::Repository& repository, const store::Snapshot& snapshot,
                              const store::Selection& data) {
  BACKCAST_TRY(const store::Index index, store::load_index(repository));
  store::PackFiles packs(repository, index);
  std::string only;
  std::size_t entries = 0;
  store::Browser browser;
  browser.entry = [&](const std::string& path, source::Node& node, store::Content&) -> Status {
    if (!data.includes(path) || node.kind == source::NodeKind::kFolder) return kOk;
    only = ++entries == 1 && node.kind == source::NodeKind::kFile ? path : "";
    return kOk;
  };
  BACKCAST_CHECK(store::browse(packs, snapshot, browser));
  return only;
}

Status write_out(store::Repository& repository, const store::Snapshot& snapshot, const Sink& sink) {
  const store::Selection data(snapshot.paths.front() + "/data");
  BACKCAST_TRY(const std::string file, only_file(repository, snapshot, data));
  if (!file.empty()) return store::dump_file(repository, snapshot, file, sink);
  return store::dump_tar(repository, snapshot, data, sink, nullptr,
                         store::TarPaths::kBeneathSelection);
}

}  // namespace

Status Tasks::measure(store::Repository& repository, const store::Snapshot& snapshot,
                      std::string& contents) {
  nlohmann::json all = nlohmann::json::parse(contents, nullptr, false);
  if (!flag_in(all, "snapshot")) return kOk;
  Sha256 sum;
  std::uint64_t bytes = 0;
  BACKCAST_CHECK(write_out(repository, snapshot, [&](ByteView part) -> Status {
    sum.add(part);
    bytes += part.size();
    return kOk;
  }));
  all["snapshot"] = {{"bytes", bytes}, {"sha256", sum.hex()}};
  contents = dumped(all);
  return kOk;
}

Status Tasks::download(const ExportTask& task, const Sink& sink) {
  BACKCAST_TRY(const auto repository, keys_.open(task.keyring, task.repository, false));
  const auto id = store::id_from_hex(task.snapshot);
  if (!id) return bad_input("\"" + task.snapshot + "\" is no snapshot");
  BACKCAST_TRY(const store::Snapshot snapshot, store::load_snapshot(*repository, *id));
  if (!task.encrypted) return write_out(*repository, snapshot, sink);
  AgeWriter age(repository->config().public_keys.back(), sink);
  BACKCAST_CHECK(
      write_out(*repository, snapshot, [&](ByteView bytes) { return age.append(bytes); }));
  return age.finish();
}

}  // namespace backcast::kinds
