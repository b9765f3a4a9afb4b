#include "sim/world/vault.h"

#include <algorithm>
#include <utility>

#include "sim/model/log_thinning.h"

namespace backcast::sim {
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
  const auto place = place_in(owner, region_);
  leftover_.provider = place.book;
  leftover_.storage_class = place.storage_class;
  leftover_.tags = owner.cost_tags;
  leftover_.backup_kind = region_ == owner.region ? "automatic" : "copy";
  stored_.kind = SeriesKind::kStoredBytes;
  stored_.service = service_;
  stored_.project = leftover_.project;
  stored_.region = region_;
  stored_.points.push_back({scenario_.start, 0});
  if (owner.retention && region_ == owner.region) {
    rolling_ = policy::RollingPlan::of(*owner.retention);
  }
}

Vault::Place Vault::place_of(std::uint32_t backup) {
  const auto found = places_.find(backup);
  BACKCAST_ASSERT(found != places_.end());
  return found->second;
}

DeltaChain::Added Vault::reserve(std::uint32_t backup, const Generation& generation) {
  const DeltaChain::Added added = chain_.add(generation);
  const auto is_later = [&](const Held& held) {
    return held.generation.ordinal > generation.ordinal;
  };
  Place after = held_.end();  // usually it is the newest
  while (after != held_.begin() && is_later(*std::prev(after))) --after;
  const Place place = held_.emplace(after);
  place->backup = backup;
  place->handle = added.handle;
  place->generation = generation;
  place->first = generation.ordinal;
  if (generations_.size() <= generation.ordinal) generations_.resize(generation.ordinal + 1);
  generations_[generation.ordinal] = generation;
  if (after != held_.end() && after->first <= generation.ordinal) {
    place->first = std::exchange(after->first, generation.ordinal + 1);
  }
  places_[backup] = place;
  return added;
}

void Vault::open(Held& held, const BackupRecord& record, Instant now) {
  held.open = leftover_;
  held.open.start = held.open.end = now;
  held.open.born = record.of_history ? record.born : now;
  log_.note(held.generation.ordinal, *held.open.born);
  held.open.quantity = 0;
  held.open.backup_kind = record.kind;
  held.open.backup = record.id;
  held.open.tags = ledger_tags(scenario_.services[service_], record.tags);
}

void Vault::make_available(Held& held, policy::Snapshot snapshot,
                           const policy::RetentionPolicy* birth) {
  held.available = true;
  held.birth = birth;
  held.snapshot = std::move(snapshot);
  if (held.snapshot.expires) expiries_.insert({*held.snapshot.expires, held.backup});
  if (rolling_ == nullptr) return;
  const auto& retention = *scenario_.services[service_].retention;
  rolling_->add(held.backup, policy::to_point(retention, held.snapshot));
}

void Vault::arrive(std::uint32_t backup, BackupRecord& record, policy::Snapshot snapshot,
                   const policy::RetentionPolicy* birth, Instant now) {
  const Place place = place_of(backup);
  if (steps_ != nullptr) {
    steps_->push_back({now, number_, backup, place->generation.ordinal, true});
  }
  make_available(*place, std::move(snapshot), birth);
  open(*place, record, now);
  rebalance(*place, now);
  if (const Place next = std::next(place); next != held_.end()) rebalance(*next, now);
  rebalance_leftover(now);
  note_stored(now);
  record.added_bytes = place->open.quantity;
}

void Vault::adopt(std::uint32_t backup, const BackupRecord& record, const Generation& generation,
                  policy::Snapshot snapshot, const policy::RetentionPolicy* birth, Instant now) {
  reserve(backup, generation);
  Held& held = held_.back();
  BACKCAST_ASSERT(held.backup == backup);
  make_available(held, std::move(snapshot), birth);
  open(held, record, now);
}

void Vault::settle(Instant now) {
  for (Held& held : held_) rebalance(held, now);
  rebalance_leftover(now);
  note_stored(now);
}

