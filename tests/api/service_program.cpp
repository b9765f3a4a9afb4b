// The whole API over a control plane whose jobs are played: each ends after a second, or as long as
// a file named "hold" lies in its folder never, or badly while there is one named "fail".
// Prints its port and an owner's token, serves until its input ends.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/api/every_route.h"
#include "engine/api/http/server.h"
#include "engine/env/env.h"

namespace backcast::api {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kContents =
    R"({"version": "2.5.4", "databases": [{"name": "default", "collections": [
        {"name": "articles", "rows": 1000, "loaded": true, "shards": 2},
        {"name": "notes", "rows": 10, "loaded": false, "shards": 1}]}]})";

class Played : public control::Outside {
 public:
  explicit Played(fs::path folder) : folder_(std::move(folder)) {}

  Duration start_delay(control::Id, std::uint32_t, Instant, int) override { return Duration(0); }
  std::uint64_t accept(const control::Work&, Instant) override { return 1'000'000; }
  control::Begun begin(const control::Work& work, Instant) override {
    const std::lock_guard guard(mutex_);
    running_[work.job] = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    return {};
  }
  Duration bring_back(const control::Work&) override { return Duration(0); }
  void cancel(const control::Work& work, Instant) override {
    const std::lock_guard guard(mutex_);
    running_.erase(work.job);
  }
  void put(const control::Work&) override {}
  void remove(control::Id, control::Id) override {}
  std::uint64_t held_bytes(control::Id) override { return 0; }
  std::uint64_t freed_bytes(control::Id, const std::vector<control::Id>&) override { return 0; }
  bool is_increment(control::Id, control::Id) override { return false; }
  std::vector<control::Id> arrived(std::uint32_t, Instant) override { return {}; }
  std::vector<Wake> wakes() override { return {}; }
  std::optional<std::uint32_t> link_between(const std::string&, const std::string&) override {
    return std::nullopt;
  }
  void happens(const std::string&, bool, Instant) override {}
  void destroy_key(control::Id) override {}
  void committed() override {}
  void rolled_back() override {}

  void tell(control::ControlPlane& control) {
    if (fs::exists(folder_ / "hold")) return;
    std::vector<control::Id> ended;
    {
      const std::lock_guard guard(mutex_);
      for (const auto& [job, at] : running_) {
        if (at <= std::chrono::steady_clock::now()) ended.push_back(job);
      }
      for (const control::Id job : ended) running_.erase(job);
    }
    for (const control::Id job : ended) {
      control::Ended how;
      how.ok = !fs::exists(folder_ / "fail");
      how.reason = how.ok ? "" : "the source has gone";
      how.size_bytes = 700'000'000;
      how.added_bytes = 70'000'000;
      how.contents = kContents;
      how.snapshot = "s";
      if (const auto told = control.ended(job, how); !told.ok()) {
        std::cerr << to_string(told.error()) << '\n';
      }
    }
  }

 private:
  const fs::path folder_;
  std::mutex mutex_;
  std::map<control::Id, std::chrono::steady_clock::time_point> running_;
};

Status written(const fs::path& file, const std::string& text) {
  std::ofstream(file) << text;
  return kOk;
}

// Nothing comes from outside here: tests/api/snapshots_test.py tries that with real data.
DataBackend played_data() {
  const auto none = [](auto&&...) { return Status(bad_input("data is played here")); };
  return {[](const control::Cluster&) { return true; },
          [](const control::Cluster&) { return std::string(kContents); },
          none,
          none,
          [](const std::string&) { return Result<std::string>(bad_input("data is played here")); },
          [](const std::string&) {},
          none,
          none};
}

int serve(const fs::path& folder) {
  env::Env& env = env::posix_env();
  Played played(folder);
  auto control =
      control::ControlPlane::open((folder / "catalogue").string(), played,
                                  {.durable = false, .clock = [&] { return env.now(); }});
  if (!control.ok()) {
    std::cerr << to_string(control.error()) << '\n';
    return 1;
  }
  Api api({.tokens = store_of((*control)->tokens()),
           .now = [&] { return env.now(); },
           .monotonic = [&] { return env.monotonic(); },
           .log = [](const std::string& line) { std::cerr << line + "\n"; }});
  Backend backend{**control,
                  [](const control::Backup& backup, bool encrypted, const std::string& file) {
                    return written(file, backup.id + (encrypted ? " sealed" : " open"));
                  },
                  [&] { return env.now(); },
                  folder.string(),
                  "2.6.1",
                  {},
                  played_data()};
  Snapshots snapshots(backend);
  Recoveries recoveries(snapshots);
  add_all(api, backend, recoveries);
  auto owner = new_token("first", "organization_owner", {}, env.now());
  if (!owner.ok() || !api.options().tokens.add(owner->token).ok()) return 1;
  auto server = Server::start({.upload_folder = folder.string()}, api.service());
  if (!server.ok()) return 1;
  std::atomic<bool> stop{false};
  std::thread scheduler([&] {
    while (!stop) {
      played.tell(**control);
      for (auto more = (*control)->step(env.now()); more.ok() && *more;) {
        more = (*control)->step(env.now());
      }
      env.sleep(kSecond / 20);
    }
  });
  std::cout << (*server)->port() << ' ' << owner->secret << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  (*server)->stop(10 * kSecond);
  stop = true;
  scheduler.join();
  return 0;
}

}  // namespace
}  // namespace backcast::api

int main(int argc, char** argv) {
  return argc < 2 ? 2 : backcast::api::serve(argv[1]);
}
