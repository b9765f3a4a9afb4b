#include "sim/world/vault.h"

#include <algorithm>
#include <utility>

#include "sim/model/portable_math.h"

namespace backcast::sim {

Vault::Vault(Stage& stage, std::uint32_t service, std::string region)
    : stage_(stage), service_(service), region_(std::move(region)), chain_(owner().delta) {
  stored_.kind = SeriesKind::kStoredBytes;
  stored_.service = service_;
  stored_.project = stage_.scenario.projects[owner().project].name;
  stored_.region = region_;
  stored_.points.push_back({stage_.scenario.start, 0});
  follow_policy();
}

void Vault::follow_policy() {
  rolling_.reset();
  if (!retention() || region_ != owner().region) return;
  rolling_ = policy::RollingPlan::of(*retention());
  if (rolling_ == nullptr) return;
  for (const Held& held : held_) {
    if (held.available) rolling_->add(held.backup, policy::to_point(*retention(), held.snapshot));
  }
}

Vault::Place Vault::place_of(std::uint32_t backup) {
  const auto found = places_.find(backup);
  BACKCAST_ASSERT(found != places_.end());
  return found->second;
}

DeltaChain::Added Vault::reserve(std::uint32_t backup, const Generation& generation) {
  const std::uint64_t there_bytes = there_already(generation);
  DeltaChain::Added added = chain_.add(generation);
  if (there_bytes > 0) {
    added.moved_bytes -= there_bytes;
    elsewhere_bytes_ = there_bytes;
  }
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

void Vault::make_available(Held& held, policy::Snapshot snapshot, const PolicyPlace& birth) {
  held.available = true;
  held.birth = birth;
  held.snapshot = std::move(snapshot);
  if (held.snapshot.expires) expiries_.insert({*held.snapshot.expires, held.backup});
  if (rolling_ == nullptr) return;
  rolling_->add(held.backup, policy::to_point(*retention(), held.snapshot));
}

void Vault::arrive(std::uint32_t backup, policy::Snapshot snapshot, const PolicyPlace& birth) {
  const Place place = place_of(backup);
  if (steps_ != nullptr) {
    steps_->push_back({stage_.now(), number_, backup, place->generation.ordinal, true});
  }
  make_available(*place, std::move(snapshot), birth);
  log_.note(place->generation.ordinal, stage_.now());
  rebalance(*place);
  rebalance_heirs(std::next(place));
  note_changes();
  stage_.journal.backup(backup).added_bytes = place->bytes;
}

void Vault::adopt(std::uint32_t backup, const Generation& generation, policy::Snapshot snapshot,
                  const PolicyPlace& birth) {
  reserve(backup, generation);
  Held& held = held_.back();
  BACKCAST_ASSERT(held.backup == backup);
  make_available(held, std::move(snapshot), birth);
  log_.note(generation.ordinal, stage_.journal.backup(backup).born);
}

void Vault::settle() {
  for (Held& held : held_) rebalance(held);
  note_changes();
}

void Vault::join(CommonPart& part, CommonPart::Holder number, double drift_per_day) {
  part_ = &part;
  holder_ = number;
  drift_per_day_ = drift_per_day;
  const Instant start = stage_.scenario.start;
  first_bytes_ = generation_at(owner().workload, chain_.model().curve, start, start).size_bytes;
}

const Vault::Held* Vault::oldest() const {
  const auto found =
      std::find_if(held_.begin(), held_.end(), [](const Held& held) { return held.available; });
  return found == held_.end() ? nullptr : &*found;
}

// What has not drifted by then and is still alive, as far as it has room for it.
std::uint64_t Vault::common_bytes(const Held* held) const {
  if (part_ == nullptr || held == nullptr) return 0;
  const double days = std::max(held->generation.operational_time, 0.0);
  const double left = static_cast<double>(part_->bytes()) * portable_exp(-drift_per_day_ * days);
  const double alive = static_cast<double>(first_bytes_) * chain_.model().curve.alive(days);
  return std::min(static_cast<std::uint64_t>(std::min(left, alive)),
                  chain_.model().full_bytes(held->generation));
}

std::uint64_t Vault::there_already(const Generation& generation) const {
  if (part_ == nullptr || !held_.empty()) return 0;
  Held newcomer;
  newcomer.generation = generation;
  return part_->elsewhere_if_joined(common_bytes(&newcomer));
}

// Of the common bytes that go with the restore point, what others have as well.
std::uint64_t Vault::kept_by_others(Place place) const {
  if (part_ == nullptr || &*place != oldest()) return 0;
  std::list<Held>::const_iterator next = std::next(place);
  while (next != held_.end() && !next->available) ++next;
  const std::uint64_t before = common_bytes(&*place);
  const std::uint64_t after = common_bytes(next == held_.end() ? nullptr : &*next);
  return part_->kept_by_others(holder_, before - std::min(before, after));
}

void Vault::note_changes() {
  rebalance_leftover();
  if (part_ != nullptr) {
    if (oldest() == nullptr && held_.empty()) elsewhere_bytes_ = 0;
    part_->holds(holder_, common_bytes(oldest()));
    for (Held& held : held_) rebalance(held);
  }
  note_stored();
}

void Vault::count_elsewhere(std::uint64_t bytes) {
  elsewhere_bytes_ = bytes;
  for (Held& held : held_) {
    if (held.available) {
      rebalance(held);
      break;
    }
  }
  note_stored();
}

// By when they were written, before the chain forgets it.
std::vector<FreedBytes> Vault::freed_parts(Place place, std::uint64_t freed_bytes) {
  if (!stage_.scenario.ages) {
    if (freed_bytes == 0) return {};
    return {{log_.at(place->generation.ordinal), freed_bytes}};
  }
  std::vector<FreedBytes> freed;
  const FreedParts parts = shared_parts(place, freed_bytes);
  for (const FreedSum& sum : parts.sums()) {
    for (const FreedBytes& part : dated(sum, stage_.now())) freed.push_back(part);
  }
  return freed;
}

FreedParts Vault::shared_parts(Place place, std::uint64_t freed_bytes) {
  const Instant now = stage_.now();
  if (chain_.model().keeps_dependents()) {
    // All of it goes or nothing, and with it deleted ones that only it depended on.
    FreedParts parts(*stage_.scenario.ages, now);
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
      chain_.model(), *stage_.scenario.ages, log_, freed, now,
      [&](std::uint32_t ordinal) -> const Generation& { return generations_[ordinal]; });
  if (has_heir) {
    next->first = place->first;  // goes on with what the heir needs
    log_.thin(place->first, place->generation.ordinal);
  } else {
    log_.forget(place->first, place->generation.ordinal);
  }
  return parts;
}

Vault::Place Vault::release(Place place) {
  Held& held = *place;
  const Instant now = stage_.now();
  BackupRecord& record = stage_.journal.backup(held.backup);
  const auto freed = held.available ? chain_.freed_if_removed(held.handle) : 0;
  record.freed_bytes = freed > 0 ? static_cast<std::uint64_t>(freed) : 0;
  record.freed_bytes -= std::min(record.freed_bytes, kept_by_others(place));
  if (held.available) {
    held_bytes_ -= held.bytes;
    if (steps_ != nullptr) {
      steps_->push_back({now, number_, held.backup, held.generation.ordinal, false});
    }
    tell(&held, held.since, held.bytes);
    for (const FreedBytes& part : freed_parts(place, record.freed_bytes)) {
      stage_.journal.ledger().freed(owner(), record, held.bytes, part.written, now, part.bytes);
    }
    if (held.snapshot.expires) expiries_.erase({*held.snapshot.expires, held.backup});
    if (rolling_ != nullptr) rolling_->remove(held.backup);
  }
  chain_.remove(held.handle);
  places_.erase(held.backup);
  return held_.erase(place);
}

void Vault::remove(std::uint32_t backup) {
  const Place place = place_of(backup);
  const bool was_there = place->available;
  const Place next = release(place);
  rebalance_heirs(next);
  if (was_there) {
    note_changes();
  } else {
    rebalance_leftover();
    if (held_.empty()) elsewhere_bytes_ = 0;  // others had some of what it was to write
  }
}

void Vault::remove(const std::vector<Doomed>& doomed) {
  std::vector<Place> heirs;
  for (const Doomed& gone : doomed) {
    const Place place = place_of(gone.backup);
    if (!heirs.empty() && heirs.back() == place) heirs.pop_back();
    const Place next = release(place);
    if (next != held_.end()) heirs.push_back(next);
  }
  for (const Place heir : heirs) rebalance_heirs(heir);
  note_changes();
}

void Vault::tell(const Held* held, Instant since, std::uint64_t bytes) {
  const BackupRecord* backup = held == nullptr ? nullptr : &stage_.journal.backup(held->backup);
  stage_.journal.ledger().held(owner(), region_, backup, since, stage_.now(), bytes);
}

void Vault::rebalance(Held& held) {
  if (!held.available) return;
  std::uint64_t own_bytes = chain_.own_bytes(held.handle);
  if (elsewhere_bytes_ > 0 && &held == oldest()) own_bytes -= std::min(own_bytes, elsewhere_bytes_);
  if (own_bytes == held.bytes) return;
  tell(&held, held.since, held.bytes);
  held.since = stage_.now();
  held_bytes_ += own_bytes - held.bytes;
  held.bytes = own_bytes;
}

// After a restore point came or went: the next one, or, where a presence table says which hold its
// bytes, any that is newer.
void Vault::rebalance_heirs(Place next) {
  if (next == held_.end()) return;
  rebalance(*next);
  if (chain_.model().presence == nullptr) return;
  for (Place heir = std::next(next); heir != held_.end(); ++heir) rebalance(*heir);
}

void Vault::rebalance_leftover() {
  const std::uint64_t bytes = chain_.leftover_bytes();
  if (bytes == leftover_bytes_) return;
  tell(nullptr, leftover_since_, leftover_bytes_);
  leftover_since_ = stage_.now();
  leftover_bytes_ = bytes;
}

void Vault::note_stored() {
  const std::uint64_t bytes = leftover_bytes_ + held_bytes_;
  if (stored_.points.back().at == stage_.now()) {
    stored_.points.back().value = bytes;
  } else if (stored_.points.back().value != bytes) {
    stored_.points.push_back({stage_.now(), bytes});
  }
}

void Vault::finish() {
  for (const Held& held : held_) tell(&held, held.since, held.bytes);
  tell(nullptr, leftover_since_, leftover_bytes_);
}

}  // namespace backcast::sim
