#include "engine/kinds/formats/tar_folder.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "engine/source/tar.h"
#include "engine/source/walk.h"

namespace backcast::kinds {
namespace {

constexpr std::size_t kPart = 1 << 20;

Error partial(const std::string& path, const std::string& what) {
  return Error{Errc::kPartialSource, "cannot read " + path + ": " + what, {}, ""};
}

EntryState state_of(const source::Node& node) {
  return {node.file.inode, node.size_bytes, node.ctime_ns};
}

// Calls `act` with each entry beneath the folder and its path there.
Status each_entry(env::Env& env, const Path& folder,
                  const std::function<Status(const source::Listing&, const source::Found&,
                                             const std::string& path)>& act) {
  std::error_code error;
  const Path real = std::filesystem::canonical(folder, error);
  if (error) return file_error("open", folder, error);
  const std::string prefix = real.string().substr(1) + '/';
  std::optional<source::Problem> problem;
  source::Walk walk(env.tree(), {.roots = {real.string()}},
                    [&](source::Problem one) { problem = std::move(one); });
  BACKCAST_CHECK(walk.open());
  while (const auto listing = walk.next()) {
    for (const source::Found& found : listing->found) {
      const std::string path = listing->path_of(found);
      if (path.starts_with(prefix))
        BACKCAST_CHECK(act(*listing, found, path.substr(prefix.size())));
    }
  }
  if (problem) return partial(problem->path, problem->what);
  return kOk;
}

Status write_content(source::TarWriter& tar, const source::SourceFile& file,
                     const source::Node& node, std::atomic<std::uint64_t>& bytes,
                     const std::atomic<bool>& stop) {
  std::vector<std::uint8_t> part(std::min<std::uint64_t>(kPart, node.size_bytes));
  for (std::uint64_t at = 0; at < node.size_bytes;) {
    if (stop) return Error{Errc::kInterrupted, "stopped before it was done", {}, ""};
    const std::size_t want = std::min<std::uint64_t>(part.size(), node.size_bytes - at);
    BACKCAST_TRY(const std::size_t got, file.read_at(at, ByteSpan(part).first(want)));
    if (got < want) return partial(node.name, "it became shorter while it was read");
    BACKCAST_CHECK(tar.write(ByteView(part).first(got)));
    at += got;
    bytes += got;
  }
  return kOk;
}

Error as_partial(Error error) {
  if (error.code == Errc::kNotFound || error.code == Errc::kFailed) {
    error.code = Errc::kPartialSource;
  }
  return error;
}

Status add_entry(source::TarWriter& tar, const source::Listing& listing, const source::Found& found,
                 const std::string& path, FolderState& state, std::atomic<std::uint64_t>& bytes,
                 const std::atomic<bool>& stop) {
  auto node = source::stat_entry(listing, found);
  if (!node.ok()) return as_partial(node.error());
  std::optional<source::SourceFile> file;
  if (node->kind == source::NodeKind::kFile) {
    auto opened = source::open_source(listing, found, *node);
    if (!opened.ok()) return as_partial(opened.error());
    file.emplace(*std::move(opened));
  }
  if (auto done = source::complete(listing, found, *node, file ? &*file : nullptr); !done.ok()) {
    return as_partial(done.error());
  }
  state[path] = state_of(*node);
  BACKCAST_TRY(const bool has_content, tar.begin(path, *node));
  if (has_content) BACKCAST_CHECK(write_content(tar, *file, *node, bytes, stop));
  return tar.end();
}

}  // namespace

Result<FolderState> tar_folder(env::Env& env, const Path& folder, const ByteSink& sink,
                               std::atomic<std::uint64_t>& bytes, const std::atomic<bool>& stop) {
  FolderState state;
  source::TarWriter tar(sink);
  BACKCAST_CHECK(each_entry(
      env, folder,
      [&](const source::Listing& listing, const source::Found& found, const std::string& path) {
        return add_entry(tar, listing, found, path, state, bytes, stop);
      }));
  BACKCAST_CHECK(tar.finish());
  return state;
}

Result<FolderState> look_at_folder(env::Env& env, const Path& folder) {
  FolderState state;
  BACKCAST_CHECK(each_entry(env, folder,
                            [&](const source::Listing& listing, const source::Found& found,
                                const std::string& path) -> Status {
                              auto node = source::stat_entry(listing, found);
                              if (!node.ok()) return as_partial(node.error());
                              state[path] = state_of(*node);
                              return kOk;
                            }));
  return state;
}

}  // namespace backcast::kinds
