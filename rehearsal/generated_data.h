// Real files whose bytes live and die by the law of a simulated workload: what a rehearsal backs up
// where no data is given.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/env/env.h"
#include "sim/model/delta_model.h"
#include "sim/model/draws.h"

namespace backcast::sim {

// One file per block, random bytes in it. Each block belongs to one of the curve's three rates, by
// its weight, and dies between two generations with the probability that rate gives to the
// operational time between them; what dies is written anew, and growth adds blocks. So the share
// of blocks that live through x units of operational time is R(x) in expectation.
class GeneratedData {
 public:
  static constexpr std::uint64_t kBlockBytes = 32 << 10;

  // Writes beneath `folder`, which must be empty. `entity` keeps the draws of services apart.
  GeneratedData(env::Folder& folder, const DeltaModel& model, Draws draws, std::uint32_t entity);

  // Brings the files to a later generation: `stored_bytes` in all, rounded to whole blocks.
  // Errors: of the folder.
  Status advance(double operational_time, std::uint64_t stored_bytes);

  std::uint64_t blocks() const { return blocks_.size(); }

 private:
  struct Block {
    std::uint64_t content = 0;  // which random bytes
    std::uint8_t rate = 0;      // 0..2: of the curve
  };

  Status write(std::size_t block);
  Block new_block();
  double survives(std::uint8_t rate, double passed) const;

  env::Folder& folder_;
  DeltaModel model_;
  Draws draws_;
  std::uint32_t entity_;
  std::vector<Block> blocks_;
  double time_ = 0;
  std::uint64_t drawn_ = 0, contents_ = 0;
};

}  // namespace backcast::sim
