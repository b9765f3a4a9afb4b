#include "engine/store/packs/pack_disk.h"

namespace backcast::store {
namespace {

// One being filled, one being written, two between them: enough to hide a slow write.
constexpr std::size_t kBuffers = 4;

}  // namespace

Status look_at_pack(Repository& repository, const Id& pack, std::uint64_t size_bytes) {
  const std::string name = name_of(ObjectType::kPack, pack);
  auto info = repository.folder().stat(name);
  if (!info.ok() && info.error().code == Errc::kNotFound) {
    return Error{Errc::kNotFound, name + " is missing", {}, {}};
  }
  if (!info.ok()) return info.error();
  if (info->size_bytes == size_bytes) return kOk;
  return Error{Errc::kCorrupt,
               name + " has " + std::to_string(info->size_bytes) + " bytes, not " +
                   std::to_string(size_bytes),
               {},
               {}};
}

PackDisk::PackDisk(Repository& repository)
    : repository_(repository), listed_(repository.env().monotonic()) {
  for (std::size_t i = 0; i < kBuffers; ++i) free_.push_back(nullptr);
}

PackDisk::~PackDisk() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<std::unique_ptr<DiskBuffer>> PackDisk::take_buffer() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !free_.empty() || error_; });
  if (error_) return *error_;
  auto buffer = std::move(free_.back());
  free_.pop_back();
  // Made when first needed: most backups change little.
  if (!buffer) buffer = std::make_unique<DiskBuffer>();
  buffer->used = 0;
  return buffer;
}

void PackDisk::send(std::shared_ptr<Pack> pack, std::unique_ptr<DiskBuffer> buffer, bool last) {
  std::lock_guard lock(mutex_);
  queue_.push_back({std::move(pack), std::move(buffer), last});
  // What fits into one buffer needs no thread: finish() writes it.
  const bool has_more = queue_.size() > 1;
  if (has_more && !thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

Result<WrittenPacks> PackDisk::finish() {
  {
    std::unique_lock lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) {
    thread_.join();
  } else {
    run();
  }
  if (error_) return *error_;
  BACKCAST_CHECK(list_unlisted());
  return std::move(written_);
}

// In the order that makes a crash harmless: the packs, their names, then the index. Somebody may
// have taken this session for dead and its packs for nobody's: the index names only what is there.
Status PackDisk::list_unlisted() {
  listed_ = repository_.env().monotonic();
  if (unlisted_.empty()) return kOk;
  BACKCAST_CHECK(repository_.folder().sync_folder(folder_of(ObjectType::kPack)));
  std::vector<Pack> packs;
  for (const auto& pack : unlisted_) {
    BACKCAST_CHECK(look_at_pack(repository_, pack->id, pack->size_bytes));
    packs.push_back(std::move(*pack));
  }
  unlisted_.clear();
  BACKCAST_CHECK(repository_.objects().publish(ObjectType::kIndex, random_id(),
                                               as_bytes(encode_packs(packs))));
  ++written_.index_objects;
  for (const Pack& pack : packs) written_.packs.push_back({pack.id, pack.size_bytes});
  return kOk;
}

void PackDisk::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return !queue_.empty() || closing_; });
    if (queue_.empty()) return;
    Work work = std::move(queue_.front());
    queue_.pop_front();
    if (!error_) {
      lock.unlock();
      auto status = write(work);
      lock.lock();
      if (!status.ok()) error_ = std::move(status).error();
    }
    free_.push_back(std::move(work.buffer));
    changed_.notify_all();
  }
}

Status PackDisk::write(const Work& work) {
  if (!open_.file) {
    BACKCAST_TRY(open_.file, repository_.folder().create(name_of(ObjectType::kPack, work.pack->id),
                                                         {.direct = true}));
    open_.digest = std::make_unique<PackDigest>(repository_.keys().digest_key(), work.pack->id);
  }
  const ByteView bytes(work.buffer->bytes.get(), work.buffer->used);
  BACKCAST_CHECK(open_.file->append(bytes));
  open_.digest->add(bytes);
  if (work.last) {
    work.pack->digest = open_.digest->finish();
    BACKCAST_CHECK(open_.file->sync());
    open_ = {};
    unlisted_.push_back(work.pack);
    const bool is_due = repository_.env().monotonic() - listed_ >= kListEvery;
    if (is_due || unlisted_.size() >= kListPacks) return list_unlisted();
  }
  return kOk;
}

}  // namespace backcast::store
