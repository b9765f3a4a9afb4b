#include "engine/api/routes/api.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/base/document.h"

namespace backcast::api {
namespace {

using nlohmann::json;

constexpr std::uint32_t kBurstSeconds = 2;

std::string_view path_of(const Request& request) {
  return std::string_view(request.target).substr(0, request.target.find('?'));
}

// The segments of the path, where the pattern takes them.
bool fits(std::string_view pattern, const std::vector<std::string>& segments,
          std::map<std::string, std::string, std::less<>>& parameters) {
  std::size_t at = 0;
  pattern.remove_prefix(1);
  while (!pattern.empty()) {
    const std::size_t slash = pattern.find('/');
    const std::string_view part = pattern.substr(0, slash);
    if (at == segments.size()) return false;
    if (part.front() == '{') {
      parameters[std::string(part.substr(1, part.size() - 2))] = segments[at];
    } else if (part != segments[at]) {
      return false;
    }
    ++at;
    pattern = slash == std::string_view::npos ? "" : pattern.substr(slash + 1);
  }
  return at == segments.size();
}

Result<std::string, Failure> secret_in(const Request& request) {
  std::optional<std::string> secret;
  for (const auto& [name, value] : request.headers) {
    std::string given;
    if (name == "api-key") {
      given = value;
    } else if (name == "authorization") {
      static constexpr std::string_view kBearer = "bearer ";
      std::string scheme = value.substr(0, kBearer.size());
      for (char& c : scheme) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      if (scheme != kBearer) return Failure{401, "only Bearer tokens are taken"};
      given = value.substr(kBearer.size());
    } else {
      continue;
    }
    if (secret && *secret != given) return Failure{401, "two tokens in one request"};
    secret = given;
  }
  if (!secret) {
    return Failure{401, "no token", "send \"Authorization: Bearer TOKEN\" or \"api-key: TOKEN\""};
  }
  return *secret;
}

// A field that is null is one that is not given, but where null says something.
void drop_nulls(const std::vector<Field>& fields, json& value) {
  for (const Field& field : fields) {
    const auto found = value.find(field.name);
    if (found == value.end()) continue;
    if (found->is_null()) {
      if (!field.may_be_null) value.erase(found);
    } else if (field.type == "object") {
      drop_nulls(field.fields, *found);
    } else if (field.type == "array" && !field.fields.empty()) {
      for (json& entry : *found) drop_nulls(field.fields, entry);
    }
  }
}

// A caller who has none: of the routes that need no token.
Token nobody(std::string name) {
  Token token;
  token.name = std::move(name);
  return token;
}

}  // namespace

struct Api::Seen {
  const Request& request;
  const Route* route;
  std::string_view caller;
  Duration started;
};

Api::Api(ApiOptions options)
    : options_(std::move(options)),
      rates_(options_.calls_per_second, kBurstSeconds),
      strangers_(options_.strangers_per_second, kBurstSeconds) {}

void Api::add(std::vector<Route> routes) {
  for (Route& route : routes) {
    if (route.dialect == nullptr) route.dialect = &dialect_of(route.pattern);
    routes_.push_back(std::move(route));
  }
}

std::string Api::metrics_text() const {
  return metrics_.text() + (options_.more_metrics ? options_.more_metrics() : "");
}

Api::Found Api::find_route(const Request& request) const {
  Found found;
  std::size_t fewest = 100;  // words count more than parameters: /policy before /{backupId}
  for (const Route& route : routes_) {
    std::map<std::string, std::string, std::less<>> parameters;
    if (!fits(route.pattern, request.segments, parameters)) continue;
    if (parameters.size() > fewest) continue;
    if (parameters.size() < fewest) found = {};
    fewest = parameters.size();
    found.methods += found.methods.empty() ? route.method : ", " + route.method;
    if (route.method == request.method) {
      found.route = &route;
      found.parameters = std::move(parameters);
    }
  }
  return found;
}

Result<Token, Failure> Api::caller_of(const Request& request, const Route& route) const {
  if (route.needs == Privilege::kNone) return nobody("");
  if (route.by_link && find(request.query, "signature")) {
    if (links_.allows(request, options_.now())) return nobody("link");
    return Failure{403, "this address is not valid any more", "ask for a new one"};
  }
  BACKCAST_TRY(const std::string secret, secret_in(request));
  BACKCAST_TRY(std::optional<Token> token, told(token_of(options_.tokens, secret)));
  if (!token) return Failure{401, "this token is unknown or revoked"};
  if (!token->cluster.empty() && !route.of_cluster) {
    return Failure{403, fmt::format("the token \"{}\" is for one cluster alone", token->name),
                   "it may ask for /collections/... and /snapshots"};
  }
  if (!has(*token, route.needs)) {
    return Failure{403,
                   fmt::format("the token \"{}\" may not do this: it needs the privilege {}",
                               token->name, name_of(route.needs)),
                   {},
                   route.forbidden_code};
  }
  return std::move(*token);
}

Response Api::noted(Response response, const Seen& seen) {
  const Duration took = options_.monotonic() - seen.started;
  metrics_.count(seen.route ? seen.route->pattern : "", seen.request.method, response.status, took);
  // Queries may hold signatures, headers tokens, bodies passwords: none of them is written down.
  options_.log(json{{"time", format_instant(options_.now())},
                    {"event", "request"},
                    {"method", seen.request.method},
                    {"path", path_of(seen.request)},
                    {"route", seen.route ? seen.route->id : ""},
                    {"status", response.status},
                    {"milliseconds", took / std::chrono::milliseconds(1)},
                    {"token", seen.caller},
                    {"peer", seen.request.peer}}
                   .dump(-1, ' ', false, json::error_handler_t::replace));
  return response;
}

Response Api::refused(const Request& request, const Route* route, const Failure& failure,
                      std::string_view caller, Duration started) {
  const Dialect& dialect = route ? *route->dialect : dialect_of(path_of(request));
  Response response = dialect.refuse(failure);
  if (failure.status == 401) response.headers.emplace_back("www-authenticate", "Bearer");
  if (failure.status == 429) response.headers.emplace_back("retry-after", "1");
  return noted(std::move(response), {request, route, caller, started});
}

BodyPlan Api::plan(const Request& request) {
  const Duration started = options_.monotonic();
  const Found found = find_route(request);
  const auto refuse = [&](const Failure& failure, std::string_view caller) {
    return BodyPlan{refused(request, found.route, failure, caller, started), 0, false};
  };
  // Without a route, too, only those who have a token learn what there is.
  static const Route kAny{.method = "",
                          .pattern = "",
                          .id = "",
                          .summary = "",
                          .needs = Privilege::kView,
                          .of_cluster = true};
  auto caller = caller_of(request, found.route ? *found.route : kAny);
  if (!caller.ok()) {
    const bool stranger = caller.error().status == 401;
    if (stranger && !strangers_.take(request.peer, started)) {
      return refuse({429, "too many requests without a token that is known"}, "");
    }
    return refuse(caller.error(), "");
  }
  const std::string& key = caller->name.empty() ? request.peer : caller->name;
  if (!rates_.take(key, started)) return refuse({429, "too many requests"}, caller->name);
  if (found.route == nullptr) {
    if (found.methods.empty()) return refuse({404, "no such address"}, caller->name);
    BodyPlan plan = refuse({405, "this address has only " + found.methods}, caller->name);
    plan.refusal->headers.emplace_back("allow", found.methods);
    return plan;
  }
  const bool is_file = found.route->takes == Takes::kUpload;
  return {std::nullopt, is_file ? options_.max_upload_bytes : options_.max_json_bytes, is_file};
}

Outcome Api::called(const Request& request, const Route& route, const Found& found,
                    const Token& caller) {
  json body = json::object();
  if (route.takes == Takes::kJson && !request.body.empty()) {
    auto document = Document::parse(request.body, "body", {options_.max_json_bytes, 64});
    if (!document.ok()) {
      const Error& error = document.error();
      return Failure{400, fmt::format("the body is no JSON: {}:{}: {}", error.where.line,
                                      error.where.column, error.message)};
    }
    body = document->root();
    if (!body.is_object()) return Failure{400, "the body must be an object of JSON"};
  }
  if (auto fault = field_fault(route.body, body)) return std::move(*fault);
  drop_nulls(route.body, body);
  return route.handle(Call{request, body, caller, found.parameters});
}

Response Api::answer(const Request& request) {
  const Duration started = options_.monotonic();
  const Found found = find_route(request);
  const Route& route = *found.route;
  // Once more: a token may have been revoked while a long body came in.
  auto caller = caller_of(request, route);
  if (!caller.ok()) return refused(request, &route, caller.error(), "", started);
  Outcome outcome = called(request, route, found, *caller);
  if (!outcome.ok()) return refused(request, &route, outcome.error(), caller->name, started);
  if (!outcome->later) return noted(*std::move(outcome), {request, &route, caller->name, started});
  Response waiting;
  waiting.later = [this, head = request, &route, name = caller->name, started,
                   later = outcome->later]() -> std::optional<Response> {
    auto now = later();
    if (!now) return std::nullopt;
    return noted(std::move(*now), {head, &route, name, started});
  };
  return waiting;
}

Service Api::service() {
  return {[this](const Request& request) { return plan(request); },
          [this](Request request) { return answer(request); },
          [this](const Request& request, int status, std::string_view what) {
            return refused(request, nullptr, {status, std::string(what)}, "", options_.monotonic());
          }};
}

}  // namespace backcast::api
