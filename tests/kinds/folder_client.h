// A client of folder clusters, and folders for tests. It writes the format as docs/kinds.md has it,
// with nothing of the product's, so that both must mean the same.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
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
  explicit FolderClient(std::filesystem::path root);

  json catalog() const;
  void create(const std::string& database, const std::string& name);
  void create(const std::string& database, const std::string& name, const json& extra);
  // One row in each of the collections, in one step.
  void insert(const std::vector<std::pair<std::string, std::string>>& into, float value);
  // All segments of a collection become one; the old ones go at once.
  void merge(const std::string& database, const std::string& name);
  // Every row of a collection as its payload and its vector's first float.
  std::vector<std::pair<std::string, float>> rows(const std::string& database,
                                                  const std::string& name) const;
  void change(const std::function<void(json&)>& act);

  static json& collection_in(json& catalog, const std::string& database, const std::string& name);

 private:
  static json& database_in(json& catalog, const std::string& name);
  void publish(const json& catalog);

  std::filesystem::path root_;
};

}  // namespace backcast::kinds
