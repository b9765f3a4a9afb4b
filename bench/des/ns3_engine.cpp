// ns-3 with its best event list at a million pending events, the priority queue.
#include <ns3/nstime.h>
#include <ns3/object-factory.h>
#include <ns3/simulator.h>

#include <chrono>

#include "bench/des/work.h"

namespace bench_des {
namespace {

Work* g_work = nullptr;

void on_end(std::uint32_t service);
void on_start(std::uint32_t service);

std::int64_t now_seconds() {
  return ns3::Simulator::Now().GetNanoSeconds() / 1'000'000'000;
}

void schedule(std::int64_t second, std::uint32_t kind, std::uint32_t service) {
  const auto delay = ns3::NanoSeconds((second - now_seconds()) * 1'000'000'000);
  ns3::Simulator::Schedule(delay, kind == kStart ? &on_start : &on_end, service);
}

void on_end(std::uint32_t service) {
  g_work->end(now_seconds(), service);
}
void on_start(std::uint32_t service) {
  g_work->start(now_seconds(), service, schedule);
}

}  // namespace

double run_ns3(Work& work) {
  g_work = &work;
  ns3::ObjectFactory scheduler;
  scheduler.SetTypeId("ns3::PriorityQueueScheduler");
  ns3::Simulator::SetScheduler(scheduler);
  for (std::uint32_t s = 0; s < work.services.size(); ++s) {
    schedule(work.first_start(s), kStart, s);
  }
  const auto begin = std::chrono::steady_clock::now();
  ns3::Simulator::Run();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  ns3::Simulator::Destroy();
  return seconds;
}

}  // namespace bench_des
