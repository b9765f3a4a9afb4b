// What the API answers: a table of routes, each with all that its description says, so that what
// serves and what is described cannot differ.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/access/token.h"
#include "engine/api/http/message.h"

namespace backcast::api {

// Why a request is refused. `status` is HTTP's; a dialect puts it in its own words.
struct Failure {
  int status = 400;
  std::string message;
  std::string hint{};
  int code = 0;        // the vendor's number, where it has one
  std::string word{};  // the vendor's word, where it has one
};
// As the caller is told what went wrong inside. `code` stands for it where the message itself names
// no code of the vendor, as the rule book's refusals do: "... (96021)".
Failure failure_of(const Error& error, int code = 0);

// BACKCAST_TRY(auto x, told(f())); where f() gives a Result with an Error, and this a Failure.
template <typename T>
Result<T, Failure> told(Result<T> result, int code = 0) {
  if (!result.ok()) return failure_of(result.error(), code);
  return std::move(result).value();
}

using Outcome = Result<Response, Failure>;

struct Call {
  const Request& request;
  const nlohmann::json& body;  // an empty object where the route takes none
  const Token& caller;         // of a route without a token: one that may nothing
  std::map<std::string, std::string, std::less<>> parameters{};  // of the path, by name

  const std::string& path(std::string_view name) const { return parameters.find(name)->second; }
  std::optional<std::string_view> query(std::string_view name) const {
    return find(request.query, name);
  }
};

// One field of what is sent or answered.
struct Field {
  std::string name;
  std::string type;  // of JSON Schema: "string", "integer", "boolean", "object", "array" …
  std::string text;
  bool required = false;
  std::vector<Field> fields{};        // of an object, or of the objects in an array
  std::vector<std::string> values{};  // the only ones of a string
  bool may_be_null = false;
  int code = 0;  // the vendor's for a wrong value
};

enum class Takes : std::uint8_t { kNothing, kJson, kUpload };
enum class Gives : std::uint8_t { kJson, kText, kBytes };

struct Route;

// How one family of routes says what went wrong.
struct Dialect {
  std::string_view name;
  std::vector<std::string_view> prefixes;  // of the paths that are its
  Response (*refuse)(const Failure& failure);
  std::vector<Field> (*refusal_fields)();
};

struct Route {
  std::string method, pattern;  // "GET", "/v2/backups/{backupId}"
  std::string id, summary;      // operationId: "listBackups"
  const Dialect* dialect = nullptr;
  Privilege needs = Privilege::kOwner;
  std::vector<Field> query{}, body{}, answer{};
  Takes takes = Takes::kNothing;
  Gives gives = Gives::kJson;
  int forbidden_code = 0;   // the vendor's, for a caller without the privilege
  bool by_link = false;     // a signed address serves instead of a token
  bool of_cluster = false;  // answers about one cluster: a token for it may ask this alone
  std::function<Outcome(const Call&)> handle{};
};

Response json_response(const nlohmann::json& value, int status = 200);

const Dialect& dialect_of(std::string_view path);
const Dialect& own_dialect();

}  // namespace backcast::api
