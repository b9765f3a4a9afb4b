// Death by age. A survival curve forgets how old bytes are; where data is compacted or rotated, age
// is what decides. Here the volumes of every backup are known, and the bytes that die between two
// of them are shared out over all ages: a byte of age g dies at the hazard theta g^-exponent, where
// theta makes the sum come out. Exponent 0 strikes all ages alike, a large one the youngest first.
#pragma once

#include <vector>

#include "sim/fit/history.h"
#include "sim/model/delta_model.h"

namespace backcast::sim {

struct AgeLaw {
  double exponent = 0;   // 0..60
  double first_age = 1;  // age, in backups, of the bytes that the first backup found; > 0
};

// What is alive of each backup's new bytes, oldest first; all as stored. Costs one pass over the
// backups per step.
class Cohorts {
 public:
  // `alive[c]`: bytes that backup c added and that the newest, alive.size() - 1, still has.
  Cohorts(const AgeLaw& law, std::vector<double> alive);
  void advance(double size_bytes, double new_bytes);

  std::size_t backups() const { return alive_.size(); }
  // Bytes of the newest backup that backup a had already.
  double shared_with(std::size_t a) const;
  // The same for every a, ascending.
  std::vector<double> shared_with_all() const;

 private:
  double hazard(std::size_t cohort) const;
  double busyness(const std::vector<double>& hazards, double dead_bytes) const;

  AgeLaw law_;
  std::vector<double> alive_, hazard_by_age_;
};

// The law whose lost bytes come nearest to those seen, by least squares on the logarithms of the
// sums per gap, over the last 365 backups.
AgeLaw fit_age_law(const ObservedHistory& history);

}  // namespace backcast::sim
