#include "engine/kinds/keys/project_keys.h"

#include "engine/base/text.h"
#include "engine/kinds/formats/files.h"

namespace backcast::kinds {
namespace {

constexpr const char* kProjectFile = "project";  // its id, in hexadecimal
constexpr const char* kDestroyedFile = "destroyed";
constexpr std::uint64_t kMaxIdBytes = 64;

Error destroyed(const std::string& project) {
  return Error{Errc::kWrongKey,
               "the key of the project " + printable(project) + " was destroyed",
               {},
               "what was saved under it cannot be read any more"};
}

// Damaged ones, too, and those that nobody finished.
Status remove_slots(env::Folder& folder) {
  const auto entries = folder.list("keys");
  if (!entries.ok() && entries.error().code == Errc::kNotFound) return kOk;
  if (!entries.ok()) return entries.error();
  for (const auto& entry : *entries) BACKCAST_CHECK(folder.remove("keys/" + entry.name));
  return folder.sync_folder("keys");
}

}  // namespace

Result<store::Keys> ProjectKeys::of(const std::string& project) {
  const std::scoped_lock lock(mutex_);
  if (const auto at = known_.find(project); at != known_.end()) return at->second;
  BACKCAST_TRY(store::Keys keys, read_or_make(project));
  known_.emplace(project, keys);
  return keys;
}

// The file that names the project is the last: what a crash left before it is made anew.
Result<store::Keys> ProjectKeys::read_or_make(const std::string& project) {
  BACKCAST_CHECK(check_name("the project", project));
  BACKCAST_TRY(const auto folder, env_.open_folder((folder_ / project).string(), true));
  if (folder->stat(kDestroyedFile).ok()) return destroyed(project);
  auto text = env::read_file(*folder, kProjectFile, kMaxIdBytes);
  if (text.ok()) {
    const auto id = store::id_from_hex(trim(*text));
    if (!id) return Error{Errc::kCorrupt, folder->path() + "/project: damaged", {}, ""};
    return store::KeySlots(env_, *folder, *id).open(passphrase_);
  }
  if (text.error().code != Errc::kNotFound) return text.error();
  const store::Keys keys = store::Keys::generate();
  auto made = folder->make_folder("keys");
  if (!made.ok() && made.error().code != Errc::kExists) return made.error();
  BACKCAST_TRY([[maybe_unused]] const store::Id slot,
               store::KeySlots(env_, *folder, keys.project).add(keys, passphrase_, project, cost_));
  BACKCAST_CHECK(
      env::publish_file(env_, *folder, kProjectFile, as_bytes(store::to_hex(keys.project))));
  return keys;
}

Result<std::unique_ptr<store::Repository>> ProjectKeys::open(
    const std::string& project, const std::filesystem::path& repository, bool create) {
  BACKCAST_TRY(store::Keys keys, of(project));
  store::OpenOptions options;
  options.keys = keys;
  auto opened = store::Repository::open(env_, repository.string(), options);
  if (opened.ok() || opened.error().code != Errc::kNoRepository || !create) return opened;
  auto made = store::Repository::create(env_, repository.string(), keys, passphrase_, cost_);
  // Another job was quicker.
  if (!made.ok() && made.error().code == Errc::kExists) {
    return store::Repository::open(env_, repository.string(), options);
  }
  return made;
}

Status ProjectKeys::destroy(const std::string& project,
                            const std::vector<std::filesystem::path>& repositories) {
  const std::scoped_lock lock(mutex_);
  known_.erase(project);
  BACKCAST_CHECK(check_name("the project", project));
  BACKCAST_TRY(const auto folder, env_.open_folder((folder_ / project).string(), true));
  // Before the first key goes: whatever happens then, nobody makes new ones in its name.
  auto noted = env::publish_file(env_, *folder, kDestroyedFile, {});
  if (!noted.ok() && noted.error().code != Errc::kExists) return noted;
  for (const auto& path : repositories) {
    const auto place = env_.open_folder(path.string(), false);
    if (!place.ok() && place.error().code == Errc::kNotFound) continue;
    if (!place.ok()) return place.error();
    BACKCAST_CHECK(remove_slots(**place));
  }
  return remove_slots(*folder);
}

}  // namespace backcast::kinds
