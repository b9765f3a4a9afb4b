// How whoever asks for long work follows it, and stops it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

namespace backcast::study {

// Told how many steps more are done. From any thread.
using Advance = std::function<void(std::uint64_t steps)>;

struct Watch {
  // Set to true from anywhere: what is known by then is given back, marked partial.
  std::atomic<bool>* stop = nullptr;
  // Told of work that begins: "sweeping" 12 "rows".
  std::function<Advance(std::string_view what, std::uint64_t total, std::string_view unit)>
      on_work = nullptr;

  Advance begin(std::string_view what, std::uint64_t total, std::string_view unit) const {
    return on_work ? on_work(what, total, unit) : [](std::uint64_t) {};
  }
};

}  // namespace backcast::study
