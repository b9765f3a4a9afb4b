// How a service's data lives: its size over time and how busy each day is. Everything is a
// function of time alone, so a backup at any instant sees the same data under every policy that is
// compared.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/base/instant.h"
#include "sim/delta_model.h"

namespace backcast::sim {

struct SizePoint {
  Instant at{};
  std::uint64_t size_bytes = 0;
};

struct SizeStep {
  Instant at{};
  std::int64_t change_bytes = 0;
};

// The parts add up: (recorded or initial size, compounded, seasonal) + linear + steps, never
// below 0.
struct Growth {
  std::int64_t bytes_per_day = 0;
  double share_per_year = 0;    // compounding; a year is 365.25 days
  double season_amplitude = 0;  // share of the size at the peak, -share at the trough
  Duration season_period{0};
  Instant season_peak{};
  std::vector<SizeStep> steps;      // by time
  std::vector<SizePoint> recorded;  // by time; replaces the initial size, linear in between
};

// Data rewritten at one moment: ransomware, reindexing, compaction, migration.
struct Burst {
  Instant at{};
  double rewritten_share = 0;    // of the data alive, 0..1
  std::int64_t added_bytes = 0;  // raw bytes, stay from then on
};

struct Workload {
  std::uint64_t size_bytes = 0;  // live data at the start, before compression
  std::uint64_t disk_bytes = 0;  // disk in use at the start, grows as the data does
  double stored_share = 1;       // size of a full backup divided by the live data
  Growth growth;
  std::array<double, 7> weekday_factor{1, 1, 1, 1, 1, 1, 1};  // Monday first; how busy a day is
  std::vector<Burst> bursts;                                  // by time
  Duration rewrite_every{0};                                  // periodic full or partial rewrite
  double rewrite_share = 0;
};

// Live data at t, before compression. Rounded down to whole bytes.
std::uint64_t size_at(const Workload& workload, Instant start, Instant t);

// What a backup of that instant sees. `curve` turns bursts into operational time: after a burst
// the share 1 - rewritten_share of the bytes is still alive. Ordinal is left 0.
Generation generation_at(const Workload& workload, const SurvivalCurve& curve, Instant start,
                         Instant t);

}  // namespace backcast::sim
