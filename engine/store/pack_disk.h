// The disk side of a pack sink: a thread that writes full buffers in the order they come.
#pragma once

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/store/repository.h"

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

class PackDisk {
 public:
  explicit PackDisk(Repository& repository);
  ~PackDisk();

  // An empty buffer; waits until one is free. The first error of the disk from then on.
  Result<std::unique_ptr<DiskBuffer>> take_buffer();
  // `last`: the pack ends with this buffer; its file is synced and its digest set.
  void send(std::shared_ptr<Pack> pack, std::unique_ptr<DiskBuffer> buffer, bool last);
  // Waits until all that was sent is safe on the disk.
  Status finish();

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

  Repository& repository_;
  OpenPack open_;  // of the thread

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> queue_;
  std::vector<std::unique_ptr<DiskBuffer>> free_;
  std::optional<Error> error_;
  bool wrote_ = false, closing_ = false;
  std::thread thread_;
};

}  // namespace backcast::store
