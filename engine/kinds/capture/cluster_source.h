// The data of one cluster behind one interface, whatever kind of data it is. docs/kinds.md says
// what is captured of each, in which format and how consistent.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/env/env.h"

namespace backcast::kinds {

// For whoever shows or ends the work; any thread may use it meanwhile.
struct Progress {
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<bool> stop{false};  // set it to interrupt: kInterrupted
};

struct Captured {
  std::uint64_t logical_bytes = 0;  // of all files captured
  // JSON, as describe(): of the moment that was captured.
  std::string contents;
  // What a restore will not bring back although it was there.
  std::vector<std::string> warnings;
};

enum class LoadChoice : std::uint8_t { kAsSaved, kLoaded, kReleased };

struct CollectionChoice {
  std::string database, name;            // as saved
  std::string to_database{}, to_name{};  // "" = the same
  LoadChoice load = LoadChoice::kAsSaved;
};

struct NewLogin {
  std::string user, password;  // only a salted hash of the password is stored
};

struct RestoreChoice {
  std::vector<CollectionChoice> collections;  // none: all of them, and their aliases
  LoadChoice load = LoadChoice::kAsSaved;     // where `collections` is empty
  bool users = false;                         // users, roles and grants, too
  // What the cluster holds goes, in one step with what comes. Otherwise a name that is taken
  // refuses the whole restore (kExists).
  bool replace = false;
  std::uint32_t max_shards = 0;  // of a collection; 0 = as saved
  // This user gets this password instead of what was saved, and is made if it is not there.
  std::vector<NewLogin> logins;
};

struct CollectionName {
  std::string database, name;
};

class ClusterSource {
 public:
  virtual ~ClusterSource() = default;
  // From now on capture takes these collections alone, without users; none: all of the cluster.
  // kBadInput for a kind of data that is captured whole. A name that is not there is an error of
  // capture (kNotFound).
  virtual Status choose(std::vector<CollectionName> collections);
  // JSON: {"databases": [{"name", "collections": [{"name", "rows", "loaded", "shards", …}]}], …}.
  virtual Result<std::string> describe() = 0;
  // Files of one moment, in the format of its vendor, into a folder that exists and is empty.
  // Clients may write meanwhile. On an error the folder may hold anything: it is the caller's.
  virtual Result<Captured> capture(const std::filesystem::path& into, Progress& progress) = 0;
  // What capture wrote, back into the cluster: all that the choice names, or nothing. Errors:
  // kExists, kNotFound for what the backup does not have, kBadInput for a choice that this kind of
  // data does not know.
  virtual Status restore(const std::filesystem::path& from, const RestoreChoice& choice,
                         Progress& progress) = 0;
};

// `kind` is one of kind_names(); `source` is JSON that says where the data is, by kind. `env` must
// outlive what is returned. Errors: kBadInput with the place in `source`.
Result<std::unique_ptr<ClusterSource>> open_source(const std::string& kind,
                                                   const std::string& source, env::Env& env);
// "folder", "shared-storage", …
std::vector<std::string> kind_names();

}  // namespace backcast::kinds
