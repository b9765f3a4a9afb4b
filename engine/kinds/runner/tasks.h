// What jobs do, start to end: capture a cluster and back it up, bring it back, copy a backup into
// the repository of another region, delete it. Each is one call that takes as long as it takes; a
// call that was killed leaves nothing that counts as a backup, and may be made again.
//
// A cluster's data passes through the spool, a folder of its own for each job: nobody else may read
// it, and it goes with the job.
//
// A keyring is a project, by its id, or a key of its own that a cluster names, by both: what was
// saved under one, no other opens.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/kinds/capture/cluster_source.h"
#include "engine/kinds/keys/project_keys.h"
#include "engine/kinds/runner/stopper.h"

namespace backcast::store {
struct Snapshot;
}

namespace backcast::kinds {

// For whoever shows or ends a job.
struct JobWatch {
  Stopper stopper;
  std::atomic<int> percent{0};
};

struct DataPlace {
  std::string kind, source;  // as open_source takes them
};

struct BackupTask {
  std::string keyring, backup, cluster;  // names; the last two are found again in the snapshot
  std::filesystem::path repository, spool;
  DataPlace data;
  std::vector<std::string> tags;
  // JSON: {"chosen": [{"database", "name", "shard"}, …]}, the collections that are asked for, and
  // "snapshot", whether its download is to have a checksum; "" = all, without. The contents of what
  // was stored say both, too.
  std::string contents{};
  // What it is made of instead of the cluster's data: a file with the one collection that is
  // chosen, as ClusterSource::adopt takes it. "" = none.
  std::filesystem::path adopted{};
};
struct CopyTask {
  std::string keyring;
  std::string snapshot;
  std::filesystem::path from, to;
};
struct RestoreTask {
  std::string keyring, snapshot;
  std::filesystem::path repository, spool;
  DataPlace data;
  RestoreChoice choice;
  // Where it is noted what the cluster held before: a restore puts back all or nothing, so that one
  // which is begun again after a kill knows by this that it was done. "" = it is begun but once.
  std::filesystem::path note{};
};
struct ExportTask {
  std::string keyring, snapshot;
  std::filesystem::path repository;
  bool encrypted = false;  // to the project's key, as an age file
};

// Into a bucket: a folder that others read.
struct BucketTask {
  std::string keyring, snapshot;
  std::filesystem::path repository, bucket;
  std::string directory;  // beneath the bucket; names separated by "/"
  std::string part;       // of the job alone: what is not whole yet, which the next attempt removes
};

struct Stored {
  std::string snapshot;  // its id
  std::uint64_t logical_bytes = 0;
  std::uint64_t added_bytes = 0;  // by which the repository grew
  std::string contents;           // JSON, as ClusterSource::describe
  std::vector<std::string> warnings;
  std::string schema_change{};  // as schema_change() says it
};

// What stands with a snapshot, in text that means nothing here.
struct Labelled {
  std::string snapshot, backup, cluster;  // as the task named them; of a copy those of its original
  std::string label;
  Instant taken{};
};

// Thread-safe; each call opens what it needs. `env` and `keys` must outlive it.
class Tasks {
 public:
  Tasks(env::Env& env, ProjectKeys& keys) : env_(env), keys_(keys) {}

  // kInterrupted if it was stopped. A snapshot of the same backup that an attempt before published
  // is taken as this one's.
  Result<Stored> back_up(const BackupTask& task, JobWatch& watch);
  Result<Stored> copy(const CopyTask& task, JobWatch& watch);
  Status restore(const RestoreTask& task, JobWatch& watch);
  // The files of a backup as one file where it is one, else as a tar, in parts.
  Status download(const ExportTask& task, const std::function<Status(ByteView)>& sink);
  // Each file of a backup as one object, whole or not there; one that has its name gives way. What
  // was written stays if the rest fails or is stopped. The bucket must be there already.
  Status send(const BucketTask& task, JobWatch& watch);
  // Forgets, and frees what was forgotten a day ago or longer: at most once an hour for a
  // repository, for that reads all of it. kOk if it is gone already.
  Status remove(const std::string& keyring, const std::filesystem::path& repository,
                const std::string& snapshot);

  // The label is to tell all that a catalogue knows of the backup.
  Status label(const std::string& keyring, const std::filesystem::path& repository,
               const std::string& snapshot, const std::string& text);
  // All snapshots, with what was said of them last: "" where a job was killed before it could.
  // Those that cannot be read are left out, and `damaged` says which: they may be there.
  Result<std::vector<Labelled>> labelled(const std::string& keyring,
                                         const std::filesystem::path& repository,
                                         std::vector<Error>& damaged);
  // What describe() said of the backup's cluster.
  Result<std::string> contents(const std::string& keyring, const std::filesystem::path& repository,
                               const std::string& snapshot);

 private:
  // Where "snapshot" is asked for: reads back what a download gives, and notes its length and sum.
  static Status measure(store::Repository& repository, const store::Snapshot& snapshot,
                        std::string& contents);
  Status free_space(store::Repository& repository, const std::filesystem::path& path);

  env::Env& env_;
  ProjectKeys& keys_;
  std::mutex mutex_;
  std::map<std::filesystem::path, Duration> freed_;  // when, by the monotonic clock
};

// For the start of a service: what jobs left that died with the one before.
Status clear_spool(const std::filesystem::path& spool);

}  // namespace backcast::kinds
