#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/document.h"
#include "engine/base/text.h"
#include "engine/kinds/capture/sources.h"

namespace backcast::kinds {
namespace {

struct Kind {
  std::string_view name;
  Opened (*open)(const Node& source, env::Env& env);
  bool has_collections = false;
};
constexpr Kind kKinds[] = {
    {"elasticsearch", open_search_dumps},
    {"folder", open_folder_cluster, true},
    {"mariadb", open_mariadb},
    {"meilisearch", open_index_dumps},
    {"milvus-backup", open_milvus_folder},
    {"nats", open_nats},
    {"postgresql", open_postgresql},
    {"qdrant", open_vector_server, true},
    {"shared-storage", open_shared_storage},
};

}  // namespace

Status ClusterSource::choose(std::vector<CollectionName> collections) {
  if (collections.empty()) return kOk;
  return bad_input("data of this kind is captured whole", "ask for a backup of the whole cluster");
}

Result<std::string> ClusterSource::look_into(const std::filesystem::path&, const CollectionName&) {
  return bad_input("data of this kind comes back from its own backups alone");
}

Result<Captured> ClusterSource::adopt(const std::filesystem::path&, const CollectionName&,
                                      const std::filesystem::path&, Progress&) {
  return bad_input("data of this kind comes back from its own backups alone");
}

bool has_collections(const std::string& kind) {
  return std::any_of(std::begin(kKinds), std::end(kKinds), [&](const Kind& known) {
    return known.name == kind && known.has_collections;
  });
}

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

void only_fields(const Node& source, std::initializer_list<std::string_view> names) {
  const std::vector<std::string_view> known(names);
  for (const auto& [name, value] : source.value().items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    source.fault_at(name, "no field of this kind of data", did_you_mean(name, known));
  }
}

std::filesystem::path path_in(const Node& source, std::string_view field) {
  const std::filesystem::path path = source.text(field).value_or("");
  if (!path.is_absolute()) source.fault_at(field, "an absolute path is missing");
  return path;
}

Status only_whole(const RestoreChoice& choice, std::string_view kind) {
  if (choice.collections.empty() && choice.load == LoadChoice::kAsSaved && !choice.max_shards &&
      choice.logins.empty()) {
    return kOk;
  }
  return bad_input(fmt::format("data of the kind {} comes back whole and as it was", kind),
                   "leave out collections, load state, shards and logins");
}

Result<std::unique_ptr<ClusterSource>> open_source(const std::string& kind,
                                                   const std::string& source, env::Env& env) {
  BACKCAST_TRY(const Document document, Document::parse(source, "source"));
  if (!document.root().is_object()) return bad_input("the source of a cluster is no JSON object");
  for (const Kind& known : kKinds) {
    if (known.name != kind) continue;
    Faults faults(document, Faults::Types::kToldHere);
    Opened opened = known.open(Node(document.root(), "", faults), env);
    if (faults.any()) return faults.take().front();
    return opened;
  }
  const std::vector<std::string> names = kind_names();
  return bad_input(printable(kind) + " is no kind of data", did_you_mean(kind, names));
}

}  // namespace backcast::kinds