// By when they were written, before the chain forgets it.
std::vector<FreedBytes> Vault::freed_parts(Place place, std::uint64_t freed_bytes, Instant now) {
  if (!scenario_.ages) {
    if (freed_bytes == 0) return {};
    return {{log_.at(place->generation.ordinal), freed_bytes}};
  }
  std::vector<FreedBytes> freed;
  const FreedParts parts = shared_parts(place, freed_bytes, now);
  for (const FreedSum& sum : parts.sums()) {
    for (const FreedBytes& part : dated(sum, now)) freed.push_back(part);
  }
  return freed;
}

FreedParts Vault::shared_parts(Place place, std::uint64_t freed_bytes, Instant now) {
  if (chain_.model().keeps_dependents()) {
    // All of it goes or nothing, and with it deleted ones that only it depended on.
    FreedParts parts(*scenario_.ages, now);
    chain_.visit_freed(place->handle, [&](std::uint32_t ordinal, std::uint64_t bytes) {
      parts.add(log_.at(ordinal), bytes);
    });
    return parts;
  }
  const Place next = std::next(place);
  const bool has_older = place != held_.begin() && shares_with_older(chain_, place->handle);
  const bool has_heir = next != held_.end() && shares_with_older(chain_, next->handle);
  const Freed freed{place->first, place->generation.ordinal,
                    has_older ? &std::prev(place)->generation : nullptr,
                    has_heir ? &next->generation : nullptr, freed_bytes};
  const FreedParts parts = freed_by_age(
      chain_.model(), *scenario_.ages, log_, freed, now,
      [&](std::uint32_t ordinal) -> const Generation& { return generations_[ordinal]; });
  if (has_heir) {
    next->first = place->first;  // goes on with what the heir needs
    thin(log_, place->first, place->generation.ordinal);
  } else {
    log_.forget(place->first, place->generation.ordinal);
  }
  return parts;
}

Vault::Place Vault::release(Place place, BackupRecord& record, Instant now) {
  Held& held = *place;
  const auto freed = held.available ? chain_.freed_if_removed(held.handle) : 0;
  record.freed_bytes = freed > 0 ? static_cast<std::uint64_t>(freed) : 0;
  if (held.available) {
    open_bytes_ -= held.open.quantity;
    if (steps_ != nullptr) {
      steps_->push_back({now, number_, held.backup, held.generation.ordinal, false});
    }
    close(held.open, now);
    // What others still share goes on being stored: a fee for early deletion is due on the rest.
    UsageRecord deletion = held.open;
    deletion.kind = UsageKind::kDeletion;
    deletion.end = now;
    for (const FreedBytes& part : freed_parts(place, record.freed_bytes, now)) {
      deletion.born = deletion.start = part.written;
      deletion.quantity = part.bytes;
      usage_.push_back(deletion);
    }
    if (held.snapshot.expires) expiries_.erase({*held.snapshot.expires, held.backup});
    if (rolling_ != nullptr) rolling_->remove(held.backup);
  }
  chain_.remove(held.handle);
  places_.erase(held.backup);
  return held_.erase(place);
}

void Vault::remove(std::uint32_t backup, BackupRecord& record, Instant now) {
  const Place place = place_of(backup);
  const bool was_there = place->available;
  const Place next = release(place, record, now);
  if (next != held_.end()) rebalance(*next, now);
  rebalance_leftover(now);
  if (was_there) note_stored(now);
}

void Vault::remove(const std::vector<Doomed>& doomed, std::vector<BackupRecord>& records,
                   Instant now) {
  std::vector<Place> heirs;
  for (const Doomed& gone : doomed) {
    const Place place = place_of(gone.backup);
    if (!heirs.empty() && heirs.back() == place) heirs.pop_back();
    const Place next = release(place, records[gone.backup], now);
    if (next != held_.end()) heirs.push_back(next);
  }
  for (const Place heir : heirs) rebalance(*heir, now);
  rebalance_leftover(now);
  note_stored(now);
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

void Vault::rebalance(Held& held, Instant now) {
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

void Vault::finish(Instant end) {
  for (Held& held : held_) close(held.open, end);
  close(leftover_, end);
}

}  // namespace backcast::sim
