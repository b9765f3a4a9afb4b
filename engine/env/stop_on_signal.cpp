#include "engine/env/stop_on_signal.h"

#include <csignal>

namespace backcast::env {
namespace {

std::atomic<std::atomic<bool>*> g_stop{nullptr};

extern "C" void ask_to_stop(int) {
  if (auto* stop = g_stop.load()) stop->store(true);
}

}  // namespace

StopOnSignal::StopOnSignal(std::atomic<bool>& stop) {
  g_stop = &stop;
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
}

StopOnSignal::~StopOnSignal() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  g_stop = nullptr;
}

}  // namespace backcast::env
