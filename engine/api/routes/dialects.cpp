// How each family of routes says what went wrong, as its vendor's clients read it.
#include <fmt/format.h>

#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "engine/api/routes/route.h"

namespace backcast::api {
namespace {

using nlohmann::json;

std::string_view word_of(int status) {
  switch (status) {
    case 400:
      return "bad_request";
    case 401:
      return "no_token";
    case 403:
      return "forbidden";
    case 404:
      return "not_found";
    case 405:
      return "no_such_method";
    case 409:
      return "conflict";
    case 413:
      return "too_long";
    case 429:
      return "too_many_requests";
    case 503:
      return "unavailable";
    default:
      return status < 500 ? "bad_request" : "failed";
  }
}

std::string whole(const Failure& failure) {
  return failure.hint.empty() ? failure.message : failure.message + "; " + failure.hint;
}

Response own(const Failure& failure) {
  json error{{"code", failure.word.empty() ? word_of(failure.status) : failure.word},
             {"message", failure.message}};
  if (!failure.hint.empty()) error["hint"] = failure.hint;
  return json_response({{"error", std::move(error)}}, failure.status);
}
std::vector<Field> own_fields() {
  return {{"error",
           "object",
           "What went wrong",
           true,
           {{"code", "string", "A word for programs", true},
            {"message", "string", "For people", true},
            {"hint", "string", "What to do next"}}}};
}

// Every answer in an envelope. A failure with a code of the vendor's is answered with 200, as
// documented; one of the transport has HTTP's status, which is its code as well.
constexpr int kZillizKeyRejected = 21119;
Response zilliz(const Failure& failure) {
  const int vendor = failure.code == 0 && failure.status == 401 ? kZillizKeyRejected : failure.code;
  return json_response(
      {{"code", vendor == 0 ? failure.status : vendor}, {"message", whole(failure)}},
      vendor == 0 ? failure.status : 200);
}
std::vector<Field> zilliz_fields() {
  return {{"code", "integer", "Not 0: the vendor's code, or HTTP's status", true},
          {"message", "string", "For people", true}};
}

// The server of vectors itself.
Response qdrant_server(const Failure& failure) {
  return json_response({{"status", {{"error", whole(failure)}}}, {"time", 0.0}}, failure.status);
}
std::vector<Field> qdrant_server_fields() {
  return {{"status", "object", "Not \"ok\"", true, {{"error", "string", "For people", true}}},
          {"time", "number", "Seconds", true}};
}

// gRPC's codes (google/rpc/code.proto), as its gateway to JSON answers them.
int grpc_code(int status) {
  static constexpr std::array<std::pair<int, int>, 9> kCodes{{{400, 3},
                                                              {401, 16},
                                                              {403, 7},
                                                              {404, 5},
                                                              {405, 12},
                                                              {409, 6},
                                                              {413, 8},
                                                              {429, 8},
                                                              {503, 14}}};
  for (const auto& [http, grpc] : kCodes) {
    if (http == status) return grpc;
  }
  return status < 500 ? 3 : 13;
}
Response qdrant_cloud(const Failure& failure) {
  return json_response({{"code", grpc_code(failure.status)},
                        {"message", whole(failure)},
                        {"details", json::array()}},
                       failure.status);
}
std::vector<Field> qdrant_cloud_fields() {
  return {{"code", "integer", "As gRPC has it", true},
          {"message", "string", "For people", true},
          {"details", "array", "Always empty", true, {}}};
}

Response zerops(const Failure& failure) {
  return json_response({{"error",
                         {{"code", failure.word.empty() ? word_of(failure.status) : failure.word},
                          {"message", whole(failure)}}}},
                       failure.status);
}
std::vector<Field> zerops_fields() {
  return {
      {"error",
       "object",
       "What went wrong",
       true,
       {{"code", "string", "The vendor's word", true}, {"message", "string", "For people", true}}}};
}

const std::array<Dialect, 5> kDialects{
    {{"own", {}, own, own_fields},
     {"zilliz", {"/v2/"}, zilliz, zilliz_fields},
     {"qdrant-server", {"/collections", "/snapshots"}, qdrant_server, qdrant_server_fields},
     {"qdrant-cloud", {"/api/cluster/", "/api/booking/"}, qdrant_cloud, qdrant_cloud_fields},
     {"zerops", {"/api/rest/public/"}, zerops, zerops_fields}}};

int status_of(Errc code) {
  switch (code) {
    case Errc::kBadInput:
      return 400;
    case Errc::kNotFound:
    case Errc::kNoRepository:
      return 404;
    case Errc::kExists:
    case Errc::kLocked:
      return 409;
    case Errc::kNoSpace:
      return 507;
    default:
      return 500;
  }
}

// "... (96021)" or "... (Zilliz 96021)": five digits before a closing bracket.
int code_in(std::string_view message) {
  const auto is_digit = [&](std::size_t at) {
    return std::isdigit(static_cast<unsigned char>(message[at])) != 0;
  };
  for (std::size_t end = message.find(')'); end != std::string_view::npos;
       end = message.find(')', end + 1)) {
    std::size_t begin = end;
    while (begin > 0 && is_digit(begin - 1)) --begin;
    if (end - begin == 5) return std::stoi(std::string(message.substr(begin, 5)));
  }
  return 0;
}

}  // namespace

Failure failure_of(const Error& error, int code) {
  const int named = code_in(error.message);
  return {status_of(error.code), error.message, error.hint, named != 0 ? named : code, {}};
}

Response json_response(const json& value, int status) {
  Response response;
  response.status = status;
  response.headers = {{"content-type", "application/json"}};
  response.body = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return response;
}

const Dialect& own_dialect() {
  return kDialects[0];
}

const Dialect& dialect_of(std::string_view path) {
  for (const Dialect& dialect : kDialects) {
    for (const std::string_view prefix : dialect.prefixes) {
      if (path.starts_with(prefix)) return dialect;
    }
  }
  return own_dialect();
}

}  // namespace backcast::api
