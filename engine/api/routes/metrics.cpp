#include "engine/api/routes/metrics.h"

#include <fmt/format.h>

namespace backcast::api {

std::string label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

void Metrics::count(const std::string& route, const std::string& method, int status,
                    Duration took) {
  const std::lock_guard guard(mutex_);
  ++answers_[{route, method, status}];
  const double seconds = std::chrono::duration<double>(took).count();
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
  ++took_[bucket];
  total_ += took;
}

std::string Metrics::text() const {
  const std::lock_guard guard(mutex_);
  std::string out =
      "# HELP backcast_http_requests_total Requests answered.\n"
      "# TYPE backcast_http_requests_total counter\n";
  for (const auto& [key, count] : answers_) {
    const auto& [route, method, status] = key;
    out +=
        fmt::format("backcast_http_requests_total{{route=\"{}\",method=\"{}\",status=\"{}\"}} {}\n",
                    label(route), label(method), status, count);
  }
  out +=
      "# HELP backcast_http_request_seconds How long answers took.\n"
      "# TYPE backcast_http_request_seconds histogram\n";
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    so_far += took_[i];
    out +=
        fmt::format("backcast_http_request_seconds_bucket{{le=\"{}\"}} {}\n", kBounds[i], so_far);
  }
  so_far += took_.back();
  out += fmt::format(
      "backcast_http_request_seconds_bucket{{le=\"+Inf\"}} {0}\n"
      "backcast_http_request_seconds_sum {1}\nbackcast_http_request_seconds_count {0}\n",
      so_far, std::chrono::duration<double>(total_).count());
  return out;
}

}  // namespace backcast::api
