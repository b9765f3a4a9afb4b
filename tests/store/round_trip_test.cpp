// Whatever was saved comes back byte for byte: random trees, random changes between backups, any
// number of threads, with and without the cache of the last backup.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>

#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

// Contents around the borders that matter: empty, one chunk, many chunks, repeated, several
// batches.
std::string any_content() {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      return "";
    case 1:
      return random_bytes(seed, *rc::gen::inRange(1, 200));
    case 2:
      return std::string(*rc::gen::inRange(1, 300'000), 'z');
    case 3:
      return random_bytes(seed, 65'536 + *rc::gen::inRange(-1, 2));
    case 4:
      return random_bytes(seed % 4, *rc::gen::inRange(30'000, 200'000));  // shared between files
    default:
      return random_bytes(seed, *rc::gen::inRange(900'000, 3'000'000));
  }
}

void change_something(source::Scratch& source) {
  const std::string folder = fmt::format("d{}", *rc::gen::inRange(0, 3));
  const std::string name = fmt::format("{}/f{}", folder, *rc::gen::inRange(0, 8));
  if (*rc::gen::inRange(0, 5) == 0) {
    std::filesystem::remove_all(source.path(*rc::gen::inRange(0, 3) == 0 ? folder : name));
  } else {
    source.write(name, any_content());
  }
}

RC_GTEST_PROP(RoundTrip, EverySnapshotComesBack, ()) {
  Lab lab(1000);
  env::FaultEnv cache_env;
  const auto cache = *cache_env.open_folder("/cache", true);
  lab.use_cache(cache.get());
  const int backups = *rc::gen::inRange(1, 4);
  std::vector<std::pair<Id, std::map<std::string, std::string>>> saved;
  for (int i = 0; i < backups; ++i) {
    const int changes = *rc::gen::inRange(0, 8);
    for (int c = 0; c < changes; ++c) change_something(lab.source());
    const auto repository = *lab.open();
    BackupOptions options;
    options.walk.roots = {lab.source().path()};
    options.threads = *rc::gen::inRange(1u, 4u);
    options.cache = *rc::gen::inRange(0, 4) == 0 ? nullptr : cache.get();
    BackupProgress progress;
    const auto result = backup(*repository, options, progress);
    RC_ASSERT(result.ok());
    RC_ASSERT(result->problems.empty());
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(lab.source().path())) {
      if (entry.is_regular_file() && !entry.is_symlink()) {
        std::ifstream in(entry.path(), std::ios::binary);
        files[entry.path().string()] = {std::istreambuf_iterator<char>(in), {}};
      }
    }
    saved.emplace_back(result->snapshot.id, std::move(files));
  }
  for (const auto& [id, files] : saved) {
    const auto repository = *lab.open();
    const source::Scratch target(true);
    RestoreRequest request;
    request.target = target.path();
    request.threads = *rc::gen::inRange(1u, 4u);
    request.writing.direct_bytes = 1 << 20;
    RestoreProgress progress;
    const auto restored = restore(*repository, *load_snapshot(*repository, id), request, progress);
    RC_ASSERT(restored.ok());
    RC_ASSERT(restored->failures.empty());
    std::size_t found = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(target.path())) {
      if (!entry.is_regular_file() || entry.is_symlink()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string content{std::istreambuf_iterator<char>(in), {}};
      const auto expected = files.find(entry.path().string().substr(target.path().size()));
      RC_ASSERT(expected != files.end());
      RC_ASSERT(expected->second == content);
      ++found;
    }
    RC_ASSERT(found == files.size());
  }
}

}  // namespace
}  // namespace backcast::store
