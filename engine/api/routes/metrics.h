// Counts of what was answered, in Prometheus' text form.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "engine/base/instant.h"

namespace backcast::api {

class Metrics {
 public:
  void count(const std::string& route, const std::string& method, int status, Duration took);
  std::string text() const;

 private:
  static constexpr std::array<double, 8> kBounds{0.005, 0.02, 0.05, 0.1, 0.25, 1, 5, 10};  // s
  mutable std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, int>, std::uint64_t> answers_;
  std::array<std::uint64_t, kBounds.size() + 1> took_{};
  Duration total_{0};
};

// A label's value with what Prometheus escapes.
std::string label(std::string_view text);

}  // namespace backcast::api
