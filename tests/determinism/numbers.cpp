// Prints, bit for bit, what the simulator's arithmetic gives over its whole range: draws, laws,
// survival curves, lives, chains, links.
#include <bit>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "sim/model/delta_model.h"
#include "sim/model/draws.h"
#include "sim/model/outside/link.h"
#include "sim/model/workload.h"

namespace backcast {
// The program is linked from the arithmetic alone.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, condition);
  std::abort();
}
}  // namespace backcast

using namespace backcast;
using namespace backcast::sim;

namespace {

void print(const char* what, double x) {
  std::printf("%s %016" PRIx64 "\n", what, std::bit_cast<std::uint64_t>(x));
}
void print(const char* what, std::uint64_t x) {
  std::printf("%s %" PRIu64 "\n", what, x);
}

void laws() {
  const Draws draws(42, 7);
  for (std::uint32_t i = 0; i < 200; ++i) {
    print("bits", draws.bits(i, Purpose::kTest, i * 977));
    for (const auto kind : {Distribution::Kind::kUniform, Distribution::Kind::kNormal,
                            Distribution::Kind::kLogNormal, Distribution::Kind::kExponential}) {
      print("law", Distribution{kind, 20e9, 1.7}.draw(draws, i, Purpose::kSize, i));
    }
  }
}

Workload busy_workload() {
  Workload workload;
  workload.size_bytes = 20'000'000'000;
  workload.disk_bytes = 30'000'000'000;
  workload.stored_share = 0.37;
  workload.growth.bytes_per_day = 12'345'678;
  workload.growth.share_per_year = 0.41;
  workload.growth.season_amplitude = 0.3;
  workload.growth.season_period = kDay * 30;
  workload.weekday_factor = {1, 1.1, 0.9, 1, 1.7, 0.2, 0.1};
  workload.noise.spread = 0.6;
  workload.bursts = {{Instant{} + kDay * 20'500, 0.4, 1'000'000}};
  workload.rewrite_every = kDay * 28;
  workload.rewrite_share = 0.5;
  return workload;
}

void lives() {
  const Workload workload = busy_workload();
  const SurvivalCurve curve{0.05, 0.8, 0.25, 0.04, 0.002};
  const Instant start = Instant{} + kDay * 20'454;
  Life life;
  life.begin(workload, curve, start, Draws(3, 0), 11);
  DeltaModel model;
  model.kind = DeltaModel::Kind::kLifetimes;
  model.curve = curve;
  DeltaChain chain(model);
  std::vector<DeltaChain::Handle> handles;
  for (std::uint32_t day = 0; day < 400; ++day) {
    const Moment moment = moment_at(workload, start, start + kDay * day + kMinute * 150);
    const Generation generation = model.numbered(life.at(moment), day);
    print("time", generation.operational_time);
    print("size", generation.size_bytes);
    print("alive", curve.alive(generation.operational_time));
    print("advance", curve.advance(1.0 / (1 + day)));
    handles.push_back(chain.add(generation).handle);
    if (handles.size() > 12) {  // thins the middle
      const std::size_t gone = 3 + day % 7;
      chain.remove(handles[gone]);
      handles.erase(handles.begin() + static_cast<std::ptrdiff_t>(gone));
    }
    print("stored", chain.stored_bytes());
  }
}

void links() {
  Link link(125'000'000, 40'000'000);
  for (std::uint32_t i = 0; i < 300; ++i) {
    const std::int64_t now_ns = static_cast<std::int64_t>(i) * 977'000'003;
    while (const auto done = link.pop(now_ns)) {
      print("end", static_cast<std::uint64_t>(done->end_ns));
    }
    link.start(now_ns, i, 100'000'000 + 7'919 * i);
  }
}

}  // namespace

int main() {
  laws();
  lives();
  links();
}
