#include <backcast/repository.h>

#include <filesystem>

#include "engine/store/snapshots/forgotten.h"
#include "engine/store/work/backup.h"
#include "engine/store/work/restore.h"
#include "library/problems.h"

namespace backcast {

struct Repository::Impl {
  std::unique_ptr<store::Repository> repository;
};

namespace {

SnapshotInfo info_of(const store::Snapshot& snapshot) {
  return {to_hex(snapshot.id),
          snapshot.time,
          snapshot.host,
          snapshot.paths,
          snapshot.tags,
          snapshot.files,
          snapshot.folders,
          snapshot.content_bytes,
          snapshot.added_stored_bytes,
          {},
          {}};
}

std::vector<std::string> lines_of(const std::vector<source::Problem>& problems) {
  std::vector<std::string> lines;
  for (const auto& problem : problems) lines.push_back(problem.path + ": " + problem.what);
  return lines;
}

}  // namespace

Expected<Repository> Repository::create(const std::string& folder, std::string_view passphrase) {
  auto made = store::Repository::create(env::posix_env(), folder, store::Keys::generate(),
                                        passphrase, store::Stretching{});
  if (!made.ok()) return library::problems_of(made.error());
  return Repository(std::make_shared<Impl>(Impl{*std::move(made)}));
}

Expected<Repository> Repository::open(const std::string& folder, std::string_view passphrase) {
  store::OpenOptions options;
  options.read_data = true;
  options.passphrase = [&] { return Result<store::SecretText>(store::SecretText(passphrase)); };
  auto opened = store::Repository::open(env::posix_env(), folder, options);
  if (!opened.ok()) return library::problems_of(opened.error());
  return Repository(std::make_shared<Impl>(Impl{*std::move(opened)}));
}

Expected<SnapshotInfo> Repository::backup(const std::vector<std::string>& paths,
                                          const std::vector<std::string>& tags) {
  store::BackupOptions options;
  options.host = env::posix_env().machine().host;
  options.tags = tags;
  for (const std::string& path : paths) {
    options.walk.roots.push_back(std::filesystem::absolute(path).lexically_normal().string());
  }
  store::BackupProgress progress;
  const auto result = store::backup(*impl_->repository, options, progress);
  if (!result.ok()) return library::problems_of(result.error());
  SnapshotInfo info = info_of(result->snapshot);
  info.problems = lines_of(result->problems);
  info.notes = result->notes;
  return info;
}

Expected<std::vector<SnapshotInfo>> Repository::snapshots() {
  const auto snapshots = store::load_snapshots(*impl_->repository);
  if (!snapshots.ok()) return library::problems_of(snapshots.error());
  std::vector<SnapshotInfo> infos;
  for (const store::Snapshot& snapshot : *snapshots) infos.push_back(info_of(snapshot));
  return infos;
}

Expected<RestoreSummary> Repository::restore(const std::string& snapshot,
                                             const std::string& target) {
  std::vector<Error> damaged;
  const auto snapshots = store::load_snapshots(*impl_->repository, &damaged);
  if (!snapshots.ok()) return library::problems_of(snapshots.error());
  const auto found = store::find_snapshot(*impl_->repository, *snapshots, snapshot);
  if (!found.ok()) return library::problems_of(found.error());
  store::RestoreRequest request;
  request.target = target;
  store::RestoreProgress progress;
  const auto result = store::restore(*impl_->repository, *found, request, progress);
  if (!result.ok()) return library::problems_of(result.error());
  RestoreSummary summary{result->counts.files, result->counts.folders, result->counts.bytes,
                         result->notes, lines_of(result->failures)};
  for (const Error& error : damaged) summary.notes.push_back(to_string(error));
  if (!result->synced.ok()) summary.notes.push_back(to_string(result->synced.error()));
  return summary;
}

}  // namespace backcast
