#include "engine/service/held.h"

namespace backcast::service {

using control::Id;

void Held::put(Id vault, Id backup, std::uint64_t size_bytes) {
  set(vault, backup, size_bytes);
}

void Held::remove(Id vault, Id backup) {
  set(vault, backup, std::nullopt);
}

std::uint64_t Held::total_bytes(Id vault) const {
  const auto found = vaults_.find(vault);
  return found == vaults_.end() ? 0 : found->second.total_bytes;
}

std::uint64_t Held::bytes_of(Id vault, const std::vector<Id>& backups) const {
  const auto found = vaults_.find(vault);
  if (found == vaults_.end()) return 0;
  std::uint64_t bytes = 0;
  for (const Id backup : backups) {
    const auto size = found->second.sizes.find(backup);
    if (size != found->second.sizes.end()) bytes += size->second;
  }
  return bytes;
}

void Held::roll_back() {
  const std::vector<Change> changes = std::move(undo_);
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    set(change->vault, change->backup, change->was_bytes);
  }
  undo_.clear();
}

void Held::set(Id vault, Id backup, std::optional<std::uint64_t> size_bytes) {
  Vault& place = vaults_[vault];
  const auto known = place.sizes.find(backup);
  const auto was_bytes = known == place.sizes.end() ? std::nullopt : std::optional(known->second);
  undo_.push_back({vault, backup, was_bytes});
  place.total_bytes += size_bytes.value_or(0) - was_bytes.value_or(0);  // modulo 2^64, exact
  if (size_bytes) {
    place.sizes[backup] = *size_bytes;
  } else if (was_bytes) {
    place.sizes.erase(known);
  }
}

}  // namespace backcast::service
