// How batches travel between the threads of a backup, and how listings come together again.
#include "engine/store/work/backup_work.h"

namespace backcast::store {
namespace {

constexpr std::size_t kBatchesPerThread = 3;

}  // namespace

std::unique_ptr<Batch> BackupWorker::take_free() {
  std::unique_lock lock(session_.mutex);
  while (!session_.error) {
    if (!session_.free_batches.empty()) {
      auto batch = std::move(session_.free_batches.back());
      session_.free_batches.pop_back();
      return batch;
    }
    if (session_.batches < kBatchesPerThread * session_.options.threads) {
      ++session_.batches;
      auto batch = std::make_unique<Batch>();
      batch->bytes.resize(kBatchBytes);
      return batch;
    }
    if (!session_.queue.empty()) {
      auto batch = std::move(session_.queue.front());
      session_.queue.pop_front();
      lock.unlock();
      seal(std::move(batch));
      lock.lock();
    } else {
      session_.changed.wait(lock);
    }
  }
  return nullptr;
}

void BackupWorker::give_back(std::unique_ptr<Batch> batch) {
  batch->pieces.clear();
  batch->listing.reset();
  std::lock_guard lock(session_.mutex);
  session_.free_batches.push_back(std::move(batch));
  session_.changed.notify_all();
}

void BackupWorker::submit(std::unique_ptr<Batch> batch) {
  if (batch->pieces.empty()) return give_back(std::move(batch));
  batch->listing = saving_;
  std::lock_guard lock(session_.mutex);
  ++saving_->pending;
  session_.queue.push_back(std::move(batch));
  session_.changed.notify_all();
}

void BackupWorker::seal(std::unique_ptr<Batch> batch) {
  for (const Batch::Piece& piece : batch->pieces) {
    auto id =
        writer_.put(BlobKind::kData, ByteView(batch->bytes).subspan(piece.offset, piece.size));
    if (!id.ok()) return session_.fail(id.error());
    *piece.id = *id;
  }
  const auto listing = batch->listing;
  give_back(std::move(batch));
  if (auto closed = close(listing); !closed.ok()) session_.fail(closed.error());
}

Status BackupWorker::close(const std::shared_ptr<SavedListing>& listing) {
  {
    std::lock_guard lock(session_.mutex);
    if (--listing->pending != 0) return kOk;
  }
  std::size_t written = 1;
  if (!session_.options.dry_run) {
    std::lock_guard lock(session_.collecting);
    BACKCAST_TRY(written, session_.collector.add(listing));
  }
  std::lock_guard lock(session_.mutex);
  session_.listings_open -= written;
  session_.changed.notify_all();
  return kOk;
}

Result<std::size_t> Collector::add(std::shared_ptr<SavedListing> listing) {
  const std::uint64_t number = listing->number;
  waiting_.emplace(number, std::move(listing));
  std::size_t written = 0;
  for (auto it = waiting_.begin(); it != waiting_.end() && it->first == next_;
       it = waiting_.erase(it)) {
    BACKCAST_CHECK(write(*it->second));
    ++next_;
    ++written;
  }
  return written;
}

Status Collector::write(const SavedListing& listing) {
  tree_.begin_listing();
  std::string nodes, cached;
  std::vector<Id> ids;
  for (const SavedEntry& entry : listing.entries) {
    nodes += entry.bytes;
    ids.assign(listing.ids.begin() + static_cast<std::ptrdiff_t>(entry.first_id),
               listing.ids.begin() + static_cast<std::ptrdiff_t>(entry.first_id + entry.ids));
    for (const Id& id : ids) BACKCAST_CHECK(tree_.add_reference(id));
    if (entry.is_cacheable)
      append_cached(cached, entry.node, entry.content_bytes, entry.bytes, ids);
    switch (entry.node.kind) {
      case source::NodeKind::kFile:
        ++counts_.files;
        counts_.content_bytes += entry.content_bytes;
        break;
      case source::NodeKind::kFolder:
        ++counts_.folders;
        break;
      default:
        ++counts_.others;
    }
  }
  if (!cached.empty()) cache_.add(listing.path, listing.part, cached);
  return tree_.add_listing(listing_record(listing.path, listing.entries.size(), nodes));
}

Status Collector::finish(Snapshot& snapshot) {
  BACKCAST_ASSERT(waiting_.empty());
  snapshot.files = counts_.files;
  snapshot.folders = counts_.folders;
  snapshot.others = counts_.others;
  snapshot.content_bytes = counts_.content_bytes;
  return tree_.finish(snapshot);
}

}  // namespace backcast::store
