// Snapshots go back: from a file or an address, or as an upload.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/api/snapshots/recoveries.h"

namespace backcast::api {
namespace {

using nlohmann::json;

const std::vector<std::string> kPriorities{"no_sync", "snapshot", "replica"};
std::atomic<std::uint64_t> next_upload{0};

// As the server compares them: case and blanks do not count.
Result<std::string, Failure> sum_in(std::string text) {
  constexpr std::size_t kDigits = 64;
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool is_sum =
      text.size() == kDigits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (text.empty() || is_sum) return text;
  return Failure{400, "checksum: a SHA-256 has 64 hexadecimal digits"};
}

Outcome begin(Recoveries& recoveries, const Call& call, Recovery asked) {
  const Answer answer;
  BACKCAST_TRY(const bool wait, waits(call));
  BACKCAST_TRY(const Recoveries::Done done, recoveries.begin(std::move(asked)));
  if (!wait) return answer.accepted();
  Response waiting;
  waiting.later = [answer, done]() -> std::optional<Response> {
    if (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return std::nullopt;
    return done.get().ok() ? answer.done(true) : answer.refused(done.get().error());
  };
  return waiting;
}

// What both ways share. A shard must be there; a collection is made where there is none.
Result<Recovery, Failure> asked_of(Recoveries& recoveries, const Call& call,
                                   const std::string& checksum) {
  BACKCAST_CHECK(waits(call));
  Recovery asked;
  asked.caller = caller_of(call);
  BACKCAST_TRY(asked.part, part_of(call));
  BACKCAST_TRY(asked.checksum, sum_in(checksum));
  BACKCAST_TRY(asked.cluster, recoveries.snapshots().cluster_of(call));
  if (asked.part.shard) {
    BACKCAST_CHECK(recoveries.snapshots().check_there(asked.cluster, asked.part));
  }
  return asked;
}

Outcome recover(Recoveries& recoveries, const Call& call) {
  BACKCAST_TRY(Recovery asked, asked_of(recoveries, call, call.body.value("checksum", "")));
  asked.location = call.body["location"].get<std::string>();
  asked.api_key = call.body.value("api_key", "");
  asked.priority = call.body.value("priority", asked.priority);
  if (!names_ours(asked)) {
    const Status may = recoveries.backend().data.check_location(asked.cluster, asked.location);
    if (!may.ok()) {
      Failure failure = failure_of(may.error());
      if (may.error().code != Errc::kBadInput) failure.status = 403;
      return failure;
    }
  }
  return begin(recoveries, call, std::move(asked));
}

Outcome upload(Recoveries& recoveries, const Call& call) {
  BACKCAST_TRY(Recovery asked,
               asked_of(recoveries, call, std::string(call.query("checksum").value_or(""))));
  asked.priority = std::string(call.query("priority").value_or(asked.priority));
  if (std::find(kPriorities.begin(), kPriorities.end(), asked.priority) == kPriorities.end()) {
    return Failure{400, fmt::format("\"priority\" is none of {}", fmt::join(kPriorities, ", "))};
  }
  if (call.request.body_file.empty()) return Failure{400, "the body is empty"};
  asked.content_type = std::string(find(call.request.headers, "content-type").value_or(""));
  // The request's own file goes when it has been answered, and the work may go on after that.
  asked.upload = fmt::format("{}/upload-{}-{}", recoveries.backend().scratch_folder, ::getpid(),
                             next_upload++);
  if (std::rename(call.request.body_file.c_str(), asked.upload.c_str()) != 0) {
    return Failure{500, "the upload cannot be kept"};
  }
  return begin(recoveries, call, std::move(asked));
}

void add_calls(std::vector<Route>& routes, Recoveries& recoveries, const std::string& place,
               const std::string& of, const std::string& what) {
  const Field wait{"wait", "boolean", "False: answers 202 and goes on"};
  const Field checksum{"checksum", "string", "SHA-256 that it must have"};
  const Field priority{
      "priority", "string", "Which side wins where other replicas are active; without: snapshot",
      false,      {},       kPriorities};
  routes.push_back({.method = "PUT",
                    .pattern = place + "/recover",
                    .id = "qdrantRecover" + of,
                    .summary = "Recovers " + what + " from a file or an address",
                    .needs = Privilege::kManage,
                    .query = {wait},
                    .body = {{"location", "string",
                              "file://, http:// or https://; of a shard a name, too", true},
                             priority,
                             checksum,
                             {"api_key", "string", "Sent to that address"}},
                    .answer = enveloped({"", "boolean", ""}),
                    .takes = Takes::kJson,
                    .of_cluster = true,
                    .handle = [&](const Call& call) { return recover(recoveries, call); }});
  routes.push_back({.method = "POST",
                    .pattern = place + "/upload",
                    .id = "qdrantUpload" + of,
                    .summary = "Recovers " + what + " from an upload",
                    .needs = Privilege::kManage,
                    .query = {wait, priority, checksum},
                    .answer = enveloped({"", "boolean", ""}),
                    .takes = Takes::kUpload,
                    .of_cluster = true,
                    .handle = [&](const Call& call) { return upload(recoveries, call); }});
}

}  // namespace

std::vector<Route> recover_routes(Recoveries& recoveries) {
  std::vector<Route> routes;
  add_calls(routes, recoveries, "/collections/{collection}/snapshots", "Collection",
            "a collection");
  add_calls(routes, recoveries, "/collections/{collection}/shards/{shard}/snapshots", "Shard",
            "one shard");
  return routes;
}

}  // namespace backcast::api
