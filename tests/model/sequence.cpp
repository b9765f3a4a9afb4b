#include "tests/model/sequence.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

namespace backcast::model {
namespace {

struct Weight {
  Verb verb;
  unsigned weight;
  bool may_be_beside;  // runs as a process of its own
};
constexpr std::array<Weight, kVerbs> kWeights{{{Verb::kEdit, 22, false},
                                               {Verb::kClock, 8, false},
                                               {Verb::kBackup, 24, true},
                                               {Verb::kForget, 11, true},
                                               {Verb::kPrune, 12, true},
                                               {Verb::kCheck, 5, true},
                                               {Verb::kRepair, 4, true},
                                               {Verb::kRestore, 5, true},
                                               {Verb::kCopy, 5, true},
                                               {Verb::kRotate, 1, false},
                                               {Verb::kLook, 5, true},
                                               {Verb::kDamage, 8, false},
                                               {Verb::kUnforget, 7, true},
                                               {Verb::kPolicy, 4, false}}};

constexpr std::array<const char*, kVerbs> kVerbNames{
    "edit",    "clock", "backup", "forget", "prune",  "check",    "repair",
    "restore", "copy",  "rotate", "look",   "damage", "unforget", "policy"};
constexpr std::array<const char*, kStrikes> kStrikeNames{"none", "kill",    "half", "power",
                                                         "io",   "nospace", "full", "dropsync"};

const Weight& weight_of(Verb verb) {
  return kWeights[static_cast<std::size_t>(verb)];
}

template <typename Names>
std::optional<std::size_t> number_of(const Names& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

std::optional<std::uint32_t> number(const std::string& text) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

// Damage only where it is asked for: most of what is promised is promised without.
Verb draw_verb(std::mt19937_64& random, bool beside, bool with_damage) {
  for (;;) {
    unsigned total = 0;
    for (const Weight& weight : kWeights) total += weight.weight;
    auto left = static_cast<unsigned>(random() % total);
    for (const Weight& weight : kWeights) {
      if (left < weight.weight) {
        if (beside && !weight.may_be_beside) break;
        if (weight.verb == Verb::kDamage && !with_damage) break;
        return weight.verb;
      }
      left -= weight.weight;
    }
  }
}

std::optional<Step> step_from(std::string word) {
  Step step;
  if (word.starts_with('&')) {
    step.is_beside = true;
    word.erase(0, 1);
  }
  if (const std::size_t mark = word.find('!'); mark != std::string::npos) {
    const std::string strike = word.substr(mark + 1);
    const std::size_t at = strike.find('@');
    if (at == std::string::npos) return std::nullopt;
    const auto kind = number_of(kStrikeNames, strike.substr(0, at));
    const auto call = number(strike.substr(at + 1));
    if (!kind || !call) return std::nullopt;
    step.strike = static_cast<Strike>(*kind);
    step.at = *call;
    word.erase(mark);
  }
  const std::size_t colon = word.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto verb = number_of(kVerbNames, word.substr(0, colon));
  const auto seed = number(word.substr(colon + 1));
  if (!verb || !seed) return std::nullopt;
  step.verb = static_cast<Verb>(*verb);
  step.seed = *seed;
  return step;
}

}  // namespace

const char* name_of(Verb verb) {
  return kVerbNames[static_cast<std::size_t>(verb)];
}
const char* name_of(Strike strike) {
  return kStrikeNames[static_cast<std::size_t>(strike)];
}

Sequence draw(std::uint32_t seed, std::size_t steps) {
  std::mt19937_64 random(seed);
  Sequence sequence{seed, {}};
  std::size_t actors = 1;
  for (std::size_t i = 0; i < steps; ++i) {
    Step step;
    const bool after_actor =
        !sequence.steps.empty() && weight_of(sequence.steps.back().verb).may_be_beside;
    step.is_beside = after_actor && actors < 4 && random() % 4 == 0;
    actors = step.is_beside ? actors + 1 : 1;
    // Half of all damage is repaired at once, before anything else could go round it.
    const bool after_damage = i > 0 && sequence.steps.back().verb == Verb::kDamage;
    step.verb = after_damage && random() % 2 == 0
                    ? Verb::kRepair
                    : draw_verb(random, step.is_beside, seed % 3 == 0);
    step.seed = static_cast<std::uint32_t>(random() % 10'000);
    const bool acts = weight_of(step.verb).may_be_beside || step.verb == Verb::kRotate;
    if (acts && random() % 4 == 0) {
      step.strike = static_cast<Strike>(1 + random() % (kStrikes - 1));
      step.at = static_cast<std::uint32_t>(random() % (4u << (random() % 5)));
    }
    sequence.steps.push_back(step);
  }
  return sequence;
}

std::string to_text(const Sequence& sequence) {
  std::string text = fmt::format("world:{}", sequence.world);
  for (const Step& step : sequence.steps) {
    text += fmt::format(" {}{}:{}", step.is_beside ? "&" : "", name_of(step.verb), step.seed);
    if (step.strike != Strike::kNone) text += fmt::format("!{}@{}", name_of(step.strike), step.at);
  }
  return text;
}

std::optional<Sequence> from_text(const std::string& text) {
  Sequence sequence;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (word.starts_with("world:")) {
      const auto world = number(word.substr(6));
      if (!world) return std::nullopt;
      sequence.world = *world;
      continue;
    }
    const auto step = step_from(word);
    if (!step) return std::nullopt;
    sequence.steps.push_back(*step);
  }
  return sequence;
}

Sequence shorten(Sequence sequence, int attempts,
                 const std::function<bool(const Sequence&)>& fails) {
  const auto try_it = [&](Sequence candidate) {
    if (attempts-- <= 0 || candidate == sequence || !fails(candidate)) return false;
    sequence = std::move(candidate);
    return true;
  };
  // Halves, quarters, … single steps, from the end: what comes after the failure is of no use.
  for (std::size_t size = (sequence.steps.size() + 1) / 2; size > 0 && attempts > 0;) {
    bool shorter = false;
    for (std::size_t end = sequence.steps.size(); end > 0 && attempts > 0;) {
      const std::size_t begin = end > size ? end - size : 0;
      Sequence candidate = sequence;
      candidate.steps.erase(candidate.steps.begin() + static_cast<std::ptrdiff_t>(begin),
                            candidate.steps.begin() + static_cast<std::ptrdiff_t>(end));
      shorter |= try_it(std::move(candidate));
      end = begin;
    }
    if (size == 1 && !shorter) break;
    size = std::max<std::size_t>(size / 2, 1);
  }
  for (std::size_t i = 0; i < sequence.steps.size(); ++i) {
    Sequence calm = sequence, alone = sequence;
    calm.steps[i].strike = Strike::kNone;
    calm.steps[i].at = 0;
    if (try_it(calm)) alone = sequence;
    alone.steps[i].is_beside = false;
    try_it(alone);
  }
  return sequence;
}

}  // namespace backcast::model
