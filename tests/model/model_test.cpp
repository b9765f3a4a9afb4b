// Long random sequences of every verb, with faults, against a model of what the repositories hold.
//
//   BACKCAST_MODEL_SEED=17 model_tests --gtest_filter=Model.ReplaysASequence    one drawn sequence
//   BACKCAST_MODEL_STEPS='world:1 backup:4 prune:2!kill@3' … the same filter    one as text
//   BACKCAST_THOROUGH=1 model_tests --gtest_filter=Model.*Hold*                 nine minutes of
//   them BACKCAST_MODEL_MINUTES=0 before that                                        until it is
//   stopped
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "tests/model/trial.h"

namespace backcast::model {
namespace {

constexpr std::size_t kSteps = 2'000, kStepsEach = 40;

const char* wish(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

bool thorough() {
  const char* value = wish("BACKCAST_THOROUGH");
  return value != nullptr && *value != '0';
}

// Whether a run that has taken so many steps goes on.
class Patience {
 public:
  bool lasts(std::size_t steps) const {
    if (steps < kSteps) return true;
    return thorough() && (minutes_ == 0 || now() - began_ < std::chrono::minutes(minutes_));
  }

 private:
  static std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }
  const std::chrono::steady_clock::time_point began_ = now();
  const int minutes_ =
      wish("BACKCAST_MODEL_MINUTES") ? std::atoi(wish("BACKCAST_MODEL_MINUTES")) : 9;
};

void print_counts(const std::map<std::string, std::uint64_t>& counts) {
  std::string text;
  for (const auto& [what, count] : counts) text += fmt::format("{} {}, ", what, count);
  std::printf("%s\n", text.c_str());
}

// What a run of kSteps must have drawn at least; far below what it draws on average.
void expect_enough(const std::map<std::string, std::uint64_t>& counts) {
  const std::map<std::string, std::uint64_t> least = {{"backup", 300},
                                                      {"backup.read_all", 40},
                                                      {"backup.no_cache", 40},
                                                      {"forget.named", 60},
                                                      {"forget.policy", 30},
                                                      {"forget.own_policy", 5},
                                                      {"policy", 15},
                                                      {"prune.grace", 60},
                                                      {"prune.no_grace", 60},
                                                      {"prune.dry_run", 10},
                                                      {"check.plain", 10},
                                                      {"check.read_data", 10},
                                                      {"check.open_data", 10},
                                                      {"repair.of_damage", 4},
                                                      {"repair.read_data", 10},
                                                      {"repair.rewrite", 10},
                                                      {"repair.healed", 1},
                                                      {"damage.lost snapshot", 2},
                                                      {"actors.far", 20},
                                                      {"stalls", 5},
                                                      {"compared.damaged", 300},
                                                      {"damage.lost pack", 2},
                                                      {"damage.cut pack", 1},
                                                      {"damage.flipped pack", 2},
                                                      {"restore.whole", 20},
                                                      {"restore.path", 10},
                                                      {"restore.keep_existing", 10},
                                                      {"copy.sealed", 10},
                                                      {"copy.opened", 10},
                                                      {"rotate", 10},
                                                      {"unforget.in_time", 10},
                                                      {"unforget.late", 5},
                                                      {"look.taken", 30},
                                                      {"edit.exchange files", 20},
                                                      {"edit.exchange folders", 20},
                                                      {"edit.rename", 20},
                                                      {"edit.touch", 20},
                                                      {"edit.rewrite, old time", 20},
                                                      {"clock.back", 15},
                                                      {"clock.forth", 30},
                                                      {"actors.2", 100},
                                                      {"actors.3", 20},
                                                      {"actors.4", 4},
                                                      {"struck.kill", 10},
                                                      {"struck.half", 10},
                                                      {"struck.power", 10},
                                                      {"struck.io", 10},
                                                      {"struck.nospace", 10},
                                                      {"struck.full", 10},
                                                      {"struck.dropsync", 10},
                                                      {"adopted", 2},
                                                      {"compared", 5'000}};
  for (const auto& [what, count] : least) {
    const auto drawn = counts.find(what);
    EXPECT_GE(drawn == counts.end() ? 0 : drawn->second, count) << "too few of: " << what;
  }
}

TEST(Model, RandomSequencesOfEveryVerbHoldWhatTheyPromise) {
  std::map<std::string, std::uint64_t> counts;
  std::size_t done = 0;
  const Patience patience;
  for (std::uint32_t seed = 1; patience.lasts(done); ++seed) {
    const Sequence sequence = draw(seed, kStepsEach);
    const Trial trial = try_out(sequence);
    for (const auto& [what, count] : trial.counts) counts[what] += count;
    ASSERT_FALSE(trial.failure) << "seed " << seed << ": " << report(sequence, trial);
    done += sequence.steps.size();
    if (thorough() && seed % 100 == 0) {
      std::printf("%zu steps\n", done);
      print_counts(counts);
    }
  }
  print_counts(counts);
  expect_enough(counts);
}

// The same seed, the same calls in the same order. Not where something is damaged: which file that
// hits depends on names, which are as random as keys are.
TEST(Model, ASequenceRepeatsExactly) {
  for (std::uint32_t seed = 1, tried = 0; tried < 3; ++seed) {
    const Sequence sequence = draw(seed, kStepsEach);
    const bool has_damage =
        std::any_of(sequence.steps.begin(), sequence.steps.end(),
                    [](const Step& step) { return step.verb == Verb::kDamage; });
    if (has_damage) continue;
    ++tried;
    EXPECT_EQ(try_out(sequence).counts, try_out(sequence).counts) << to_text(sequence);
  }
}

TEST(Model, ReplaysASequence) {
  Sequence sequence;
  if (const char* text = wish("BACKCAST_MODEL_STEPS")) {
    const auto parsed = from_text(text);
    ASSERT_TRUE(parsed) << text << " is no sequence";
    sequence = *parsed;
  } else {
    const char* seed = wish("BACKCAST_MODEL_SEED");
    sequence = draw(seed ? static_cast<std::uint32_t>(std::atoi(seed)) : 1, kStepsEach);
  }
  const Trial trial = try_out(sequence);
  ASSERT_FALSE(trial.failure) << report(sequence, trial);
  print_counts(trial.counts);
}

TEST(Model, ASequenceIsReadBackFromItsText) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const Sequence sequence = draw(seed, kStepsEach);
    EXPECT_EQ(from_text(to_text(sequence)), sequence) << to_text(sequence);
  }
  EXPECT_FALSE(from_text("backup:x"));
  EXPECT_FALSE(from_text("sing:3"));
  EXPECT_FALSE(from_text("backup:3!trip@2"));
}

TEST(Model, AFailingSequenceIsShortenedToWhatFails) {
  const auto fails = [](const Sequence& sequence) {
    bool backed_up = false;
    for (const Step& step : sequence.steps) {
      if (backed_up && step.verb == Verb::kPrune) return true;
      backed_up |= step.verb == Verb::kBackup;
    }
    return false;
  };
  const Sequence sequence = draw(3, 100);
  ASSERT_TRUE(fails(sequence));
  const Sequence shortest = shorten(sequence, 1'000, fails);
  ASSERT_EQ(shortest.steps.size(), 2u) << to_text(shortest);
  EXPECT_EQ(shortest.steps[0].verb, Verb::kBackup);
  EXPECT_EQ(shortest.steps[1].verb, Verb::kPrune);
  EXPECT_EQ(shortest.steps[1].strike, Strike::kNone);
}

}  // namespace
}  // namespace backcast::model
