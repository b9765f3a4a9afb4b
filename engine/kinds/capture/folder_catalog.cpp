#include "engine/kinds/capture/folder_catalog.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/document.h"
#include "engine/base/document/node.h"

namespace backcast::kinds {
namespace {

using nlohmann::json;

std::string name_in(const Node& node, std::string_view field) {
  const auto name = node.text(field);
  if (!name) {
    node.fault_at(field, "a name is missing");
    return {};
  }
  if (auto fine = check_name(field, *name); !fine.ok()) node.fault_at(field, fine.error());
  return *name;
}

std::uint64_t count_in(const Node& node, std::string_view field, std::uint64_t otherwise,
                       std::uint64_t at_least = 0, std::uint64_t at_most = INT64_MAX) {
  if (!node.has(field)) return otherwise;
  const auto value = node.integer(field);
  if (!value) return otherwise;
  if (*value < 0 || static_cast<std::uint64_t>(*value) < at_least ||
      static_cast<std::uint64_t>(*value) > at_most) {
    node.fault_at(field, std::to_string(*value) + " is out of range");
    return otherwise;
  }
  return static_cast<std::uint64_t>(*value);
}

FolderCollection collection_of(const Node& node) {
  FolderCollection collection;
  collection.name = name_in(node, "name");
  collection.folder = node.has("folder") ? name_in(node, "folder") : collection.name;
  collection.shards = static_cast<std::uint32_t>(count_in(node, "shards", 1, 1, 1 << 16));
  collection.loaded = node.boolean("loaded").value_or(false);
  collection.ttl_seconds = count_in(node, "ttl_seconds", 0);
  collection.aliases = node.texts("aliases");
  for (const Node& segment : node.items("segments")) {
    collection.segments.push_back({name_in(segment, "file"), count_in(segment, "rows", 0)});
  }
  return collection;
}

FolderCatalog catalog_of(const Node& root) {
  FolderCatalog catalog;
  catalog.generation = count_in(root, "generation", 0);
  for (const Node& node : root.items("databases")) {
    FolderDatabase database{name_in(node, "name"), {}};
    if (catalog.find_database(database.name) != nullptr)
      node.fault("a second database of its name");
    for (const Node& item : node.items("collections")) {
      database.collections.push_back(collection_of(item));
    }
    catalog.databases.push_back(std::move(database));
  }
  for (const Node& node : root.items("users")) {
    catalog.users.push_back(
        {name_in(node, "name"), node.text("password_hash").value_or(""), node.texts("roles")});
  }
  for (const Node& node : root.items("roles")) {
    catalog.roles.push_back({name_in(node, "name"), node.texts("grants")});
  }
  if (root.has("scaling")) catalog.scaling = root.child("scaling").value().dump();
  return catalog;
}

// Every name of a database once, collections and aliases alike.
void check_names(const FolderCatalog& catalog, Faults& faults) {
  for (const FolderDatabase& database : catalog.databases) {
    std::vector<std::string> names;
    for (const FolderCollection& collection : database.collections) {
      names.push_back(collection.name);
      names.insert(names.end(), collection.aliases.begin(), collection.aliases.end());
    }
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) {
      faults.add("/databases",
                 "the database \"" + database.name + "\" has the name \"" + *twice + "\" twice");
    }
  }
}

Result<Document> read_object(const Path& path) {
  BACKCAST_TRY(Document document, Document::read(path.string()));
  if (!document.root().is_object()) {
    return Error{Errc::kBadInput, "not a JSON object", {path.string(), "", 1, 1}, ""};
  }
  return document;
}

json json_of(const FolderCollection& collection) {
  json segments = json::array();
  for (const Segment& segment : collection.segments) {
    segments.push_back({{"file", segment.file}, {"rows", segment.rows}});
  }
  return {{"name", collection.name},      {"folder", collection.folder},
          {"shards", collection.shards},  {"loaded", collection.loaded},
          {"segments", segments},         {"ttl_seconds", collection.ttl_seconds},
          {"aliases", collection.aliases}};
}

}  // namespace

std::uint64_t FolderCollection::rows() const {
  std::uint64_t sum = 0;
  for (const Segment& segment : segments) sum += segment.rows;
  return sum;
}

FolderDatabase* FolderCatalog::find_database(std::string_view name) {
  for (FolderDatabase& database : databases) {
    if (database.name == name) return &database;
  }
  return nullptr;
}

FolderCollection* FolderCatalog::find(std::string_view database, std::string_view name) {
  FolderDatabase* in = find_database(database);
  if (in == nullptr) return nullptr;
  for (FolderCollection& collection : in->collections) {
    if (collection.name == name) return &collection;
  }
  return nullptr;
}

bool FolderCatalog::is_taken(std::string_view database, std::string_view name) const {
  for (const FolderDatabase& in : databases) {
    if (in.name != database) continue;
    for (const FolderCollection& collection : in.collections) {
      const auto& aliases = collection.aliases;
      if (collection.name == name) return true;
      if (std::find(aliases.begin(), aliases.end(), name) != aliases.end()) return true;
    }
  }
  return false;
}

Result<FolderCatalog> read_catalog(const Path& cluster) {
  BACKCAST_TRY(const Document document, read_object(cluster / kCatalogFile));
  Faults faults(document, Faults::Types::kToldHere);
  FolderCatalog catalog = catalog_of(Node(document.root(), "", faults));
  check_names(catalog, faults);
  if (faults.any()) return faults.take().front();
  return catalog;
}

std::string write_catalog(const FolderCatalog& catalog) {
  json databases = json::array(), users = json::array(), roles = json::array();
  for (const FolderDatabase& database : catalog.databases) {
    json collections = json::array();
    for (const auto& collection : database.collections) collections.push_back(json_of(collection));
    databases.push_back({{"name", database.name}, {"collections", collections}});
  }
  for (const FolderUser& user : catalog.users) {
    users.push_back(
        {{"name", user.name}, {"password_hash", user.password_hash}, {"roles", user.roles}});
  }
  for (const FolderRole& role : catalog.roles) {
    roles.push_back({{"name", role.name}, {"grants", role.grants}});
  }
  return json{{"generation", catalog.generation},
              {"databases", databases},
              {"users", users},
              {"roles", roles},
              {"scaling", json::parse(catalog.scaling, nullptr, false)}}
             .dump(1) +
         "\n";
}

std::string describe_catalog(const FolderCatalog& catalog, const Path& data) {
  json told = json::parse(write_catalog(catalog), nullptr, false);
  for (json& database : told["databases"]) {
    for (json& collection : database["collections"]) {
      std::uint64_t rows = 0;
      for (const json& segment : collection["segments"]) {
        rows += segment["rows"].get<std::uint64_t>();
      }
      collection["rows"] = rows;
      const auto dimension = read_dimension(data / database["name"].get<std::string>() /
                                            collection["folder"].get<std::string>());
      if (dimension.ok()) collection["vectors"] = {{"size", *dimension}};
      collection.erase("segments");
      collection.erase("folder");
    }
  }
  for (json& user : told["users"]) user.erase("password_hash");
  return told.dump();
}

Result<std::uint32_t> read_dimension(const Path& collection) {
  BACKCAST_TRY(const Document document, read_object(collection / kSchemaFile));
  Faults faults(document, Faults::Types::kToldHere);
  const Node root(document.root(), "", faults);
  const auto dimension = count_in(root, "dimension", 0, 1, 1 << 20);
  if (dimension == 0) root.fault_at("dimension", "the number of floats of a vector is missing");
  if (faults.any()) return faults.take().front();
  return static_cast<std::uint32_t>(dimension);
}

}  // namespace backcast::kinds
