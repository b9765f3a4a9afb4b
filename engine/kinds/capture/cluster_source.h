// The data of one cluster behind one interface, whatever kind of data it is. docs/kinds.md says
// what is captured of each, in which format and how consistent.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/env/env.h"
#include "engine/policy/service/collections.h"

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

using LoadChoice = policy::LoadState;

// Which side wins where a shard that is recovered has other replicas that are active.
enum class Priority : std::uint8_t { kNoSync, kSnapshot, kReplica };

struct CollectionChoice {
  std::string database, name;            // as saved
  std::string to_database{}, to_name{};  // "" = the same
  LoadChoice load = LoadChoice::kAsSaved;
  // Takes the place of the collection that has its name now, where there is one of the same shape
  // (check_fit), and keeps that one's aliases. Otherwise a name that is taken is kExists.
  bool replaces = false;
  Priority priority = Priority::kSnapshot;  // of what is replaced
  // Of this shard alone, which takes the place of the one that the collection has.
  std::optional<std::uint32_t> shard{};
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
  std::optional<std::uint32_t> shard{};  // this one alone; none: all of the collection
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

  // A file that holds one collection or shard, as a download of it gave it or the vendor's own
  // server: what it holds, as a capture of `as` would describe it. Reads all of it.
  // Errors: kBadInput for a file of another kind, or of a kind of data that is captured whole;
  // kCorrupt for one that is not whole.
  virtual Result<std::string> look_into(const std::filesystem::path& file,
                                        const CollectionName& as);
  // The same into a folder that exists and is empty, as capture would have written it.
  virtual Result<Captured> adopt(const std::filesystem::path& file, const CollectionName& as,
                                 const std::filesystem::path& into, Progress& progress);
};

// Whether the collection or shard `of` of what was saved may take the place of `as` in the cluster:
// their vectors and number of shards must be the same. `saved` and `cluster` are descriptions, as
// of capture() and describe(). Errors: kBadInput, kNotFound for a shard that is not there.
Status check_fit(const std::string& saved, const CollectionName& of, const std::string& cluster,
                 const CollectionName& as);

// `kind` is one of kind_names(); `source` is JSON that says where the data is, by kind. `env` must
// outlive what is returned. Errors: kBadInput with the place in `source`.
Result<std::unique_ptr<ClusterSource>> open_source(const std::string& kind,
                                                   const std::string& source, env::Env& env);
// "folder", "shared-storage", …
std::vector<std::string> kind_names();
// Whether it has collections that can be backed up and brought back one by one, from files too.
bool has_collections(const std::string& kind);

}  // namespace backcast::kinds
