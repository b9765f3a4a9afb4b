// What the parts of the restore writer share.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/env/tree.h"
#include "engine/env/unique_fd.h"
#include "engine/source/restore.h"
#include "engine/source/restore_metadata.h"

namespace backcast::source {

inline constexpr int kRestoreFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

class RestoreFolder : public std::enable_shared_from_this<RestoreFolder> {
 public:
  explicit RestoreFolder(env::Tree& on) : tree(on) {}

  env::Tree& tree;
  env::UniqueFd descriptor;   // holds the shared lock of a restore at work
  std::string path;           // beneath the target
  bool fresh = false;         // made by this restore and ours alone until finish
  bool setgid = false;        // new entries take its group
  bool may_have_acl = false;  // new entries inherit an ACL

  std::string path_of(const std::string& name) const {
    return path.empty() ? name : path + '/' + name;
  }
};

struct Restorer::State {
  State(env::Env& env, env::UniqueFd root_fd, std::string target_path, const RestoreOptions& with);

  struct FolderRecord {
    std::string node;  // serialised: half the memory; empty: it keeps the mode and time it had
    bool fresh = false;
    bool entered = false;
    bool opened_up = false;  // its mode was changed, to be able to enter it
    unsigned mode = 0;
    timespec modified{};
  };
  using FileKey = std::pair<std::uint64_t, std::uint64_t>;
  struct FirstName {
    std::string folder, name;
    dev_t device = 0;
    ino_t inode = 0;
    bool written = false;
  };
  // Kept open from before the first write: a failure to write is told once per open file.
  struct FileSystem {
    env::UniqueFd descriptor;
    std::string path;
  };
  struct PendingLink {
    FileKey key;
    std::string folder, name;
  };

  env::Env& env;
  env::Tree& tree;
  const env::UniqueFd root;
  const std::string target;
  const RestoreOptions options;
  MetadataWriter metadata;
  const unsigned umask_bits;
  const bool is_root;
  const std::uint64_t session;  // what the temporary names of this restore have in common
  std::atomic<std::uint64_t> temporary_names{0};

  mutable std::mutex mutex;
  std::unordered_map<std::string, FolderRecord> folders;
  std::string root_node;
  bool root_entered = false;
  std::string first_device;  // that was left out
  std::map<FileKey, FirstName> first_names;
  std::vector<PendingLink> links;
  std::map<dev_t, FileSystem> file_systems;  // that folders were opened on
  std::atomic<std::uint64_t> files{0}, made_folders{0}, others{0}, made_links{0}, kept{0},
      devices_left_out{0}, bytes{0};

  std::string full(const std::string& path) const {
    return path.empty() ? target : target + '/' + path;
  }
  Status check_name(const RestoreFolder& parent, const Node& node) const;
  Error taken(const RestoreFolder& parent, const std::string& name) const;
  // True: something stands there and stays.
  Result<bool> keeps(const RestoreFolder& parent, const Node& node);
  void know_first_name(const RestoreFolder& parent, const Node& node, const struct stat& info);
  // Registers a file with several names. False: its content is another name's business.
  bool claim(const RestoreFolder& parent, const Node& node);

  // What is not finished yet is called so (restore_names.cpp).
  std::string temporary_name();
  // Gives a finished temporary entry its name, replacing what is not a folder. Removes the
  // temporary entry otherwise. False: what stands there is kept.
  Result<bool> give_name(const RestoreFolder& parent, const std::string& temporary,
                         const std::string& name);
  // Takes the shared lock of a restore at work; on the first visit to a folder that is not ours
  // alone, removes what a killed restore left in it.
  void enter(const RestoreFolder& folder, bool first_visit);
  void remove_leftovers(const RestoreFolder& folder, bool is_locked);

  Result<std::unique_ptr<RestoreFile>> create(const RestoreFolder& parent, const Node& node);
  Status finish_file(RestoreFile::State& file);
  Status note_file_system(const RestoreFolder& folder, dev_t device);
  Status make_room_for_folder(const RestoreFolder& parent, const Node& node, Standing standing,
                              FolderRecord& record);
  Status use_standing_folder(int folder, const std::string& path, Standing standing,
                             FolderRecord& record);
  Status drop_inherited_acl(const RestoreFolder& parent, const std::string& name);
  Status make_other(const RestoreFolder& parent, const Node& node, const std::string& temporary);
  Status make_link(const PendingLink& link);
  Status finish_folder(const std::string& path, const FolderRecord& record);
};

}  // namespace backcast::source
