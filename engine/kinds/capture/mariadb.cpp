// A MariaDB server: what mariabackup streams, compressed; prepared and moved into its data folder
// to restore.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/env/system_error.h"
#include "engine/kinds/capture/program.h"
#include "engine/kinds/capture/sources.h"
#include "engine/kinds/formats/gzip.h"
#include "engine/kinds/formats/json_fields.h"

namespace backcast::kinds {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr const char* kFile = "mariadb.xb.gz";

constexpr const char* kDescribe =
    "SELECT version(), t.table_schema, t.table_name, coalesce(t.table_rows, 0) "
    "FROM information_schema.tables t WHERE t.table_type = 'BASE TABLE' AND t.table_schema NOT IN "
    "('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY 2, 3";

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, '\t');) cells.push_back(cell);
  return cells;
}

bool has_nothing(const Path& folder) {
  std::error_code error;
  return !fs::exists(folder, error) || fs::is_empty(folder, error);
}

class MariaDb : public ClusterSource {
 public:
  MariaDb(std::string defaults, std::vector<std::string> options, Path data)
      : defaults_(std::move(defaults)), options_(std::move(options)), data_(std::move(data)) {}

  Result<std::string> describe() override {
    Progress progress;
    Program program = client("mariadb", {"--batch", "--skip-column-names", "--execute"});
    program.arguments.emplace_back(kDescribe);
    BACKCAST_TRY(const std::string rows, output_of(program, progress));
    std::istringstream lines(rows);
    std::map<std::string, json> databases;
    std::string version;
    for (std::string line; std::getline(lines, line);) {
      const auto cells = split(line);
      if (cells.size() != 4) return failed("mariadb answered something unexpected");
      version = cells[0];
      databases.try_emplace(cells[1], json::array())
          .first->second.push_back({{"name", cells[2]},
                                    {"rows", std::strtoull(cells[3].c_str(), nullptr, 10)},
                                    {"rows_are_estimated", true}});
    }
    json list = json::array();
    for (auto& [name, tables] : databases) {
      list.push_back({{"name", name}, {"collections", std::move(tables)}});
    }
    return dumped({{"version", version}, {"databases", list}});
  }

  Result<Captured> capture(const Path& into, Progress& progress) override {
    Captured captured;
    BACKCAST_TRY(captured.contents, describe());
    const Aside aside(into / "meanwhile");
    BACKCAST_CHECK(make_folders(aside.path()));
    BACKCAST_TRY(GzipWriter gzip, GzipWriter::create(into / kFile));
    const Program program =
        client("mariabackup", {"--backup", "--stream=xbstream", "--datadir=" + data_.string(),
                               "--target-dir=" + aside.path().string()});
    const auto write = [&](ByteView bytes) {
      progress.bytes += bytes.size();
      return gzip.append(bytes);
    };
    BACKCAST_CHECK(run_program(program, write, progress));
    BACKCAST_CHECK(gzip.finish());
    BACKCAST_TRY(captured.logical_bytes, file_bytes(into / kFile));
    return captured;
  }

  // The server must be down. What there was goes when all that comes is ready.
  Status restore(const Path& from, const RestoreChoice& choice, Progress& progress) override {
    BACKCAST_CHECK(only_whole(choice, "mariadb"));
    if (!choice.replace && !has_nothing(data_)) {
      return Error{Errc::kExists,
                   data_.string() + " is not empty; nothing was restored",
                   {},
                   "restore into an empty folder, or let the restore replace what is there"};
    }
    if (output_of(client("mariadb-admin", {"--connect-timeout=2", "ping"}), progress).ok()) {
      return failed("the server runs; nothing was restored",
                    "stop it: its files are replaced beneath it");
    }
    const Aside aside(from / "prepared"), ready(data_.string() + ".restoring");
    BACKCAST_CHECK(prepare(from / kFile, aside.path(), progress));
    BACKCAST_CHECK(make_folders(ready.path()));
    BACKCAST_CHECK(
        run({"mariabackup", "--no-defaults", "--move-back", "--target-dir=" + aside.path().string(),
             "--datadir=" + ready.path().string()},
            {}, progress));
    BACKCAST_CHECK(give_owner(ready.path()));
    return put_in_place(ready.path());
  }

