// Owner, attributes, mode and times of a restored entry, in the order that keeps each: a change of
// owner clears setuid and capabilities, an ACL changes the mode, and none of them changes mtime.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/error.h"
#include "engine/env/tree.h"
#include "engine/source/node.h"
#include "engine/source/restore.h"

namespace backcast::source {

// What is known of an entry as it was just created, to save calls that would change nothing.
struct Created {
  bool owner_is_ours = false;  // uid and gid are the process's own
  bool mode_is_right = false;
  bool may_have_acl = false;  // inherited from the folder's default ACL
};

class MetadataWriter {
 public:
  MetadataWriter(env::Tree& tree, const RestoreOptions& options);

  // Through a descriptor: files and folders, or an O_PATH one for all other kinds. `path` is for
  // messages. Errors: what must not go unnoticed; what cannot be helped becomes a note.
  Status apply(int descriptor, const Node& node, const Created& created, const std::string& path);

  // Takes away what a folder's default ACL gave to an entry made in it.
  Status remove_acl(int descriptor, bool is_folder, const std::string& path);

  // The mode to give: without setuid and setgid unless asked for; folders keep setgid.
  unsigned mode_of(const Node& node) const;
  void note(std::string text);
  std::vector<std::string> notes() const;

 private:
  Status set_owner(int descriptor, const Node& node, const Created& created,
                   const std::string& path);
  Status set_attributes(int descriptor, const Node& node, const std::string& path);
  std::uint32_t user_of(const Node& node);
  std::uint32_t group_of(const Node& node);

  env::Tree& tree_;
  const RestoreOptions options_;
  const bool root_;
  const std::uint32_t uid_, gid_;
  mutable std::mutex mutex_;
  std::vector<std::string> notes_;
  bool owner_noted_ = false;
  std::unordered_map<std::string, std::uint32_t> users_, groups_;
};

}  // namespace backcast::source
