#include "engine/store/work/backup_work.h"

#include <algorithm>

namespace backcast::store {
namespace {

// Finished listings that wait for an earlier one bound the memory of a backup.
constexpr std::size_t kOpenListings = 64;
constexpr std::size_t kSmallBytes = 1 << 20;  // files up to here are read whole by one thread
// The kernel stamps files by its tick, 10 ms at most; file systems that keep whole seconds may be
// two behind. A file stamped later than that before we looked may still change unnoticed.
constexpr Duration kTick = std::chrono::milliseconds(20);
constexpr Duration kCoarseTick = std::chrono::seconds(2);

bool is_settled(const source::Node& node, Instant looked) {
  const std::int64_t stamp = std::max(node.mtime_ns, node.ctime_ns);
  const Duration margin = stamp % 1'000'000'000 == 0 ? kCoarseTick : kTick;
  return Instant(Duration(stamp)) + margin < looked;
}

// The content of a file: its bytes, or those of its data extents one after another.
class ContentReader {
 public:
  ContentReader(const source::SourceFile& file, const source::Node& node) : file_(file) {
    if (node.sparse) {
      extents_ = node.data;
    } else {
      extents_ = {{0, node.size_bytes}};
    }
  }

  Result<std::size_t> next(ByteSpan into) {
    std::size_t total = 0;
    while (total < into.size() && at_ < extents_.size()) {
      const source::Extent& extent = extents_[at_];
      const std::uint64_t rest = extent.size_bytes - done_;
      const std::size_t wanted = std::min<std::uint64_t>(rest, into.size() - total);
      BACKCAST_TRY(const std::size_t got,
                   file_.read_at(extent.offset_bytes + done_, into.subspan(total, wanted)));
      total += got;
      done_ += got;
      if (got < wanted) {  // shorter than it was
        cut_short_ = true;
        extents_.resize(at_ + 1);
        extents_.back().size_bytes = done_;
        at_ = extents_.size();
      } else if (done_ == extent.size_bytes) {
        ++at_;
        done_ = 0;
      }
    }
    return total;
  }

  // The node as the file was read, if it became shorter meanwhile.
  void correct(source::Node& node) const {
    if (!cut_short_) return;
    if (node.sparse) node.data = extents_;
    node.size_bytes =
        extents_.empty() ? 0 : extents_.back().offset_bytes + extents_.back().size_bytes;
  }

 private:
  const source::SourceFile& file_;
  std::vector<source::Extent> extents_;
  std::size_t at_ = 0;
  std::uint64_t done_ = 0;  // of the present extent
  bool cut_short_ = false;
};

// Entries of this part of a folder; what was inserted or removed before it may have shifted an
// entry to a neighbouring part.
class CacheLookup {
 public:
  CacheLookup(const FileCache& cache, const source::Listing& listing, std::uint64_t part)
      : cache_(cache), listing_(listing), part_(part), here_(cache.find(listing.path, part)) {}

  const CachedEntry* find(const std::string& name) {
    if (cache_.empty()) return nullptr;
    if (here_) {
      if (const auto* entry = here_->find(name)) return entry;
    }
    if (listing_.first && listing_.last) return nullptr;
    if (!loaded_) {
      loaded_ = true;
      if (part_ > 0) before_ = cache_.find(listing_.path, part_ - 1);
      after_ = cache_.find(listing_.path, part_ + 1);
    }
    const CachedEntry* entry = before_ ? before_->find(name) : nullptr;
    return entry || !after_ ? entry : after_->find(name);
  }

