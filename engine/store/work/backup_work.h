// What the threads of a backup hand to each other. Any thread does any work: it takes a batch of
// chunks to seal if there is one, else the next listing of the walk. A listing's small files are
// done on the spot; large ones are cut into batches that all threads share, so one huge file keeps
// every core busy. Listings are collected in the order of the walk.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/store/repository/file_cache.h"
#include "engine/store/snapshots/tree.h"
#include "engine/store/work/backup.h"

namespace backcast::store {

inline constexpr std::size_t kBatchBytes = 1 << 20;

struct SavedEntry {
  source::Node node;
  std::string bytes;  // of the node, as stored
  std::size_t first_id = 0, ids = 0;
  std::uint64_t content_bytes = 0;
  bool is_cacheable = false;
};

// A listing on its way into the tree.
struct SavedListing {
  std::uint64_t number = 0, part = 0;  // part: which listing of its folder
  std::string path;
  std::vector<SavedEntry> entries;
  std::deque<Id> ids;       // of all contents; a deque, for batches write into it while it grows
  std::size_t pending = 1;  // batches under way, and the thread that fills it
};

struct Batch {
  struct Piece {
    std::uint32_t offset = 0, size = 0;
    Id* id = nullptr;
  };
  std::shared_ptr<SavedListing> listing;
  std::vector<std::uint8_t> bytes;
  std::vector<Piece> pieces;
};

// Takes saved listings in any order and writes tree, references and the next cache in theirs.
class Collector {
 public:
  Collector(ChunkStore& store, int level, FileCacheWriter& cache)
      : tree_(store, level), cache_(cache) {}
  // Returns how many listings could be written by now.
  Result<std::size_t> add(std::shared_ptr<SavedListing> listing);
  Status finish(Snapshot& snapshot);

 private:
  Status write(const SavedListing& listing);

  TreeWriter tree_;
  FileCacheWriter& cache_;
  Snapshot counts_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::shared_ptr<SavedListing>> waiting_;
};

struct BackupSession {
  ChunkStore& store;
  const BackupOptions& options;
  BackupProgress& progress;
  const FileCache& cache;
  Collector& collector;
  source::Walk* walk = nullptr;  // none for a pipe
  const Chunker chunker;

  std::mutex mutex{};
  std::condition_variable changed{};
  std::deque<std::unique_ptr<Batch>> queue{};
  std::vector<std::unique_ptr<Batch>> free_batches{};
  std::size_t batches = 0;        // that exist
  std::size_t listings_open = 0;  // taken from the walk and not yet written
  std::uint64_t part = 0;         // of the folder being listed
  bool walk_ended = false;
  std::optional<Error> error{};  // of the repository, the pipe or the user: ends all threads
  // Of its own: the walk reports while the thread that asks it for more holds `mutex`.
  std::mutex reporting{};
  std::vector<source::Problem> problems{};
  std::mutex collecting{};

  void add_problem(source::Problem problem);
  void fail(const Error& why);
};

// One thread of a backup; returns when there is nothing left to do or the session failed.
class BackupWorker {
 public:
  explicit BackupWorker(BackupSession& session);
  void run();
  // Instead of run, for one thread: the pipe.
  void run_pipe(source::PipeSource& pipe, const std::string& name);

 private:
  using ReadNext = std::function<Result<std::size_t>(ByteSpan)>;

  Status save_listing(source::Listing listing, std::uint64_t part);
  Status save_entry(const source::Listing& listing, const source::Found& found,
                    const CachedEntry* cached, Instant started, SavedListing& saved);
  // Takes `node` if it returns true, and leaves it as it is otherwise.
  bool reuse(const CachedEntry& cached, source::Node& node, SavedListing& saved);
  Status save_content(const source::Listing& listing, const source::Found& found,
                      source::Node& node, bool& is_steady, SavedListing& saved);
  Status save_small(ByteView content, SavedListing& saved);
  Result<std::uint64_t> save_large(const ReadNext& read, SavedListing& saved);
  bool stopped();

  // The queue of batches (backup_queue.cpp).
  std::unique_ptr<Batch> take_free();  // helps out while there is none; none if the session failed
  void give_back(std::unique_ptr<Batch> batch);
  void submit(std::unique_ptr<Batch> batch);
  void seal(std::unique_ptr<Batch> batch);
  Status close(const std::shared_ptr<SavedListing>& listing);  // one pending part less

  BackupSession& session_;
  ChunkWriter writer_;
  std::shared_ptr<SavedListing> saving_;
  std::vector<std::uint8_t> small_;
};

}  // namespace backcast::store
