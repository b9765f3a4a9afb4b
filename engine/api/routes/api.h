// The whole API as an HTTP service: finds the route, knows the caller, checks what is sent, and
// writes down what was answered.
#pragma once

#include <memory>

#include "engine/api/access/links.h"
#include "engine/api/access/rate.h"
#include "engine/api/routes/metrics.h"
#include "engine/api/routes/route.h"

namespace backcast::api {

struct ApiOptions {
  TokenStore tokens;
  std::function<Instant()> now;         // of the wall
  std::function<Duration()> monotonic;  // never goes back
  // One line for each request: JSON without secrets.
  std::function<void(const std::string& line)> log;
  // Lines of Prometheus' text form that others add; may be empty.
  std::function<std::string()> more_metrics{};
  bool is_tls = false;  // for addresses that are given out
  std::uint64_t max_json_bytes = 16ULL << 20;
  std::uint64_t max_upload_bytes = 64ULL << 30;
  std::uint32_t calls_per_second = 1000;    // of one token
  std::uint32_t strangers_per_second = 20;  // of one address without a token that is known
};

class Api {
 public:
  explicit Api(ApiOptions options);
  // Before service() is asked for.
  void add(std::vector<Route> routes);
  const std::vector<Route>& routes() const { return routes_; }
  const ApiOptions& options() const { return options_; }
  const Links& links() const { return links_; }
  std::string metrics_text() const;

  // Lives no longer than this.
  Service service();

 private:
  struct Found {
    const Route* route = nullptr;
    std::map<std::string, std::string, std::less<>> parameters;
    std::string methods;  // that the path has, where it has not the one asked for
  };
  struct Seen;  // what the log says of a request
  Found find_route(const Request& request) const;
  Result<Token, Failure> caller_of(const Request& request, const Route& route) const;
  BodyPlan plan(const Request& request);
  Response answer(const Request& request);
  Outcome called(const Request& request, const Route& route, const Found& found,
                 const Token& caller);
  Response refused(const Request& request, const Route* route, const Failure& failure,
                   std::string_view caller, Duration started);
  Response noted(Response response, const Seen& seen);

  ApiOptions options_;
  std::vector<Route> routes_;
  Links links_;
  RateLimit rates_, strangers_;
  Metrics metrics_;
};

// The routes every server has: health, metrics and the description of all routes.
std::vector<Route> server_routes(const Api& api);
// Tokens: list, create, revoke.
std::vector<Route> token_routes(const Api& api);
// An OpenAPI 3.0 document.
nlohmann::json openapi_of(const std::vector<Route>& routes);
// What is wrong with a value that should have these fields. Fields it has beside are let be.
std::optional<Failure> field_fault(const std::vector<Field>& fields, const nlohmann::json& value);

}  // namespace backcast::api
