#include "sim/vault.h"

#include <algorithm>

namespace backcast::sim {
namespace {

std::string reason_text(const policy::RetentionPolicy& policy, const policy::Plan& plan,
                        std::size_t index) {
  std::string text;
  for (const policy::Reason& reason : plan.reasons_of(index)) {
    if (!text.empty()) text += "; ";
    text += policy::to_text(policy, reason);
  }
  return text;
}

}  // namespace

Vault::Vault(const Scenario& scenario, std::uint32_t service, std::string region,
             std::vector<UsageRecord>& usage)
    : scenario_(scenario),
      service_(service),
      region_(std::move(region)),
      usage_(usage),
      chain_(scenario.services[service].delta) {
  const Service& owner = scenario_.services[service_];
  leftover_.kind = UsageKind::kStorage;
  leftover_.project = scenario_.projects[owner.project].name;
  leftover_.service = owner.name;
  leftover_.region = region_;
  leftover_.storage_class = owner.store.storage_class;
  leftover_.backup_kind = region_ == owner.region ? "automatic" : "copy";
  stored_.kind = SeriesKind::kStoredBytes;
  stored_.service = service_;
  stored_.project = leftover_.project;
  stored_.region = region_;
  stored_.points.push_back({scenario_.start, 0});
}

std::size_t Vault::place_of(std::uint32_t backup) const {
  for (std::size_t i = held_.size(); i-- > 0;) {
    if (held_[i].backup == backup) return i;
  }
  BACKCAST_ASSERT(false);
  return 0;
}

DeltaChain::Added Vault::reserve(std::uint32_t backup, const Generation& generation) {
  const DeltaChain::Added added = chain_.add(generation);
  const auto after = std::upper_bound(ordinals_.begin(), ordinals_.end(), generation.ordinal);
  const auto place = after - ordinals_.begin();
  ordinals_.insert(after, generation.ordinal);
  Held held;
  held.backup = backup;
  held.handle = added.handle;
  held_.insert(held_.begin() + place, std::move(held));
  return added;
}

void Vault::open(Held& held, const BackupRecord& record, Instant now) const {
  held.open = leftover_;
  held.open.start = held.open.end = now;
  held.open.born = record.of_history ? record.born : now;
  held.open.quantity = 0;
  held.open.backup_kind = record.kind;
  held.open.backup = record.id;
  held.open.tags = record.tags;
}

void Vault::arrive(std::uint32_t backup, BackupRecord& record, policy::Snapshot snapshot,
                   const policy::RetentionPolicy* birth, Instant now) {
  const std::size_t place = place_of(backup);
  Held& held = held_[place];
  if (steps_ != nullptr) steps_->push_back({now, number_, backup, ordinals_[place], true});
  held.available = true;
  held.birth = birth;
  held.snapshot = std::move(snapshot);
  open(held, record, now);
  rebalance(place, now);
  if (place + 1 < held_.size()) rebalance(place + 1, now);
  rebalance_leftover(now);
  note_stored(now);
  record.added_bytes = held.open.quantity;
}

void Vault::adopt(std::uint32_t backup, const BackupRecord& record, const Generation& generation,
                  policy::Snapshot snapshot, const policy::RetentionPolicy* birth, Instant now) {
  reserve(backup, generation);
  Held& held = held_.back();
  BACKCAST_ASSERT(held.backup == backup);
  held.available = true;
  held.birth = birth;
  held.snapshot = std::move(snapshot);
  open(held, record, now);
}

void Vault::settle(Instant now) {
  for (std::size_t place = 0; place < held_.size(); ++place) rebalance(place, now);
  rebalance_leftover(now);
  note_stored(now);
}

void Vault::release(Held& held, BackupRecord& record, Instant now) {
  const std::uint64_t before = chain_.stored_bytes();
  chain_.remove(held.handle);
  const std::uint64_t after = chain_.stored_bytes();
  record.freed_bytes = held.available && before > after ? before - after : 0;
  if (!held.available) return;
  open_bytes_ -= held.open.quantity;
  if (steps_ != nullptr) {
    const std::uint32_t ordinal = ordinals_[static_cast<std::size_t>(&held - held_.data())];
    steps_->push_back({now, number_, held.backup, ordinal, false});
  }
  close(held.open, now);
  // What others still share goes on being stored: a fee for early deletion is due on the rest.
  UsageRecord deletion = held.open;
  deletion.kind = UsageKind::kDeletion;
  deletion.start = *held.open.born;
  deletion.end = now;
  deletion.quantity = record.freed_bytes;
  usage_.push_back(std::move(deletion));
}

void Vault::remove(std::uint32_t backup, BackupRecord& record, Instant now) {
  const std::size_t place = place_of(backup);
  const bool was_there = held_[place].available;
  release(held_[place], record, now);
  held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(place));
  ordinals_.erase(ordinals_.begin() + static_cast<std::ptrdiff_t>(place));
  if (place < held_.size()) rebalance(place, now);
  rebalance_leftover(now);
  if (was_there) note_stored(now);
}

