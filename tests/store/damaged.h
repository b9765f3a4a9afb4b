// A repository in which packs and chunks go bad.
#pragma once

#include "engine/store/packs/load_index.h"
#include "tests/reliability/lab.h"

namespace backcast::store {

class DamagedLab : public Lab {
 public:
  explicit DamagedLab(std::size_t large_bytes = 200'000) : Lab(large_bytes) {}

  std::vector<std::string> files(const std::string& folder) {
    std::vector<std::string> found;
    for (const std::string& name : env().files()) {
      if (name.find('/' + folder + '/') != std::string::npos) found.push_back(name);
    }
    return found;
  }
  std::vector<std::string> packs() { return files("packs"); }
  static std::string path_of(const Id& pack) {
    return std::string(kPath) + '/' + name_of(ObjectType::kPack, pack);
  }

  void flip(const std::string& name, std::size_t at) {
    std::string bytes = env().bytes(name);
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    env().set_bytes(name, bytes);
  }
  // In the copy of the chunk that readers take. Returns its pack.
  Id flip_chunk(const Id& chunk) {
    const auto repository = *open();
    const Index index = *load_index(*repository);
    const IndexEntry& entry = *index.find(chunk);
    const Id pack = index.packs()[entry.pack].id;
    flip(path_of(pack), entry.offset_bytes + 3);
    return pack;
  }
  // The first chunk of content that the snapshot refers to.
  Id flip_a_data_chunk(const Id& snapshot) {
    const auto repository = *open();
    const Index index = *load_index(*repository);
    PackFiles files(*repository, index);
    BlobReader reader(files);
    const Snapshot loaded = *load_snapshot(*repository, snapshot);
    ReferenceReader references(reader, loaded);
    const Id chunk = references.next(1)->front();
    flip_chunk(chunk);
    return chunk;
  }

  CheckResult check(bool with_keys, bool read_data = true) {
    const auto repository = with_keys ? *open() : *open_to_write();
    CheckOptions options;
    options.read_data = read_data;
    options.threads = 1;
    CheckProgress progress;
    auto checked = store::check(*repository, options, progress);
    EXPECT_TRUE(checked.ok()) << to_string(checked.error());
    return *std::move(checked);
  }
  Result<std::unique_ptr<Repository>> open_to_write() {
    OpenOptions options;
    options.writer = *parse_writer_key(writer_key_text(keys()));
    return Repository::open(env(), kPath, options);
  }
};

}  // namespace backcast::store
