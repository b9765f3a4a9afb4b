// How a service's data lives: its size over time and how busy each day is. Everything is a
// function of time alone, so a backup at any instant sees the same data under every policy that is
// compared.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/base/instant.h"
#include "sim/model/delta_model.h"
#include "sim/model/draws.h"
#include "sim/model/sizes/busy_days.h"

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
  // How the rate of growth is drawn: standard deviations of its logarithm a year, between services
  // once and for all, and of a random walk after a year. Median growth is as stated.
  double differs_per_year = 0, wanders_per_year = 0;
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
  DayNoise noise;                                             // beside its weekday
  RandomBursts random_bursts;
  // Where it has points, replication 0 is the path itself, without noise and bursts.
  Outlook outlook;
  // By time; replaces weekdays and noise, linear in between, and goes on at its mean pace.
  std::vector<BusyPoint> recorded_busy;
  std::vector<Burst> bursts;  // by time
  Duration rewrite_every{0};  // periodic full or partial rewrite
  Duration rewrite_first{0};  // after the start, at most rewrite_every; 0: that long
  double rewrite_share = 0;
};

// Whether sizes differ between replications.
bool draws_size(const Workload& workload);

// Live data at t where nothing of it is drawn, before compression. Rounded down to whole bytes.
std::uint64_t size_at(const Workload& workload, Instant start, Instant t);

// What one instant means to every service that shares growth, bursts and weekdays, whatever its
// size: worked out once and used for all of them.
struct Moment {
  double days = 0;                         // since the start
  double compounded = 1, season = 1;       // factors of the size
  double added_bytes = 0;                  // steps and bursts
  double recorded_bytes = -1;              // replaces the initial size; below 0: nothing recorded
  double busy_days = 0;                    // operational time of an even life
  std::int64_t day = 0;                    // days since 1970
  double day_share = 0, day_factor = 0;    // how much of that day is over, how busy its weekday is
  std::uint32_t bursts = 0, rewrites = 0;  // so far
};
Moment moment_at(const Workload& workload, Instant start, Instant t);
// Moment::compounded of such a growth, so many days after the start.
double compounded_growth(const Growth& growth, double days);

// The life of one service's data: turns moments into what a backup sees. Remembers what it worked
// out, so it is cheap to ask often; moments may come in any order.
class Life {
 public:
  Life() = default;
  // Forgets the life before. The workload must outlive it; `curve` turns bursts into operational
  // time: after a burst the share 1 - rewritten_share of the bytes is still alive.
  void begin(const Workload& workload, const SurvivalCurve& curve, Instant start, Draws draws,
             std::uint32_t entity);

  // Live data, before compression, rounded down to whole bytes.
  std::uint64_t size_bytes(const Moment& moment);
  // What a backup of that moment sees; ordinal is left 0.
  Generation at(const Moment& moment);

 private:
  double drawn_days(const Moment& moment);
  double factor_of(std::int64_t day) const;
  void begin_outlook();
  double lulled_days(double from_days, double to_days) const;
  void append_day();
  double rewritten_days(std::uint32_t rewrites);
  double next_noise(std::int64_t day);
  double change_factor(double days) const;
  double change_between(double from_days, double to_days) const;
  double size_at(const Moment& moment);
  double drawn_growth(const Moment& moment);

  const Workload* workload_ = nullptr;
  const SurvivalCurve* curve_ = nullptr;
  Draws draws_;
  std::uint32_t entity_ = 0;
  bool draws_days_ = false;   // some of what makes a day busy is drawn
  bool scatters_ = false;     // by noise and bursts
  bool has_outlook_ = false;  // and this replication is not its path
  double lull_left_days_ = 0;
  double size_deviation_ = 0, change_deviation_ = 0;
  std::vector<double> change_factors_;  // at the outlook's points: of operational time
  double noise_scale_ = 1, noise_deviation_ = 0;
  double pace_ = 1;  // of days beside their noise and bursts
  double rewrite_advance_ = 0;
  std::vector<double> rewritten_days_;  // operational time of the first so many rewrites
  double growth_rate_ = 0;              // beside the stated one, as far as it was drawn
  std::vector<double> day_growth_;      // logarithms of the size against the path, as days begin
  std::vector<double> burst_advances_;  // sums of the first so many
  std::int64_t first_day_ = 0;
  double first_day_share_ = 0;
  std::vector<double> day_begins_;  // operational time since first_day_ began, at each day's begin
  std::vector<double> day_pace_;
};

// What a backup of that instant sees in a life without noise.
Generation generation_at(const Workload& workload, const SurvivalCurve& curve, Instant start,
                         Instant t);

}  // namespace backcast::sim
