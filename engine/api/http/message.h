// What an HTTP server and what answers its requests give each other: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"

namespace backcast::api {

using Fields = std::vector<std::pair<std::string, std::string>>;

// The first value of that name, or nothing.
std::optional<std::string_view> find(const Fields& fields, std::string_view name);

struct Request {
  std::string method;  // "GET"
  std::string target;  // as it was sent: "/v2/backups?pageSize=10"
  // Taken apart and decoded. A segment may hold any character but U+0000, a slash too: it is a name
  // to look up, never a part of a path.
  std::vector<std::string> segments;
  Fields query;
  Fields headers;         // names in lower case
  std::string body;       // unless the body went to a file
  std::string body_file;  // a file of this request's own; gone when the request has been answered
  std::string peer;       // address of the other side, without its port
};

struct Response {
  int status = 200;
  Fields headers;
  std::string body;
  std::string file;           // sent instead of the body
  bool removes_file = false;  // once it has been sent
  // Asked again and again until it has an answer; no thread waits meanwhile. The fields above are
  // not looked at then.
  std::function<std::optional<Response>()> later;
};

// What to do with a request whose head has been read: refuse it, or read so much of its body.
struct BodyPlan {
  std::optional<Response> refusal;
  std::uint64_t max_bytes = 0;  // more is answered by `too_long`
  bool to_file = false;
};

// Called by several threads at once. Must not throw.
struct Service {
  std::function<BodyPlan(const Request&)> on_head;
  std::function<Response(Request)> answer;
  // An answer to what cannot be read as a request (400, 408, 413, 431) or not be taken on (503).
  std::function<Response(const Request&, int status, std::string_view what)> refuse;
};

// Fills segments and query from the target. Errors: kBadInput where it is not a path ("/a/b?c=d")
// or a %-escape is broken or hides U+0000.
Status take_apart(Request& request);

}  // namespace backcast::api