 private:
  Program client(const char* name, const std::vector<std::string>& arguments) const {
    Program program{{name, defaults_}};
    auto& all = program.arguments;
    all.insert(all.end(), options_.begin(), options_.end());
    all.insert(all.end(), arguments.begin(), arguments.end());
    return program;
  }

  static Status run(std::vector<std::string> arguments, const Path& input, Progress& progress) {
    return run_program(
        {std::move(arguments), {}, input}, [](ByteView) -> Status { return kOk; }, progress);
  }

  static Status prepare(const Path& file, const Path& into, Progress& progress) {
    BACKCAST_CHECK(make_folders(into));
    const Aside stream(into.string() + ".xb");
    const Status plain = write_file(stream.path(), [&](const ByteSink& sink) {
      return gunzip(file, [&](ByteView bytes) -> Status {
        BACKCAST_CHECK(go_on(progress));
        progress.bytes += bytes.size();
        return sink(bytes);
      });
    });
    if (!plain.ok()) return plain;
    BACKCAST_CHECK(run({"mbstream", "-x", "-C", into.string()}, stream.path(), progress));
    return run({"mariabackup", "--no-defaults", "--prepare", "--target-dir=" + into.string()}, {},
               progress);
  }

  // To whom the data folder belongs, or the folder it lies in.
  Status give_owner(const Path& folder) {
    std::error_code error;
    struct stat owner {};
    const Path model = fs::exists(data_, error) ? data_ : data_.parent_path();
    if (::stat(model.c_str(), &owner) != 0) {
      return env::system_error("look at", model.string(), errno);
    }
    if (::geteuid() != 0) return kOk;
    for (auto at = fs::recursive_directory_iterator(folder, error);
         !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
      if (::lchown(at->path().c_str(), owner.st_uid, owner.st_gid) != 0) {
        return env::system_error("give to its owner", at->path().string(), errno);
      }
    }
    if (::lchown(folder.c_str(), owner.st_uid, owner.st_gid) != 0) {
      return env::system_error("give to its owner", folder.string(), errno);
    }
    return kOk;
  }

  // Two renames; between them the old folder has another name and is whole.
  Status put_in_place(const Path& ready) {
    const Path old = data_.string() + ".replaced";
    std::error_code error;
    fs::remove_all(old, error);
    if (fs::exists(data_, error)) fs::rename(data_, old, error);
    if (!error) fs::rename(ready, data_, error);
    if (error) return file_error("put into its place", data_, error);
    fs::remove_all(old, error);
    return kOk;
  }

  std::string defaults_;  // an option that must come first
  std::vector<std::string> options_;
  Path data_;
};

}  // namespace

Opened open_mariadb(const Node& source, env::Env&) {
  only_fields(source, {"defaults_file", "socket", "host", "port", "user", "data_folder"});
  // A file of mode 0600 with the password: nobody sees it among arguments.
  std::string defaults = "--no-defaults";
  if (source.has("defaults_file")) {
    defaults = "--defaults-file=" + path_in(source, "defaults_file").string();
  }
  std::vector<std::string> options;
  for (const char* field : {"socket", "host", "user"}) {
    if (const auto value = source.text(field)) {
      options.push_back(fmt::format("--{}={}", field, *value));
    }
  }
  if (const auto port = source.integer("port")) options.push_back(fmt::format("--port={}", *port));
  return std::make_unique<MariaDb>(std::move(defaults), std::move(options),
                                   path_in(source, "data_folder"));
}

}  // namespace backcast::kinds
