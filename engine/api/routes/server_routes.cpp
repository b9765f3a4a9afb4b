#include <nlohmann/json.hpp>

#include "engine/api/routes/api.h"

namespace backcast::api {

using nlohmann::json;

namespace {

std::vector<Field> token_fields() {
  return {{"name", "string", "As the audit log calls it", true},
          {"role",
           "string",
           "What it may do",
           true,
           {},
           {"organization_owner", "project_admin", "manage", "view"}},
          {"projects", "array", "The only ones it reaches; none: all", true},
          {"cluster", "string", "The only one it is for; \"\": any", true},
          {"created", "string", "RFC 3339", true},
          {"revoked", "string", "RFC 3339; null while it holds", true, {}, {}, true}};
}

json shown(const Token& token) {
  return {{"name", token.name},
          {"role", role_word(token)},
          {"projects", token.projects},
          {"cluster", token.cluster},
          {"created", format_instant(token.created)},
          {"revoked", token.revoked ? json(format_instant(*token.revoked)) : json(nullptr)}};
}

Outcome create_token(const ApiOptions& options, const Call& call) {
  BACKCAST_TRY(
      NewToken made,
      told(new_token(call.body["name"], call.body["role"].get<std::string>(),
                     call.body.value("projects", std::vector<std::string>()), options.now())));
  if (const std::string cluster = call.body.value("cluster", ""); !cluster.empty()) {
    BACKCAST_CHECK(told(bind_to_cluster(made.token, cluster)));
  }
  BACKCAST_CHECK(told(options.tokens.add(made.token)));
  json answer = shown(made.token);
  answer["token"] = made.secret;
  return json_response(answer, 201);
}

Outcome list_tokens(const ApiOptions& options) {
  BACKCAST_TRY(const std::vector<Token> tokens, told(options.tokens.list()));
  json listed = json::array();
  for (const Token& token : tokens) listed.push_back(shown(token));
  return json_response({{"tokens", std::move(listed)}});
}

Response text_response(std::string text, std::string_view type) {
  Response response;
  response.headers = {{"content-type", std::string(type)}};
  response.body = std::move(text);
  return response;
}

}  // namespace

std::vector<Route> server_routes(const Api& api) {
  return {
      {.method = "GET",
       .pattern = "/healthz",
       .id = "health",
       .summary = "Whether the service answers",
       .needs = Privilege::kNone,
       .answer = {{"status", "string", "\"ok\"", true},
                  {"time", "string", "By the service's clock; RFC 3339", true}},
       .handle = [&api](const Call&) -> Outcome {
         return json_response({{"status", "ok"}, {"time", format_instant(api.options().now())}});
       }},
      {.method = "GET",
       .pattern = "/metrics",
       .id = "metrics",
       .summary = "What was done and how long it took, in Prometheus' text form",
       .needs = Privilege::kView,
       .gives = Gives::kText,
       .handle = [&api](const Call&) -> Outcome {
         return text_response(api.metrics_text(), "text/plain; version=0.0.4");
       }},
      {.method = "GET",
       .pattern = "/openapi.json",
       .id = "openapi",
       .summary = "This description",
       .needs = Privilege::kView,
       .handle = [&api](const Call&) -> Outcome {
         return json_response(openapi_of(api.routes()));
       }}};
}

std::vector<Route> token_routes(const Api& api) {
  const ApiOptions& options = api.options();
  std::vector<Field> created = token_fields();
  created.push_back({"token", "string", "The secret, shown this once", true});
  return {{.method = "GET",
           .pattern = "/v1/tokens",
           .id = "listTokens",
           .summary = "Tokens, revoked ones too; never their secrets",
           .answer = {{"tokens", "array", "", true, token_fields()}},
           .handle = [&options](const Call&) { return list_tokens(options); }},
          {.method = "POST",
           .pattern = "/v1/tokens",
           .id = "createToken",
           .summary = "Makes a token and shows its secret once",
           .body = {{"name", "string", "For people and the audit log", true},
                    {"role",
                     "string",
                     "What it may do",
                     true,
                     {},
                     {"organization_owner", "project_admin", "manage", "view"}},
                    {"projects", "array", "The only ones it reaches"},
                    {"cluster", "string", "The only one it is for, as its api key"}},
           .answer = created,
           .takes = Takes::kJson,
           .handle = [&options](const Call& call) { return create_token(options, call); }},
          {.method = "DELETE",
           .pattern = "/v1/tokens/{name}",
           .id = "revokeToken",
           .summary = "Revokes a token at once",
           .answer = {{"name", "string", "Of the token", true}},
           .handle = [&options](const Call& call) -> Outcome {
             BACKCAST_CHECK(told(options.tokens.revoke(call.path("name"), options.now())));
             return json_response({{"name", call.path("name")}});
           }}};
}

}  // namespace backcast::api
