// How each kind of data is opened; open_source chooses. Each gets the fields of its source, which
// it reads with their places.
#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>

#include "engine/base/document/node.h"
#include "engine/kinds/capture/cluster_source.h"

namespace backcast::kinds {

using Opened = std::unique_ptr<ClusterSource>;

Opened open_folder_cluster(const Node& source, env::Env& env);
Opened open_index_dumps(const Node& source, env::Env& env);
Opened open_mariadb(const Node& source, env::Env& env);
Opened open_milvus_folder(const Node& source, env::Env& env);
Opened open_nats(const Node& source, env::Env& env);
Opened open_postgresql(const Node& source, env::Env& env);
Opened open_search_dumps(const Node& source, env::Env& env);
Opened open_shared_storage(const Node& source, env::Env& env);
Opened open_vector_server(const Node& source, env::Env& env);

// Any other field is a fault: nothing would act on it.
void only_fields(const Node& source, std::initializer_list<std::string_view> names);
// A field that must be there and name an absolute path.
std::filesystem::path path_in(const Node& source, std::string_view field);

// For work that someone may end.
inline Status go_on(const Progress& progress) {
  if (progress.stop) return Error{Errc::kInterrupted, "stopped before it was done", {}, ""};
  return kOk;
}
// Of a kind of data that comes back as a whole.
Status only_whole(const RestoreChoice& choice, std::string_view kind);

}  // namespace backcast::kinds
