// The disk side of a pack sink: a thread that writes full buffers in the order they come, and now
// and then lists the packs that are finished in the index: what was stored by then counts, whatever
// becomes of its session.
#pragma once

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/store/repository/repository.h"

namespace backcast::store {

// Aligned, so that it can bypass the page cache.
struct DiskBuffer {
  static constexpr std::size_t kCapacityBytes = 2 << 20;
  struct Free {
    void operator()(std::uint8_t* p) const { std::free(p); }
  };
  std::unique_ptr<std::uint8_t, Free> bytes{
      static_cast<std::uint8_t*>(std::aligned_alloc(env::kDirectAlignment, kCapacityBytes))};
  std::size_t used = 0;
};

// Finished packs are listed after so much time or so many of them, whatever comes first: an object
// of index/ for 8 GB is some 2 MB.
inline constexpr Duration kListEvery = std::chrono::minutes(5);
inline constexpr std::size_t kListPacks = 256;

struct WrittenPack {
  Id id;
  std::uint64_t size_bytes = 0;
};
struct WrittenPacks {
  std::vector<WrittenPack> packs;
  std::uint64_t index_objects = 0;  // that list them
};

// Whether the file of a pack is there with its length: all that can be said without reading it.
Status look_at_pack(Repository& repository, const Id& pack, std::uint64_t size_bytes);

class PackDisk {
 public:
  explicit PackDisk(Repository& repository);
  ~PackDisk();

  // An empty buffer; waits until one is free. The first error of the disk from then on.
  Result<std::unique_ptr<DiskBuffer>> take_buffer();
  // `last`: the pack ends with this buffer; its file is synced and its digest set.
  void send(std::shared_ptr<Pack> pack, std::unique_ptr<DiskBuffer> buffer, bool last);
  // Waits until all that was sent is safe on the disk and in the index.
  Result<WrittenPacks> finish();

 private:
  struct Work {
    std::shared_ptr<Pack> pack;
    std::unique_ptr<DiskBuffer> buffer;
    bool last = false;
  };
  struct OpenPack {
    std::unique_ptr<env::File> file;
    std::unique_ptr<PackDigest> digest;
  };

  void run();
  Status write(const Work& work);
  Status list_unlisted();

  Repository& repository_;
  // Of the thread, and of finish after it.
  OpenPack open_;
  std::vector<std::shared_ptr<Pack>> unlisted_;
  Duration listed_{};  // when
  WrittenPacks written_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> queue_;
  std::vector<std::unique_ptr<DiskBuffer>> free_;
  std::optional<Error> error_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace backcast::store
