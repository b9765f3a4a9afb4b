#include "engine/store/repository/lease.h"

#include <unistd.h>

#include "engine/base/harmless.h"

namespace backcast::store {
namespace {

constexpr const char* kMaintenanceLock = "leases/maintenance";
constexpr std::uint64_t kMaxLeaseBytes = 4096;
// The file of one that only its age shows to be over stays so long: it counts for whoever asks for
// better proof.
constexpr Duration kKeepStale = kDay;

// The first line is for people; the second tells machines of one name apart.
std::string holder_text(const env::Machine& machine) {
  const std::string holder = machine.host + " process " + std::to_string(::getpid());
  return machine.boot_id.empty() ? holder : holder + '\n' + machine.boot_id;
}

bool is_of(const env::Machine& machine, const std::string& holder) {
  // Its writer is about to lock it and looks then whether it is still there; or he died, perhaps
  // with the power, which leaves zeros.
  if (holder.empty() || holder.find('\0') != std::string::npos) return true;
  // Earlier programs wrote the first line alone, as do those that cannot read the kernel's id.
  const std::size_t line = holder.find('\n');
  return line == std::string::npos ? holder.starts_with(machine.host + " ")
                                   : holder.substr(line + 1) == machine.boot_id;
}

Error locked(const std::string& holder) {
  return Error{Errc::kLocked,
               "maintenance of this repository is at work: " + harmless(holder),
               {},
               "try again when it is done; a dead one frees the repository by itself"};
}

bool is_lease_name(const std::string& name) {
  return name.size() > 2 && (name[0] == 'w' || name[0] == 'm') && name[1] == '-';
}

enum class Life : std::uint8_t { kAlive, kStale, kOver };

Life life_of(Repository& repository, const std::string& path, const std::string& holder,
             std::optional<Instant> now) {
  auto lock = repository.folder().lock(path, env::LockKind::kExclusive);
  if (!lock.ok()) return Life::kAlive;  // held, or cannot be told
  if (is_of(repository.env().machine(), holder)) return Life::kOver;
  auto info = repository.folder().stat(path);
  if (!info.ok() || !now || *now - info->changed <= kLeaseLife) return Life::kAlive;
  return *now - info->changed <= kKeepStale ? Life::kStale : Life::kOver;
}

}  // namespace

Result<std::unique_ptr<Lease>> Lease::take(Repository& repository, LeaseKind kind) {
  std::unique_ptr<env::Lock> exclusive;
  if (kind == LeaseKind::kMaintenance) {
    auto lock = repository.folder().lock(kMaintenanceLock, env::LockKind::kExclusive);
    if (!lock.ok() && lock.error().code == Errc::kLocked) return locked("another process");
    if (!lock.ok()) return lock.error();
    exclusive = *std::move(lock);
  }
  auto lease = std::unique_ptr<Lease>(new Lease(repository, kind));
  lease->exclusive_ = std::move(exclusive);
  BACKCAST_CHECK(lease->acquire());
  lease->ticker_ = repository.env().every(kLeaseRefresh, [own = lease.get()] { own->refresh(); });
  if (kind == LeaseKind::kMaintenance) {
    BACKCAST_TRY(const auto others, live_leases(repository, *lease));
    for (const LeaseInfo& other : others) {
      if (other.kind == LeaseKind::kMaintenance) return locked(other.holder);
    }
  }
  return lease;
}

// Closed when it is done: only then network disks show to others what was written.
Status Lease::write_holder(const std::string& name) {
  BACKCAST_TRY(const auto file, repository_.folder().create(name));
  return file->append(as_bytes(holder_text(repository_.env().machine())));
}

Status Lease::acquire() {
  env::Folder& folder = repository_.folder();
  // Somebody who tidies up may take the file for a dead one before it is locked.
  for (int attempt = 0; attempt < 10; ++attempt) {
    const std::string name =
        std::string("leases/") + static_cast<char>(kind_) + '-' + to_hex(random_id());
    // Without its holder's name a lease means nothing on other hosts: who writes must not go on.
    if (auto named = write_holder(name); !named.ok()) {
      (void)folder.remove(name);
      return named;
    }
    auto lock = folder.lock(name, env::LockKind::kExclusive);
    if (!lock.ok() && lock.error().code != Errc::kLocked) return lock.error();
    if (!lock.ok() || !folder.stat(name).ok()) continue;
    const std::lock_guard guard(mutex_);
    name_ = name;
    lock_ = *std::move(lock);
    return kOk;
  }
  return failed("cannot take a lease in " + folder.path());
}

Result<std::unique_ptr<Lease>> Lease::take_to_read(Repository& repository) {
  auto lease = take(repository, LeaseKind::kWork);
  if (!lease.ok()) return std::unique_ptr<Lease>();
  return lease;
}

Lease::~Lease() {
  ticker_.reset();
  if (!name_.empty()) (void)repository_.folder().remove(name_);
}

std::string Lease::name() const {
  const std::lock_guard guard(mutex_);
  return name_;
}

void Lease::refresh() {
  (void)repository_.folder().touch(name(), repository_.env().now());
}

Status Lease::ensure_held() {
  auto info = repository_.folder().stat(name());
  return info.ok() || info.error().code != Errc::kNotFound ? kOk : acquire();
}

Result<Instant> Lease::store_now() {
  refresh();
  BACKCAST_TRY(const auto info, repository_.folder().stat(name()));
  return info.changed;
}

Result<std::vector<LeaseInfo>> live_leases(Repository& repository, Lease& own, Death proof) {
  BACKCAST_TRY(const auto entries, repository.folder().list("leases"));
  std::optional<Instant> now;
  if (auto time = own.store_now(); time.ok()) now = *time;
  std::vector<LeaseInfo> alive;
  for (const auto& entry : entries) {
    const std::string path = "leases/" + entry.name;
    if (!is_lease_name(entry.name) || own.name() == path) continue;
    auto holder = env::read_file(repository.folder(), path, kMaxLeaseBytes);
    if (!holder.ok()) continue;  // ended meanwhile
    const Life life = life_of(repository, path, *holder, now);
    if (life == Life::kOver) (void)repository.folder().remove(path);
    if (life == Life::kOver || (life == Life::kStale && proof == Death::kByLockOrAge)) continue;
    alive.push_back(
        {path, static_cast<LeaseKind>(entry.name[0]), holder->substr(0, holder->find('\n'))});
  }
  return alive;
}

}  // namespace backcast::store
