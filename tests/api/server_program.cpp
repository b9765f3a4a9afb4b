// A server of a few routes: what the transport does with requests, without anything behind it.
// Prints its port and a token, serves until its input ends, then stops as a service does. As
// "still" its clock stands, and each line of its input moves it on by a second.
#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <iostream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "engine/api/http/server.h"
#include "engine/api/routes/api.h"
#include "engine/base/document.h"
#include "engine/env/env.h"

namespace backcast::api {
namespace {

using nlohmann::json;

class Tokens {
 public:
  TokenStore store() {
    return {[this](const std::string& hash) -> Result<std::optional<Token>> {
              const std::lock_guard guard(mutex_);
              for (const Token& token : tokens_) {
                if (token.hash == hash) return std::optional(token);
              }
              return std::optional<Token>();
            },
            [this](const Token& token) -> Status {
              const std::lock_guard guard(mutex_);
              tokens_.push_back(token);
              return kOk;
            },
            [this](const std::string& name, Instant when) -> Status {
              const std::lock_guard guard(mutex_);
              for (Token& token : tokens_) {
                if (token.name != name) continue;
                token.revoked = when;
                return kOk;
              }
              return Error{Errc::kNotFound, "no token " + name, {}, {}};
            },
            [this]() -> Result<std::vector<Token>> {
              const std::lock_guard guard(mutex_);
              return tokens_;
            }};
  }

 private:
  std::mutex mutex_;
  std::vector<Token> tokens_;
};

std::vector<Route> test_routes(const Api& api, const std::string& file) {
  std::vector<Route> routes;
  routes.push_back({.method = "POST",
                    .pattern = "/v1/echo/{name}",
                    .id = "echo",
                    .summary = "What came in",
                    .needs = Privilege::kManage,
                    .body = {{"count", "integer", "Any", false}},
                    .takes = Takes::kJson,
                    .handle = [](const Call& call) -> Outcome {
                      return json_response({{"name", call.path("name")}, {"body", call.body}});
                    }});
  for (const char* pattern : {"/v2/echo", "/collections/echo", "/api/rest/public/echo"}) {
    routes.push_back(routes.front());
    routes.back().pattern = pattern;
    routes.back().id += pattern;
    routes.back().handle = [](const Call&) -> Outcome { return json_response(json::object()); };
  }
  routes.push_back(
      {.method = "POST",
       .pattern = "/v1/upload",
       .id = "upload",
       .summary = "How long it was",
       .needs = Privilege::kManage,
       .takes = Takes::kUpload,
       .handle = [](const Call& call) -> Outcome {
         auto text = read_text_file(call.request.body_file, 1ULL << 30);
         if (!text.ok()) return failure_of(text.error());
         return json_response({{"bytes", text->size()}, {"sha256", sha256_hex(*text)}});
       }});
  routes.push_back({.method = "GET",
                    .pattern = "/v1/file",
                    .id = "file",
                    .summary = "A file",
                    .needs = Privilege::kView,
                    .gives = Gives::kBytes,
                    .by_link = true,
                    .handle = [file](const Call&) -> Outcome {
                      Response response;
                      response.file = file;
                      return response;
                    }});
  routes.push_back({.method = "GET",
                    .pattern = "/v1/link",
                    .id = "link",
                    .summary = "An address of the file",
                    .needs = Privilege::kView,
                    .handle = [&api](const Call&) -> Outcome {
                      const Instant now = api.options().now();
                      return json_response({{"url", api.links().sign("/v1/file", now + kHour)},
                                            {"old", api.links().sign("/v1/file", now - kHour)}});
                    }});
  return routes;
}

std::vector<Route> odd_routes(const Api& api) {
  std::vector<Route> routes;
  routes.push_back({.method = "GET",
                    .pattern = "/v1/later",
                    .id = "later",
                    .summary = "An answer after a second",
                    .needs = Privilege::kView,
                    .handle = [&api](const Call&) -> Outcome {
                      Response response;
                      const Duration due = api.options().monotonic() + kSecond;
                      response.later = [&api, due]() -> std::optional<Response> {
                        if (api.options().monotonic() < due) return std::nullopt;
                        return json_response({{"late", true}});
                      };
                      return response;
                    }});
  routes.push_back(
      {.method = "GET",
       .pattern = "/v1/broken",
       .id = "broken",
       .summary = "A route that throws",
       .needs = Privilege::kView,
       .handle = [](const Call&) -> Outcome { return json_response(json::parse("{")["a"]); }});
  return routes;
}

int serve(int argc, char** argv) {
  if (argc < 3) return 2;
  Tokens tokens;
  env::Env& env = env::posix_env();
  const bool still = argc == 4 && std::string_view(argv[3]) == "still";
  std::atomic<int> seconds = 0;
  Api api({.tokens = tokens.store(),
           .now = [&] { return env.now(); },
           .monotonic = [&] { return still ? seconds.load() * kSecond : env.monotonic(); },
           .log = [](const std::string& line) { std::cerr << line + "\n"; },
           .calls_per_second = 200});
  api.add(server_routes(api));
  api.add(token_routes(api));
  api.add(test_routes(api, argv[2]));
  api.add(odd_routes(api));
  auto owner = new_token("first", "organization_owner", {}, env.now());
  if (!owner.ok() || !api.options().tokens.add(owner->token).ok()) return 1;
  ServerOptions options{.upload_folder = argv[1],
                        .max_connections = 40,
                        .head_time = 2 * kSecond,
                        .idle_time = 2 * kSecond};
  if (argc > 4) {
    options.certificate_file = argv[3];
    options.key_file = argv[4];
  }
  auto server = Server::start(std::move(options), api.service());
  if (!server.ok()) {
    std::cerr << to_string(server.error()) << '\n';
    return 1;
  }
  std::cout << (*server)->port() << ' ' << owner->secret << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) ++seconds;
  (*server)->stop(10 * kSecond);
  std::cout << (*server)->connections() << std::endl;
  return 0;
}

}  // namespace
}  // namespace backcast::api

int main(int argc, char** argv) {
  return backcast::api::serve(argc, argv);
}
