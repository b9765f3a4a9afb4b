// What the vaults hold, in memory, in step with the transactions of the catalogue.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/control/outside/outside.h"

namespace backcast::service {

class Held {
 public:
  void put(control::Id vault, control::Id backup, std::uint64_t size_bytes);
  void remove(control::Id vault, control::Id backup);
  std::uint64_t total_bytes(control::Id vault) const;
  std::uint64_t bytes_of(control::Id vault, const std::vector<control::Id>& backups) const;

  void commit() { undo_ = {}; }
  void roll_back();  // all since the last commit

 private:
  struct Vault {
    std::unordered_map<control::Id, std::uint64_t> sizes;
    std::uint64_t total_bytes = 0;
  };
  struct Change {
    control::Id vault, backup;
    std::optional<std::uint64_t> was_bytes;
  };
  void set(control::Id vault, control::Id backup, std::optional<std::uint64_t> size_bytes);

  std::unordered_map<control::Id, Vault> vaults_;
  std::vector<Change> undo_;
};

}  // namespace backcast::service
