// Whether a saved collection may take the place of one that is there.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/text.h"
#include "engine/kinds/capture/cluster_source.h"
#include "engine/kinds/formats/json_fields.h"

namespace backcast::kinds {
namespace {

using nlohmann::json;

json parsed(const std::string& text) {
  return json::parse(text, nullptr, false);
}

json collection_in(const json& described, const CollectionName& as) {
  for (const json& database : list_in(described, "databases")) {
    if (text_in(database, "name") != as.database) continue;
    for (const json& one : list_in(database, "collections")) {
      if (text_in(one, "name") == as.name) return one;
    }
  }
  return nullptr;
}

Status check_shard(const json& there, const CollectionName& as) {
  const json& shards = list_in(there, "shard_ids");
  if (std::find(shards.begin(), shards.end(), json(*as.shard)) != shards.end()) return kOk;
  return Error{Errc::kNotFound,
               fmt::format("the collection {} has no shard {} here", printable(as.name), *as.shard),
               {},
               ""};
}

}  // namespace

Status check_fit(const std::string& saved, const CollectionName& of, const std::string& cluster,
                 const CollectionName& as) {
  const json ours = collection_in(parsed(saved), of);
  const json there = collection_in(parsed(cluster), as);
  if (!ours.is_object()) return bad_input("it holds no collection");
  if (as.shard) BACKCAST_CHECK(check_shard(there, as));
  const bool one_shard = ours.contains("shard");
  if (one_shard != as.shard.has_value()) {
    return bad_input(one_shard ? "it holds one shard alone, not a collection"
                               : "it holds a whole collection, not a shard");
  }
  if (!there.is_object()) return kOk;
  if (ours.contains("vectors") && there.contains("vectors") &&
      ours["vectors"] != there["vectors"]) {
    return bad_input(
        fmt::format("the vectors of {} are {}, those of the snapshot {}", printable(as.name),
                    dumped(there["vectors"]), dumped(ours["vectors"])),
        "delete the collection, or recover it under another name");
  }
  if (ours.contains("shards") && there.contains("shards") && ours["shards"] != there["shards"]) {
    return bad_input(
        fmt::format("the collection {} has {} shards, that of the snapshot {}", printable(as.name),
                    dumped(there["shards"]), dumped(ours["shards"])),
        "delete the collection, or recover it under another name");
  }
  return kOk;
}

}  // namespace backcast::kinds
