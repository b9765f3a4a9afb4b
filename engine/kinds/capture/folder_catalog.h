// cluster.json: what a folder cluster holds, in one file, so that replacing it is one step from one
// state of the cluster to the next. docs/kinds.md has every field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/kinds/formats/files.h"

namespace backcast::kinds {

struct Segment {
  std::string file;  // without ".vectors" and ".payload"
  std::uint64_t rows = 0;
};

struct FolderCollection {
  std::string name, folder;  // folder: beneath that of its database
  std::uint32_t shards = 1;
  bool loaded = false;
  std::uint64_t ttl_seconds = 0;  // rows go after so long; 0 = never
  std::vector<std::string> aliases;
  std::vector<Segment> segments;

  std::uint64_t rows() const;
};

struct FolderDatabase {
  std::string name;
  std::vector<FolderCollection> collections;
};

struct FolderUser {
  std::string name, password_hash;  // crypto_pwhash_str; "" = no login
  std::vector<std::string> roles;
};

struct FolderRole {
  std::string name;
  std::vector<std::string> grants;
};

struct FolderCatalog {
  std::uint64_t generation = 0;  // grows with every change
  std::vector<FolderDatabase> databases;
  std::vector<FolderUser> users;
  std::vector<FolderRole> roles;
  std::string scaling = "{}";  // JSON, of the client alone

  FolderDatabase* find_database(std::string_view name);
  FolderCollection* find(std::string_view database, std::string_view name);
  // Whether a collection or an alias of this database has the name.
  bool is_taken(std::string_view database, std::string_view name) const;
};

// kNotFound if there is none; kBadInput with file, line and field otherwise.
Result<FolderCatalog> read_catalog(const Path& cluster);
std::string write_catalog(const FolderCatalog& catalog);
// The same for whoever looks: rows are sums, the vectors of each collection are what its schema in
// `data` says, no segment and no hash of a password is told.
std::string describe_catalog(const FolderCatalog& catalog, const Path& data);
// Of collection.json, the schema of a collection: {"dimension": 128, …}.
Result<std::uint32_t> read_dimension(const Path& collection);

inline constexpr const char* kCatalogFile = "cluster.json";
inline constexpr const char* kSchemaFile = "collection.json";
inline constexpr const char* kVectors = ".vectors";
inline constexpr const char* kPayload = ".payload";

}  // namespace backcast::kinds
