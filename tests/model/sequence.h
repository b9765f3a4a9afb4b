// A sequence of steps as a value: drawn from a seed, written as text, read back, and made shorter.
//
//   world:7 edit:83 backup:17 &prune:4!kill@12 check:9
//
// The number after a verb seeds its options; "&" begins it while the step before is at work, with
// the calls of both interleaved; "!fault@n" strikes at mutating call n of that step.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace backcast::model {

enum class Verb : std::uint8_t {
  kEdit,
  kClock,
  kBackup,
  kForget,
  kPrune,
  kCheck,
  kRepair,
  kRestore,
  kCopy,
  kRotate,
  kLook,  // ls, diff, dump, stats
  kDamage,
  kUnforget,
  kPolicy,
};
inline constexpr int kVerbs = 14;
const char* name_of(Verb verb);

enum class Strike : std::uint8_t {
  kNone,
  kKill,
  kKillHalfway,
  kPowerCut,
  kIoError,
  kNoSpace,
  kFull,
  kDropSync,
};
inline constexpr int kStrikes = 8;
const char* name_of(Strike strike);

struct Step {
  Verb verb = Verb::kEdit;
  std::uint32_t seed = 0;
  Strike strike = Strike::kNone;
  std::uint32_t at = 0;    // the mutating call that is struck
  bool is_beside = false;  // runs while the step before does
  bool operator==(const Step&) const = default;
};

struct Sequence {
  std::uint32_t world = 0;  // seeds what all steps share: keys, ids, schedules
  std::vector<Step> steps;
  bool operator==(const Sequence&) const = default;
};

Sequence draw(std::uint32_t seed, std::size_t steps);
std::string to_text(const Sequence& sequence);
std::optional<Sequence> from_text(const std::string& text);

// The same with steps and faults left out for as long as `fails` holds. Calls `fails` at most
// `attempts` times.
Sequence shorten(Sequence sequence, int attempts,
                 const std::function<bool(const Sequence&)>& fails);

}  // namespace backcast::model