 private:
  const FileCache& cache_;
  const source::Listing& listing_;
  std::uint64_t part_;
  std::optional<CachedListing> here_, before_, after_;
  bool loaded_ = false;
};

}  // namespace

void BackupSession::add_problem(source::Problem problem) {
  std::lock_guard lock(reporting);
  problems.push_back(std::move(problem));
}

void BackupSession::fail(const Error& why) {
  {
    std::lock_guard lock(mutex);
    if (!error) error = why;
  }
  changed.notify_all();
}

BackupWorker::BackupWorker(BackupSession& session)
    : session_(session), writer_(session.store, session.options.level) {}

bool BackupWorker::stopped() {
  if (session_.progress.stop) {
    session_.fail(Error{Errc::kInterrupted, "interrupted; no snapshot was made", {}, {}});
  }
  std::lock_guard lock(session_.mutex);
  return session_.error.has_value();
}

void BackupWorker::run() {
  while (!stopped()) {
    std::unique_lock lock(session_.mutex);
    if (!session_.queue.empty()) {
      auto batch = std::move(session_.queue.front());
      session_.queue.pop_front();
      lock.unlock();
      seal(std::move(batch));
      continue;
    }
    if (!session_.walk_ended && session_.listings_open < kOpenListings) {
      auto listing = session_.walk->next();
      if (listing) {
        ++session_.listings_open;
        const std::uint64_t part = session_.part = listing->first ? 0 : session_.part + 1;
        lock.unlock();
        auto saved = save_listing(*std::move(listing), part);
        if (!saved.ok()) return session_.fail(saved.error());
        continue;
      }
      session_.walk_ended = true;
      session_.changed.notify_all();
    }
    if (session_.walk_ended && session_.listings_open == 0) return;
    session_.changed.wait(lock);
  }
}

void BackupWorker::run_pipe(source::PipeSource& pipe, const std::string& name) {
  saving_ = std::make_shared<SavedListing>();
  const auto save = [&]() -> Status {
    const Instant now = session_.store.repository().env().now();
    source::Node node = source::pipe_node(name, now.time_since_epoch().count());
    BACKCAST_TRY(node.size_bytes,
                 save_large([&](ByteSpan into) { return pipe.read(into); }, *saving_));
    BACKCAST_CHECK(pipe.close());
    set_chunk_count(node, saving_->ids.size());
    const std::uint64_t content_bytes = node.size_bytes;
    SavedEntry entry{std::move(node), {}, 0, saving_->ids.size(), content_bytes, false};
    source::append_node(entry.bytes, entry.node);
    saving_->entries.push_back(std::move(entry));
    session_.progress.files += 1;
    session_.progress.files_new += 1;
    session_.progress.entries += 1;
    return close(saving_);
  };
  if (auto saved = save(); !saved.ok()) return session_.fail(saved.error());
  run();
}

Status BackupWorker::save_listing(source::Listing listing, std::uint64_t part) {
  const Instant started = session_.store.repository().env().now();
  saving_ = std::make_shared<SavedListing>();
  saving_->number = listing.number;
  saving_->part = part;
  saving_->path = listing.path;
  CacheLookup cache(session_.cache, listing, part);
  for (const source::Found& found : listing.found) {
    if (session_.progress.stop.load(std::memory_order_relaxed) && stopped()) return kOk;
    BACKCAST_CHECK(save_entry(listing, found, cache.find(found.name), started, *saving_));
  }
  return close(saving_);
}

Status BackupWorker::save_entry(const source::Listing& listing, const source::Found& found,
                                const CachedEntry* cached, Instant started, SavedListing& saved) {
  auto stated = source::stat_entry(listing, found);
  if (!stated.ok()) {
    session_.add_problem({'/' + listing.path_of(found), stated.error().message});
    return kOk;
  }
  source::Node node = *std::move(stated);
  BackupProgress& progress = session_.progress;
  const bool is_file = node.kind == source::NodeKind::kFile;
  progress.entries.fetch_add(1, std::memory_order_relaxed);
  if (cached && cached->matches(node) && reuse(*cached, node, saved)) return kOk;

  if (session_.options.dry_run) {
    if (!is_file) return kOk;
    progress.files.fetch_add(1, std::memory_order_relaxed);
    (cached ? progress.files_changed : progress.files_new).fetch_add(1, std::memory_order_relaxed);
    progress.content_bytes.fetch_add(node.size_bytes, std::memory_order_relaxed);
    progress.read_bytes.fetch_add(node.size_bytes, std::memory_order_relaxed);
    return kOk;
  }
  bool is_steady = true;
  const std::size_t first_id = saved.ids.size();
  auto kept = is_file && node.size_bytes > 0 ? save_content(listing, found, node, is_steady, saved)
                                             : source::complete(listing, found, node);
  if (!kept.ok()) {
    // Not being able to read an entry is its problem; a failing repository is everybody's.
    if (is_file && node.size_bytes > 0 && kept.error().code != Errc::kPartialSource) {
      return kept.error();
    }
    // Ids stay, for batches may still write them; no entry refers to them.
    session_.add_problem({'/' + listing.path_of(found), kept.error().message});
    return kOk;
  }
  // By the stamps that are cached: reading brought them up to date.
  is_steady = is_steady && is_settled(node, started);
  if (is_file) {
    progress.files.fetch_add(1, std::memory_order_relaxed);
    (cached ? progress.files_changed : progress.files_new).fetch_add(1, std::memory_order_relaxed);
  }
  set_chunk_count(node, saved.ids.size() - first_id);
  const std::uint64_t content_bytes = is_file ? node.content_bytes() : 0;
  SavedEntry entry{std::move(node), {},       first_id, saved.ids.size() - first_id,
                   content_bytes,   is_steady};
  source::append_node(entry.bytes, entry.node);
  saved.entries.push_back(std::move(entry));
  return kOk;
}

// Takes an unchanged entry over as it was saved, if the repository still has its chunks.
bool BackupWorker::reuse(const CachedEntry& cached, source::Node& node, SavedListing& saved) {
  const std::size_t first_id = saved.ids.size();
  WireReader in(cached.ids);
  while (!in.at_end()) {
    const Id id = read_id(in);
    if (!in.ok() || !session_.store.had(id)) {
      saved.ids.resize(first_id);
      return false;
    }
    saved.ids.push_back(id);
  }
  BackupProgress& progress = session_.progress;
  if (node.kind == source::NodeKind::kFile) {
    progress.files.fetch_add(1, std::memory_order_relaxed);
    progress.files_unmodified.fetch_add(1, std::memory_order_relaxed);
    progress.content_bytes.fetch_add(cached.content_bytes, std::memory_order_relaxed);
  }
  saved.entries.push_back({std::move(node), std::string(cached.node), first_id,
                           saved.ids.size() - first_id, cached.content_bytes, true});
  return true;
}

Status BackupWorker::save_content(const source::Listing& listing, const source::Found& found,
                                  source::Node& node, bool& is_steady, SavedListing& saved) {
  const auto unreadable = [](const Error& error) {
    return Error{Errc::kPartialSource, error.message, {}, {}};
  };
  auto file = source::open_source(listing, found, node);
  if (!file.ok()) return unreadable(file.error());
  if (auto done = source::complete(listing, found, node, &*file); !done.ok()) {
    return unreadable(done.error());
  }
  ContentReader reader(*file, node);
  if (node.content_bytes() <= kSmallBytes) {
    small_.resize(node.content_bytes());
    auto got = reader.next(small_);
    if (!got.ok()) return unreadable(got.error());
    BACKCAST_CHECK(save_small(ByteView(small_).first(*got), saved));
  } else {
    std::optional<Error> source_error;
    auto read = save_large(
        [&](ByteSpan into) {
          auto got = reader.next(into);
          if (!got.ok()) source_error = got.error();
          return got;
        },
        saved);
    if (source_error) return unreadable(*source_error);
    if (!read.ok()) return read.error();
  }
  reader.correct(node);
  if (!file->unchanged(node)) {
    is_steady = false;
    session_.add_problem(
        {'/' + listing.path_of(found), "changed while it was read; saved as it was read"});
  }
  return kOk;
}

Status BackupWorker::save_small(ByteView content, SavedListing& saved) {
  session_.progress.content_bytes.fetch_add(content.size(), std::memory_order_relaxed);
  session_.progress.read_bytes.fetch_add(content.size(), std::memory_order_relaxed);
  while (!content.empty()) {
    const std::size_t size = session_.chunker.first_chunk(content, true);
    BACKCAST_TRY(const Id id, writer_.put(BlobKind::kData, content.first(size)));
    saved.ids.push_back(id);
    content = content.subspan(size);
  }
  return kOk;
}

// Cuts a long content into batches for all threads. Returns its bytes.
Result<std::uint64_t> BackupWorker::save_large(const ReadNext& read, SavedListing& saved) {
  std::uint64_t total = 0;
  std::vector<std::uint8_t> carry;  // the beginning of a chunk that the last batch did not end
  for (bool at_end = false; !at_end && !stopped();) {
    auto batch = take_free();
    if (!batch) break;  // the session failed
    std::copy(carry.begin(), carry.end(), batch->bytes.begin());
    std::size_t filled = carry.size();
    while (filled < kBatchBytes && !at_end) {
      auto got = read(ByteSpan(batch->bytes).subspan(filled));
      if (!got.ok()) {
        give_back(std::move(batch));
        return got.error();
      }
      at_end = *got == 0;
      filled += *got;
      total += *got;
      session_.progress.content_bytes.fetch_add(*got, std::memory_order_relaxed);
      session_.progress.read_bytes.fetch_add(*got, std::memory_order_relaxed);
    }
    ByteView rest = ByteView(batch->bytes).first(filled);
    while (const std::size_t size = session_.chunker.first_chunk(rest, at_end)) {
      saved.ids.emplace_back();
      batch->pieces.push_back({static_cast<std::uint32_t>(rest.data() - batch->bytes.data()),
                               static_cast<std::uint32_t>(size), &saved.ids.back()});
      rest = rest.subspan(size);
    }
    carry.assign(rest.begin(), rest.end());
    submit(std::move(batch));
  }
  return total;
}

}  // namespace backcast::store
