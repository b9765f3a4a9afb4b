// Temporary names: what carries one is not finished, and goes with the restore that made it.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <vector>

#include "engine/base/text.h"
#include "engine/env/system_error.h"
#include "engine/source/names.h"
#include "engine/source/restore_state.h"

namespace backcast::source {

using env::system_error;

namespace {

constexpr std::string_view kTemporary = ".backcast-";
// Short enough for the kernel to keep a name in its directory entry, which costs 1 µs a file less.
constexpr std::size_t kDigits = 24;
constexpr std::uint64_t kHalf = (1ULL << 48) - 1;

bool is_temporary_name(std::string_view name) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return name.starts_with(kTemporary) && name.size() == kTemporary.size() + kDigits &&
         std::all_of(name.begin() + kTemporary.size(), name.end(), is_digit);
}

// File systems that do not know RENAME_NOREPLACE.
bool cannot_spare(int error_number) {
  return error_number == EINVAL || error_number == ENOSYS || error_number == EOPNOTSUPP;
}

// As rename, but EEXIST where the name is taken.
int rename_to_free(env::Tree& tree, int folder, const char* from, const char* to) {
  if (tree.rename(folder, from, to, RENAME_NOREPLACE) == 0) return 0;
  if (!cannot_spare(errno)) return -1;
  struct stat info {};
  if (tree.stat(folder, to, info) == 0) {
    errno = EEXIST;
    return -1;
  }
  return errno == ENOENT ? tree.rename(folder, from, to, 0) : -1;
}

// An empty folder gives way; one with something in it is not ours to remove.
int rename_over(env::Tree& tree, int folder, const char* from, const char* to) {
  if (tree.rename(folder, from, to, 0) == 0) return 0;
  const int error = errno;
  if (error == EISDIR && tree.remove(folder, to, AT_REMOVEDIR) == 0) {
    return tree.rename(folder, from, to, 0);
  }
  errno = error;
  return -1;
}

}  // namespace

std::string Restorer::State::temporary_name() {
  return fmt::format("{}{:012x}{:012x}", kTemporary, session & kHalf, ++temporary_names & kHalf);
}

Result<bool> Restorer::State::give_name(const RestoreFolder& parent, const std::string& temporary,
                                        const std::string& name) {
  const int at = parent.descriptor.get();
  const bool replaces = !parent.fresh && options.overwrite == Overwrite::kAlways;
  const auto rename = replaces ? rename_over : rename_to_free;
  if (rename(tree, at, temporary.c_str(), name.c_str()) == 0) return true;
  const int error = errno;
  tree.remove(at, temporary.c_str(), 0);
  if (error != EEXIST || replaces) {
    return system_error("replace", full(parent.path_of(name)), error);
  }
  if (parent.fresh) return taken(parent, name);
  ++kept;
  return false;
}

void Restorer::State::enter(const RestoreFolder& folder, bool first_visit) {
  const int at = folder.descriptor.get();
  if (first_visit && !folder.fresh) {
    const bool is_locked = tree.lock(at, LOCK_EX | LOCK_NB) == 0;
    // Another restore is at work here: what has a temporary name may be its own.
    if (is_locked || errno != EWOULDBLOCK) remove_leftovers(folder, is_locked);
  }
  // Where there are no locks nobody removes anything.
  tree.lock(at, LOCK_SH | LOCK_NB);
}

void Restorer::State::remove_leftovers(const RestoreFolder& folder, bool is_locked) {
  std::vector<std::string> leftovers;
  const int error = read_names(tree, folder.descriptor.get(), [&](const char* name, unsigned char) {
    if (is_temporary_name(name)) leftovers.emplace_back(name);
  });
  if (error != 0) {
    metadata.note(system_error("look for leftovers in", full(folder.path), error).message);
  }
  for (const std::string& name : leftovers) {
    const std::string path = full(folder.path_of(name));
    if (!is_locked) {
      metadata.note(fmt::format(
          "{} is left of a restore that was killed, or belongs to one at work", printable(path)));
    } else if (tree.remove(folder.descriptor.get(), name.c_str(), 0) != 0) {
      metadata.note(system_error("remove the leftover", path, errno).message);
    }
  }
}

}  // namespace backcast::source