void Vault::remove(const std::vector<Doomed>& doomed, std::vector<BackupRecord>& records,
                   Instant now) {
  auto next = doomed.begin();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < held_.size(); ++i) {
    if (next != doomed.end() && next->backup == held_[i].backup) {
      release(held_[i], records[next->backup], now);
      ++next;
      continue;
    }
    if (kept != i) {
      held_[kept] = std::move(held_[i]);
      ordinals_[kept] = ordinals_[i];
    }
    ++kept;
  }
  BACKCAST_ASSERT(next == doomed.end());
  held_.resize(kept);
  ordinals_.resize(kept);
  settle(now);
}

void Vault::close(UsageRecord& open, Instant now) {
  if (open.quantity == 0 || open.start >= now) return;
  open.end = now;
  usage_.push_back(open);
}

std::uint64_t Vault::objects_in(std::uint64_t bytes) const {
  const std::uint64_t object_bytes = scenario_.services[service_].store.object_bytes;
  return object_bytes == 0 ? 0 : bytes / object_bytes + (bytes % object_bytes != 0 ? 1 : 0);
}

void Vault::rebalance(std::size_t place, Instant now) {
  Held& held = held_[place];
  if (!held.available) return;
  const std::uint64_t own_bytes = chain_.own_bytes(held.handle);
  if (own_bytes == held.open.quantity) return;
  close(held.open, now);
  held.open.start = now;
  open_bytes_ += own_bytes - held.open.quantity;
  held.open.quantity = own_bytes;
  held.open.objects = objects_in(own_bytes);
}

void Vault::rebalance_leftover(Instant now) {
  const std::uint64_t bytes = chain_.leftover_bytes();
  if (bytes == leftover_.quantity) return;
  close(leftover_, now);
  leftover_.start = now;
  leftover_.quantity = bytes;
  leftover_.objects = objects_in(bytes);
}

void Vault::note_stored(Instant now) {
  const std::uint64_t bytes = leftover_.quantity + open_bytes_;
  if (stored_.points.back().at == now) {
    stored_.points.back().value = bytes;
  } else if (stored_.points.back().value != bytes) {
    stored_.points.push_back({now, bytes});
  }
}

policy::Point Vault::point_of(const policy::RetentionPolicy& policy, const Held& held,
                              const policy::Snapshot& snapshot) const {
  policy::Point point = policy::to_point(policy, snapshot);
  if (chain_.is_increment(held.handle)) point.marks |= policy::kMarkIncrement;
  return point;
}

std::vector<Vault::Doomed> Vault::doomed(const policy::RetentionPolicy& policy, Instant now) const {
  std::vector<policy::Point> points;
  std::vector<std::uint32_t> backups;
  for (const Held& held : held_) {
    if (!held.available) continue;
    points.push_back(point_of(policy, held, held.snapshot));
    backups.push_back(held.backup);
  }
  policy::Plan plan;
  policy::plan(policy, points, {now, scenario_.services[service_].zone}, plan);
  std::vector<Doomed> doomed;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!plan.verdicts[i].keep) doomed.push_back({backups[i], reason_text(policy, plan, i)});
  }
  return doomed;
}

std::uint64_t Vault::freed_by_retention(const policy::RetentionPolicy& policy,
                                        const policy::Snapshot& newcomer, Instant now) const {
  std::vector<policy::Point> points;
  std::vector<DeltaChain::Handle> handles;
  for (const Held& held : held_) {
    // In a home vault nothing but the newcomer has room without being there.
    points.push_back(point_of(policy, held, held.available ? held.snapshot : newcomer));
    handles.push_back(held.handle);
  }
  policy::Plan plan;
  policy::plan(policy, points, {now, scenario_.services[service_].zone}, plan);
  DeltaChain after = chain_;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!plan.verdicts[i].keep) after.remove(handles[i]);
  }
  return chain_.stored_bytes() - after.stored_bytes();
}

std::vector<Vault::Doomed> Vault::expired(Instant now) const {
  std::vector<Doomed> doomed;
  for (const Held& held : held_) {
    if (!held.available || !held.snapshot.expires || *held.snapshot.expires > now) continue;
    if (held.birth == nullptr) {  // of a history, which says when but not why
      if (!scenario_.services[service_].retention) {
        doomed.push_back({held.backup, "expired " + format_instant(*held.snapshot.expires) +
                                           ", as its history says"});
      }
      continue;
    }
    const policy::Point point = policy::to_point(*held.birth, held.snapshot);
    policy::Plan plan;
    policy::plan(*held.birth, {&point, 1}, {now, policy::Zone::utc()}, plan);
    if (!plan.verdicts[0].keep) doomed.push_back({held.backup, reason_text(*held.birth, plan, 0)});
  }
  return doomed;
}

void Vault::finish(Instant end) {
  for (Held& held : held_) close(held.open, end);
  close(leftover_, end);
}

}  // namespace backcast::sim
