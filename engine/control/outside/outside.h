// What the control plane does not decide: how a job goes, what it stores, how long it takes. The
// real one runs threads over real data; the one of a rehearsal knows the weather beforehand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/policy/service/collections.h"
#include "engine/policy/service/decision.h"

namespace backcast::control {

// A row of the catalogue. Rows of one kind are numbered in the order in which they came.
using Id = std::int64_t;

enum class WorkKind : std::uint8_t { kBackup, kCopy, kRestore, kExport };

// One attempt of one job.
struct Work {
  WorkKind kind{};
  Id job = 0;
  Id cluster = 0;
  Id backup = 0;    // that is made, copied or restored
  Id original = 0;  // of a copy
  Id vault = 0;     // where the bytes go, or for a restore where they lie
  bool automatic = true;
  std::uint32_t attempt = 1;  // counted from 1
  Instant scheduled{};        // the second that the schedule or the caller named
  std::string from_region, to_region;
  Instant born{};                // of the backup
  std::uint64_t size_bytes = 0;  // the same, where it is known
  // Of a restore: the cluster that takes the data, where it is there already; whether all that it
  // holds gives way; which collections, none: all of them.
  Id into = 0;
  bool in_place = false;
  std::vector<policy::CollectionChoice> collections;
};

// What is known when a job begins. Without `takes`, its end is told later (ControlPlane::ended) or
// comes over a link.
struct Begun {
  std::optional<Duration> takes;
  policy::Why fails{};           // how it will end; nothing: well
  std::uint64_t size_bytes = 0;  // of the backup, where it is known already
};

// How a job that really ran has ended.
struct Ended {
  bool ok = true;
  std::string reason;             // of a failure, or what is to be warned of
  std::uint64_t size_bytes = 0;   // of the whole backup
  std::uint64_t added_bytes = 0;  // by which its store grew
  std::string contents;           // JSON: what it holds
  std::string snapshot;           // its name in the store
};

// What the outside wants kept beside the decisions: lines, in order.
class Notes {
 public:
  virtual ~Notes() = default;
  virtual void add(const std::string& line) = 0;
  virtual std::vector<std::string> all() = 0;
};

// Calls come from the one thread that decides, inside the transaction that notes the decision;
// `committed` says that it is noted and `rolled_back` that none of it has happened.
class Outside {
 public:
  virtual ~Outside() = default;

  // The catalogue is open; the notes live as long as it.
  virtual void opened(Notes&) {}
  // How long after the named time a start within a window comes.
  virtual Duration start_delay(Id cluster, std::uint32_t schedule, Instant named,
                               int window_seconds) = 0;
  // A backup is asked for and will be made; the size its store would count, where it is known.
  virtual std::uint64_t accept(const Work& work, Instant now) = 0;
  virtual Begun begin(const Work& work, Instant now) = 0;
  // The bytes of a restore are there: how long it takes to bring the service back from them.
  virtual Duration bring_back(const Work& work) = 0;
  // The job ends without its end having come.
  virtual void cancel(const Work& work, Instant now) = 0;

  // A finished backup takes its place in a vault; the same of a copy as it begins.
  virtual void put(const Work& work) = 0;
  virtual void remove(Id vault, Id backup) = 0;
  // What a vault holds, and what of it removing these would free.
  virtual std::uint64_t held_bytes(Id vault) = 0;
  virtual std::uint64_t freed_bytes(Id vault, const std::vector<Id>& backups) = 0;

  // What the catalogue says of an available backup has changed: its tags, its expiry.
  virtual void changed(Id) {}
  // The collections that a cluster has, where they are known without its data; elsewhere a restore
  // that finds a name taken fails as it runs.
  virtual std::vector<policy::CollectionName> collections(Id) { return {}; }
  // Whether a backup restores only with the one before it.
  virtual bool is_increment(Id vault, Id backup) = 0;

  // Links that jobs share: those that have ended by now, and when to ask again.
  struct Wake {
    std::uint32_t link = 0;
    Instant at{};
  };
  virtual std::vector<Id> arrived(std::uint32_t link, Instant now) = 0;
  virtual std::vector<Wake> wakes() = 0;  // since the last call
  // The link that goes from there to there, which must be settled before a job begins on it.
  virtual std::optional<std::uint32_t> link_between(const std::string& from,
                                                    const std::string& to) = 0;
  // Something of its own that was planned for now, in its own words.
  virtual void happens(const std::string& text, bool begins, Instant now) = 0;

  // Nothing of the project can be opened any more.
  virtual void destroy_key(Id project) = 0;

  virtual void committed() = 0;
  virtual void rolled_back() = 0;
};

}  // namespace backcast::control
