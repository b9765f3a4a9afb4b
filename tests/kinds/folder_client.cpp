#include "tests/kinds/folder_client.h"

#include <fcntl.h>
#include <sys/file.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>

namespace backcast::kinds {
namespace {

// Segments never change: no two clients of a test choose one name.
std::atomic<int> g_segments{0};

}  // namespace

FolderClient::FolderClient(std::filesystem::path root) : root_(std::move(root)) {
  std::filesystem::create_directories(root_);
  if (!std::filesystem::exists(root_ / "cluster.json")) {
    publish({{"generation", 1}, {"databases", json::array()}});
  }
}

nlohmann::json FolderClient::catalog() const {
  return json::parse(read_whole(root_ / "cluster.json"));
}

void FolderClient::create(const std::string& database, const std::string& name, const json& extra) {
  change([&](json& catalog) {
    write_whole(root_ / database / name / "collection.json", R"({"dimension": 4})");
    json collection = {{"name", name}, {"segments", json::array()}};
    collection.update(extra);
    database_in(catalog, database)["collections"].push_back(collection);
  });
}

void FolderClient::create(const std::string& database, const std::string& name) {
  create(database, name, json::object());
}

void FolderClient::insert(const std::vector<std::pair<std::string, std::string>>& into,
                          float value) {
  change([&](json& catalog) {
    for (const auto& [database, name] : into) {
      const std::string file = "s" + std::to_string(++g_segments);
      json& collection = collection_in(catalog, database, name);
      const auto folder = root_ / database / collection.value("folder", name);
      const std::vector<float> row(4, value);
      write_whole(folder / (file + ".vectors"),
                  {reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float)});
      write_whole(folder / (file + ".payload"), json{{"value", value}}.dump() + "\n");
      collection["segments"].push_back({{"file", file}, {"rows", 1}});
    }
  });
}

void FolderClient::merge(const std::string& database, const std::string& name) {
  std::vector<std::filesystem::path> old;
  change([&](json& catalog) {
    json& collection = collection_in(catalog, database, name);
    const auto folder = root_ / database / collection.value("folder", name);
    std::string vectors, payload;
    std::uint64_t rows = 0;
    for (const json& segment : collection["segments"]) {
      const auto path = folder / segment["file"].get<std::string>();
      vectors += read_whole(path.string() + ".vectors");
      payload += read_whole(path.string() + ".payload");
      rows += segment["rows"].get<std::uint64_t>();
      old.push_back(path);
    }
    const std::string file = "m" + std::to_string(++g_segments);
    write_whole(folder / (file + ".vectors"), vectors);
    write_whole(folder / (file + ".payload"), payload);
    collection["segments"] = json::array({{{"file", file}, {"rows", rows}}});
  });
  for (const auto& path : old) {
    std::filesystem::remove(path.string() + ".vectors");
    std::filesystem::remove(path.string() + ".payload");
  }
}

std::vector<std::pair<std::string, float>> FolderClient::rows(const std::string& database,
                                                              const std::string& name) const {
  json catalog = this->catalog();
  const json& collection = collection_in(catalog, database, name);
  const auto folder = root_ / database / collection.value("folder", name);
  std::vector<std::pair<std::string, float>> rows;
  for (const json& segment : collection["segments"]) {
    const auto path = (folder / segment["file"].get<std::string>()).string();
    const std::string vectors = read_whole(path + ".vectors");
    std::istringstream lines(read_whole(path + ".payload"));
    const auto count = segment["rows"].get<std::size_t>();
    EXPECT_EQ(vectors.size(), count * 16);
    for (std::size_t row = 0; row < count; ++row) {
      std::string line;
      std::getline(lines, line);
      float first = 0;
      std::memcpy(&first, vectors.data() + row * 16, sizeof first);
      rows.emplace_back(line, first);
    }
  }
  return rows;
}

void FolderClient::change(const std::function<void(json&)>& act) {
  const int lock = ::open((root_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ::flock(lock, LOCK_EX);
  json now = catalog();
  act(now);
  now["generation"] = now["generation"].get<int>() + 1;
  publish(now);
  ::close(lock);
}

nlohmann::json& FolderClient::collection_in(json& catalog, const std::string& database,
                                            const std::string& name) {
  for (json& collection : database_in(catalog, database)["collections"]) {
    if (collection["name"] == name) return collection;
  }
  throw std::runtime_error("no collection " + name);
}

nlohmann::json& FolderClient::database_in(json& catalog, const std::string& name) {
  for (json& database : catalog["databases"]) {
    if (database["name"] == name) return database;
  }
  catalog["databases"].push_back({{"name", name}, {"collections", json::array()}});
  return catalog["databases"].back();
}

void FolderClient::publish(const json& catalog) {
  write_whole(root_ / "cluster.json.new", catalog.dump());
  std::filesystem::rename(root_ / "cluster.json.new", root_ / "cluster.json");
}

}  // namespace backcast::kinds
