// A client of folder clusters, and folders for tests. It writes the format as docs/kinds.md has it,
// with nothing of the product's, so that both must mean the same.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace backcast::kinds {

class Scratch {
 public:
  Scratch() {
    std::string name = "/tmp/backcast-kinds-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path make(const std::string& name) const {
    std::filesystem::create_directories(path_ / name);
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_whole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_whole(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

// Contents by path, as far as they are files.
inline std::map<std::string, std::string> tree_of(const std::filesystem::path& root) {
  std::map<std::string, std::string> tree;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string path = std::filesystem::relative(entry.path(), root).string();
    tree[path] = entry.is_regular_file() ? read_whole(entry.path()) : "(no file)";
  }
  return tree;
}

class FolderClient {
 public:
  using json = nlohmann::json;
  explicit FolderClient(std::filesystem::path root) : root_(std::move(root)) {
    std::filesystem::create_directories(root_);
    if (!std::filesystem::exists(root_ / "cluster.json")) {
      publish({{"generation", 1}, {"databases", json::array()}});
    }
  }

  json catalog() const { return json::parse(read_whole(root_ / "cluster.json")); }

  void create(const std::string& database, const std::string& name, json extra = json::object()) {
    change([&](json& catalog) {
      write_whole(root_ / database / name / "collection.json", R"({"dimension": 4})");
      json collection = {{"name", name}, {"segments", json::array()}};
      collection.update(extra);
      database_in(catalog, database)["collections"].push_back(collection);
    });
  }

  // One row in each of the collections, in one step.
  void insert(const std::vector<std::pair<std::string, std::string>>& into, float value) {
    change([&](json& catalog) {
      for (const auto& [database, name] : into) {
        const std::string file = "s" + std::to_string(++segments_);
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

  // All segments of a collection become one; the old ones go at once.
  void merge(const std::string& database, const std::string& name) {
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
      const std::string file = "m" + std::to_string(++segments_);
      write_whole(folder / (file + ".vectors"), vectors);
      write_whole(folder / (file + ".payload"), payload);
      collection["segments"] = json::array({{{"file", file}, {"rows", rows}}});
    });
    for (const auto& path : old) {
      std::filesystem::remove(path.string() + ".vectors");
      std::filesystem::remove(path.string() + ".payload");
    }
  }

  // Every row of a collection as its payload and its vector's first float.
  std::vector<std::pair<std::string, float>> rows(const std::string& database,
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

  void change(const std::function<void(json&)>& act) {
    const int lock = ::open((root_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ::flock(lock, LOCK_EX);
    json now = catalog();
    act(now);
    now["generation"] = now["generation"].get<int>() + 1;
    publish(now);
    ::close(lock);
  }

  static json& collection_in(json& catalog, const std::string& database, const std::string& name) {
    for (json& collection : database_in(catalog, database)["collections"]) {
      if (collection["name"] == name) return collection;
    }
    throw std::runtime_error("no collection " + name);
  }

 private:
  static json& database_in(json& catalog, const std::string& name) {
    for (json& database : catalog["databases"]) {
      if (database["name"] == name) return database;
    }
    catalog["databases"].push_back({{"name", name}, {"collections", json::array()}});
    return catalog["databases"].back();
  }
  void publish(const json& catalog) {
    write_whole(root_ / "cluster.json.new", catalog.dump());
    std::filesystem::rename(root_ / "cluster.json.new", root_ / "cluster.json");
  }

  std::filesystem::path root_;
  // Segments never change: no two clients of a test choose one name.
  static inline std::atomic<int> segments_{0};
};

}  // namespace backcast::kinds
