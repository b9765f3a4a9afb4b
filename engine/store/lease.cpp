#include "engine/store/lease.h"

#include <unistd.h>

#include <array>

namespace backcast::store {
namespace {

constexpr const char* kMaintenanceLock = "leases/maintenance";
constexpr std::uint64_t kMaxLeaseBytes = 4096;

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string holder_text() {
  return host_name() + " process " + std::to_string(::getpid());
}

Error locked(const std::string& holder) {
  return Error{Errc::kLocked,
               "maintenance of this repository is at work: " + holder,
               {},
               "try again when it is done; a dead one frees the repository by itself"};
}

// The store's own clock, against which the age of leases is judged: the time it gives a new file.
Result<Instant> store_now(Repository& repository, const std::string& fresh_file) {
  BACKCAST_TRY(const auto info, repository.folder().stat(fresh_file));
  return info.modified;
}

bool is_lease_name(const std::string& name) {
  return name.size() > 2 && (name[0] == 'w' || name[0] == 'm') && name[1] == '-';
}

// Whether the holder of a lease file is gone.
bool is_over(Repository& repository, const std::string& path, const std::string& holder,
             std::optional<Instant> now) {
  auto lock = repository.folder().lock(path, env::LockKind::kExclusive);
  if (!lock.ok()) return false;  // held, or cannot be told
  if (holder.empty() || holder.starts_with(host_name() + " ")) return true;
  auto info = repository.folder().stat(path);
  return info.ok() && now && *now - info->modified > kLeaseLife;
}

}  // namespace

Result<std::unique_ptr<Lease>> Lease::take(Repository& repository, LeaseKind kind) {
  env::Folder& folder = repository.folder();
  std::unique_ptr<env::Lock> exclusive;
  if (kind == LeaseKind::kMaintenance) {
    auto lock = folder.lock(kMaintenanceLock, env::LockKind::kExclusive);
    if (!lock.ok() && lock.error().code == Errc::kLocked) return locked("another process");
    if (!lock.ok()) return lock.error();
    exclusive = *std::move(lock);
  }
  std::unique_ptr<Lease> lease;
  // Somebody who tidies up may take the file for a dead one before it is locked.
  for (int attempt = 0; attempt < 10; ++attempt) {
    const std::string name =
        std::string("leases/") + static_cast<char>(kind) + '-' + to_hex(random_id());
    BACKCAST_TRY(auto file, folder.create(name));
    // Without its holder's name a lease means nothing on other hosts: who writes must not go on.
    if (auto named = file->append(as_bytes(holder_text())); !named.ok()) {
      (void)folder.remove(name);
      return named.error();
    }
    auto lock = folder.lock(name, env::LockKind::kExclusive);
    if (!lock.ok() && lock.error().code != Errc::kLocked) return lock.error();
    if (!lock.ok() || !folder.stat(name).ok()) continue;
    lease = std::unique_ptr<Lease>(new Lease(repository, name));
    lease->file_ = std::move(file);
    lease->lock_ = *std::move(lock);
    lease->exclusive_ = std::move(exclusive);
    lease->refreshed_ = repository.env().monotonic();
    break;
  }
  if (!lease) return failed("cannot take a lease in " + folder.path());
  if (kind == LeaseKind::kMaintenance) {
    BACKCAST_TRY(const auto others, live_leases(repository, lease.get()));
    for (const LeaseInfo& other : others) {
      if (other.kind == LeaseKind::kMaintenance) return locked(other.holder);
    }
  }
  return lease;
}

Result<std::unique_ptr<Lease>> Lease::take_to_read(Repository& repository) {
  auto lease = take(repository, LeaseKind::kWork);
  if (!lease.ok()) return std::unique_ptr<Lease>();
  return lease;
}

Lease::~Lease() {
  (void)repository_.folder().remove(name_);
}

void Lease::refresh() {
  const Duration now = repository_.env().monotonic();
  if (now - refreshed_ < kLeaseRefresh) return;
  refreshed_ = now;
  (void)repository_.folder().touch(name_, repository_.env().now());
}

bool Lease::is_held() {
  return repository_.folder().stat(name_).ok();
}

Result<std::vector<LeaseInfo>> live_leases(Repository& repository, const Lease* own) {
  BACKCAST_TRY(const auto entries, repository.folder().list("leases"));
  std::vector<LeaseInfo> alive;
  std::optional<Instant> now;
  if (own) {
    auto t = store_now(repository, own->name());
    if (t.ok()) now = *t;
  }
  for (const auto& entry : entries) {
    const std::string path = "leases/" + entry.name;
    if (!is_lease_name(entry.name) || (own && own->name() == path)) continue;
    auto holder = env::read_file(repository.folder(), path, kMaxLeaseBytes);
    if (!holder.ok()) continue;  // ended meanwhile
    if (is_over(repository, path, *holder, now)) {
      (void)repository.folder().remove(path);
      continue;
    }
    alive.push_back({path, static_cast<LeaseKind>(entry.name[0]), *holder});
  }
  return alive;
}

}  // namespace backcast::store
