// Services whose own tools write their dumps, for Debian has neither: the newest dump in a folder
// is kept byte for byte if it is what such a dump must be, and put back where the tool finds it.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/base/text.h"
#include "engine/kinds/capture/sources.h"
#include "engine/kinds/formats/gzip.h"
#include "engine/kinds/formats/json_fields.h"
#include "engine/kinds/formats/tar_folder.h"

namespace backcast::kinds {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr std::size_t kMaxLine = 256 << 20;

// What a dump holds: names with counts.
using Counts = std::map<std::string, std::uint64_t>;

struct DumpFormat {
  std::string_view kind, ending;
  Result<Counts> (*check)(const Path& file);
};

Error no_dump(const Path& file, std::string_view why) {
  return Error{Errc::kCorrupt, file.string() + " is no dump: " + std::string(why), {}, ""};
}

// elasticdump: gzip of one JSON object a line, each with the index it belongs to.
Result<Counts> check_search_dump(const Path& file) {
  Counts counts;
  std::string line;
  const auto take_line = [&]() -> Status {
    const std::string text = std::exchange(line, {});
    if (trim(text).empty()) return kOk;
    const std::string index = text_in(json::parse(text, nullptr, false), "_index");
    if (index.empty()) return no_dump(file, "a line is no document of an index");
    ++counts[index];
    return kOk;
  };
  const auto take = [&](ByteView bytes) -> Status {
    std::string_view text = as_text(bytes);
    for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
      line += text.substr(0, end);
      text.remove_prefix(end + 1);
      BACKCAST_CHECK(take_line());
    }
    line += text;
    return line.size() <= kMaxLine ? Status(kOk) : no_dump(file, "a line is too long");
  };
  BACKCAST_CHECK(gunzip(file, take));
  BACKCAST_CHECK(take_line());
  return counts;
}

// Meilisearch: a compressed tar with metadata.json and indexes/UID/documents.jsonl.
Result<Counts> check_index_dump(const Path& file) {
  Counts counts;
  bool has_metadata = false;
  BACKCAST_CHECK(read_tar(file, [&](const TarEntry& entry, const auto& content) -> Status {
    const Path path = entry.path;
    has_metadata = has_metadata || path == "metadata.json";
    if (path.filename() != "documents.jsonl" || path.begin()->string() != "indexes") {
      return content([](ByteView) -> Status { return kOk; });
    }
    std::uint64_t& rows = counts[path.parent_path().filename().string()];
    return content([&](ByteView bytes) -> Status {
      rows += static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
      return kOk;
    });
  }));
  if (!has_metadata) return no_dump(file, "it has no metadata.json");
  return counts;
}

constexpr DumpFormat kSearch{"elasticsearch", ".gz", check_search_dump};
constexpr DumpFormat kIndexes{"meilisearch", ".dump", check_index_dump};

std::string told(const Counts& counts) {
  json collections = json::array();
  for (const auto& [name, rows] : counts) collections.push_back({{"name", name}, {"rows", rows}});
  return dumped({{"databases", {{{"name", "default"}, {"collections", collections}}}}});
}

class DumpFiles : public ClusterSource {
 public:
  DumpFiles(const DumpFormat& format, Path path) : format_(format), path_(std::move(path)) {}

  Result<std::string> describe() override {
    BACKCAST_TRY(const Path newest, find_newest());
    BACKCAST_TRY(const Counts counts, format_.check(newest));
    return told(counts);
  }

  // The copy is checked, not the original: it may be written while it is read.
  Result<Captured> capture(const Path& into, Progress& progress) override {
    BACKCAST_TRY(const Path newest, find_newest());
    BACKCAST_CHECK(go_on(progress));
    const Path file = into / newest.filename();
    BACKCAST_CHECK(copy_whole(newest, file));
    BACKCAST_TRY(const Counts counts, format_.check(file));
    Captured captured;
    captured.contents = told(counts);
    BACKCAST_TRY(captured.logical_bytes, file_bytes(file));
    progress.bytes += captured.logical_bytes;
    return captured;
  }

  Status restore(const Path& from, const RestoreChoice& choice, Progress& progress) override {
    BACKCAST_CHECK(only_whole(choice, format_.kind));
    BACKCAST_CHECK(go_on(progress));
    BACKCAST_CHECK(make_folders(path_));
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(from, error)) {
      const Path to = path_ / entry.path().filename();
      if (!choice.replace && fs::exists(to, error)) {
        return Error{Errc::kExists,
                     to.string() + " is there already; nothing was restored",
                     {},
                     "move it away, or let the restore replace it"};
      }
      const Aside aside(to.string() + ".restoring");
      BACKCAST_CHECK(copy_whole(entry.path(), aside.path()));
      fs::rename(aside.path(), to, error);
      if (error) return file_error("put into its place", to, error);
    }
    if (error) return file_error("list", from, error);
    return kOk;
  }

 private:
  Result<Path> find_newest() const {
    std::error_code error;
    std::optional<fs::directory_entry> newest;
    for (const auto& entry : fs::directory_iterator(path_, error)) {
      if (entry.path().extension() != format_.ending || !entry.is_regular_file(error)) continue;
      if (!newest || entry.last_write_time(error) > newest->last_write_time(error)) newest = entry;
    }
    if (error) return file_error("list", path_, error);
    if (newest) return newest->path();
    return Error{Errc::kNotFound,
                 fmt::format("{} holds no file *{}", path_.string(), format_.ending),
                 {},
                 "let the service's own tool write a dump there first"};
  }

  const DumpFormat& format_;
  Path path_;
};

Opened open_dumps(const DumpFormat& format, const Node& source) {
  only_fields(source, {"dumps"});
  return std::make_unique<DumpFiles>(format, path_in(source, "dumps"));
}

}  // namespace

Opened open_search_dumps(const Node& source, env::Env&) {
  return open_dumps(kSearch, source);
}
Opened open_index_dumps(const Node& source, env::Env&) {
  return open_dumps(kIndexes, source);
}

}  // namespace backcast::kinds
