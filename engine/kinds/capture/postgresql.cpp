// One database of a PostgreSQL server: a zip of one pg_dump for each schema, all of one exported
// snapshot; restored by pg_restore in one transaction.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "engine/base/text.h"
#include "engine/kinds/capture/program.h"
#include "engine/kinds/capture/sources.h"
#include "engine/kinds/formats/json_fields.h"
#include "engine/kinds/formats/zip.h"

namespace backcast::kinds {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr const char* kFile = "postgresql.zip";
constexpr std::string_view kDump = ".dump";

// Schemas of users, in an order in which each comes after those whose tables, types and functions
// it is built on; tables up to 256 MiB are counted, of others the server's estimate is told.
constexpr std::string_view kDescribe = R"sql(
WITH RECURSIVE schemas AS (
  SELECT oid, nspname FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'),
places AS (
  SELECT 'pg_class'::regclass AS class, oid, relnamespace AS schema FROM pg_class
  UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type
  UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc
  UNION ALL SELECT 'pg_rewrite'::regclass, r.oid, c.relnamespace
            FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
  UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, c.relnamespace
            FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid),
needs AS (
  SELECT DISTINCT a.schema, b.schema AS needed FROM pg_depend d
  JOIN places a ON a.class = d.classid AND a.oid = d.objid
  JOIN places b ON b.class = d.refclassid AND b.oid = d.refobjid
  WHERE a.schema <> b.schema AND a.schema IN (SELECT oid FROM schemas)
    AND b.schema IN (SELECT oid FROM schemas)),
depths AS (
  SELECT oid AS schema, 0 AS depth, ARRAY[oid] AS way FROM schemas
  UNION ALL SELECT n.schema, p.depth + 1, p.way || n.schema FROM depths p
  JOIN needs n ON n.needed = p.schema WHERE NOT n.schema = ANY(p.way) AND p.depth < 20),
ordered AS (
  SELECT s.oid, s.nspname, (SELECT max(depth) FROM depths p WHERE p.schema = s.oid) AS depth
  FROM schemas s),
tables AS (
  SELECT o.nspname, c.relname, pg_relation_size(c.oid) > 268435456 AS big, c.reltuples,
    c.oid FROM pg_class c JOIN ordered o ON o.oid = c.relnamespace WHERE c.relkind = 'r'),
counted AS (
  SELECT nspname, relname, big, CASE WHEN big THEN greatest(reltuples, 0)::bigint ELSE
    (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %I.%I', nspname,
     relname), false, true, '')))[1]::text::bigint END AS rows FROM tables)
SELECT (json_build_object(
  'version', current_setting('server_version'),
  'schemas', (SELECT coalesce(json_agg(nspname ORDER BY depth, nspname), '[]') FROM ordered),
  'empty_schemas', (SELECT coalesce(json_agg(nspname), '[]') FROM ordered o WHERE NOT EXISTS
     (SELECT 1 FROM places p WHERE p.schema = o.oid)),
  'extensions', (SELECT coalesce(json_agg(extname ORDER BY extname), '[]') FROM pg_extension
     WHERE extname <> 'plpgsql'),
  'large_objects', (SELECT count(*) FROM pg_largeobject_metadata),
  'databases', json_build_array(json_build_object('name', current_database(), 'collections',
    (SELECT coalesce(json_agg(json_build_object('name', nspname || '.' || relname, 'rows', rows,
     'rows_are_estimated', big) ORDER BY nspname, relname), '[]') FROM counted)))
)::jsonb);
)sql";

// What pg_restore puts back at once.
struct Part {
  const char* section;
  bool foreign_keys;
};
constexpr Part kParts[] = {{"--section=pre-data", false},
                           {"--section=data", false},
                           {"--section=post-data", false},
                           {"--section=post-data", true}};

// A name of a schema as one of a file, and back.
std::string file_name_of(std::string_view schema) {
  std::string name;
  for (const char c : schema) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    name += plain ? std::string(1, c)
                  : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return name + std::string(kDump);
}

std::optional<std::string> schema_of(std::string_view file) {
  if (!file.ends_with(kDump)) return std::nullopt;
  file.remove_suffix(kDump.size());
  std::string schema;
  for (std::size_t i = 0; i < file.size(); ++i) {
    std::uint8_t byte = 0;
    if (file[i] != '%') {
      schema += file[i];
    } else if (i + 2 < file.size() &&
               std::sscanf(std::string(file.substr(i + 1, 2)).c_str(), "%2hhx", &byte) == 1) {
      schema += static_cast<char>(byte);
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  return schema;
}

std::string sql_name(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) text += c == '"' ? "\"\"" : std::string(1, c);
  return text + '"';
}

struct Server {
  std::vector<std::pair<std::string, std::string>> environment;

  Program program(std::vector<std::string> arguments) const {
    arguments.emplace_back("--no-password");
    return {std::move(arguments), environment};
  }
  Program psql() const {
    return program(
        {"psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"});
  }
};

class PostgreSql : public ClusterSource {
 public:
  explicit PostgreSql(Server server) : server_(std::move(server)) {}

  Result<std::string> describe() override {
    Progress progress;
    BACKCAST_TRY(Dialogue psql, Dialogue::start(server_.psql(), progress));
    BACKCAST_TRY(const json told, ask(psql));
    BACKCAST_CHECK(psql.finish());
    return dumped(told);
  }

  // The transaction that exported the snapshot stays open until the last dump is done.
  Result<Captured> capture(const Path& into, Progress& progress) override {
    BACKCAST_TRY(Dialogue psql, Dialogue::start(server_.psql(), progress));
    BACKCAST_CHECK(
        psql.say("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;\n"
                 "SELECT pg_export_snapshot();\n"));
    BACKCAST_TRY(const std::string snapshot, psql.hear_line());
    BACKCAST_TRY(const json told, ask(psql));
    BACKCAST_TRY(ZipWriter zip, ZipWriter::create(into / kFile));
    for (const json& schema : list_in(told, "schemas")) {
      BACKCAST_CHECK(dump(schema.get<std::string>(), snapshot, into, zip, progress));
    }
    BACKCAST_CHECK(zip.finish());
    BACKCAST_CHECK(psql.say("COMMIT;\n"));
    BACKCAST_CHECK(psql.finish());
    Captured captured;
    captured.contents = dumped(told);
    captured.warnings = warnings_of(told);
    BACKCAST_TRY(captured.logical_bytes, folder_bytes(into));
    return captured;
  }

  Status restore(const Path& from, const RestoreChoice& choice, Progress& progress) override {
    BACKCAST_CHECK(only_whole(choice, "postgresql"));
    const Aside aside(from / "unpacked");
    const Path& unpacked = aside.path();
    BACKCAST_CHECK(make_folders(unpacked));
    BACKCAST_TRY(const std::vector<std::string> schemas, unpack(from / kFile, unpacked));
    BACKCAST_TRY(Dialogue psql, Dialogue::start(server_.psql(), progress));
    BACKCAST_TRY(const json there, ask(psql));
    BACKCAST_CHECK(psql.say("BEGIN;\nSET client_min_messages = warning;\n"));
    for (const std::string& schema : schemas) {
      BACKCAST_CHECK(make_room(psql, there, schema, choice.replace));
    }
    // What refers to other schemas comes when the tables and keys of all are there.
    for (const Part& part : kParts) {
      for (const std::string& schema : schemas) {
        BACKCAST_CHECK(put_back(psql, unpacked / file_name_of(schema), part, choice, progress));
      }
    }
    BACKCAST_CHECK(psql.say("\nCOMMIT;\n"));
    return psql.finish();
  }

 private:
  static Result<json> ask(Dialogue& psql) {
    BACKCAST_CHECK(psql.say(kDescribe));
    BACKCAST_TRY(const std::string line, psql.hear_line());
    json told = json::parse(line, nullptr, false);
    if (!told.is_object()) return failed("psql answered something unexpected");
    return told;
  }

  static std::vector<std::string> warnings_of(const json& told) {
    std::vector<std::string> warnings;
    if (count_in(told, "large_objects") > 0) {
      warnings.emplace_back("large objects belong to no schema and are not part of the backup");
    }
    std::string names;
    for (const json& name : list_in(told, "extensions")) {
      names += (names.empty() ? "" : ", ") + name.get<std::string>();
    }
    if (!names.empty()) {
      warnings.push_back("extensions must be there before a restore: " + names);
    }
    return warnings;
  }

  // Uncompressed: the repository compresses, and stores once what did not change.
  Status dump(const std::string& schema, const std::string& snapshot, const Path& into,
              ZipWriter& zip, Progress& progress) {
    const Path file = into / file_name_of(schema);
    BACKCAST_CHECK(run_program(
        server_.program({"pg_dump", "--format=custom", "--compress=0", "--snapshot=" + snapshot,
                         "--schema=" + sql_name(schema), "--file=" + file.string()}),
        [](ByteView) -> Status { return kOk; }, progress));
    BACKCAST_TRY(const std::uint64_t bytes, file_bytes(file));
    BACKCAST_CHECK(zip.add(file.filename().string(), file, progress.stop));
    progress.bytes += bytes;
    std::error_code error;
    fs::remove(file, error);
    if (error) return file_error("remove", file, error);
    return kOk;
  }

  static Result<std::vector<std::string>> unpack(const Path& zip, const Path& into) {
    std::vector<std::string> schemas;
    BACKCAST_CHECK(read_zip(zip, [&](const std::string& name, const auto& content) -> Status {
      const auto schema = schema_of(name);
      if (!schema || file_name_of(*schema) != name) {
        return Error{Errc::kCorrupt, printable(name) + " is no dump of a schema", {}, ""};
      }
      schemas.push_back(*schema);
      return write_file(into / name, content);
    }));
    return schemas;
  }

  static Status make_room(Dialogue& psql, const json& there, const std::string& schema,
                          bool replace) {
    const auto has = [&](const char* list) {
      const json& names = list_in(there, list);
      return std::find(names.begin(), names.end(), json(schema)) != names.end();
    };
    if (!has("schemas")) return kOk;
    if (!replace && !has("empty_schemas")) {
      return Error{Errc::kExists,
                   "the database has a schema " + printable(schema) +
                       " already; nothing was "
                       "restored",
                   {},
                   "restore into an empty database, or let the restore replace what is there"};
    }
    return psql.say("DROP SCHEMA " + sql_name(schema) + " CASCADE;\n");
  }

  // The entries of a part that are foreign keys, or the others, as pg_restore lists them.
  static Status list_entries(const Path& dump, const Part& part, const Path& list,
                             Progress& progress) {
    BACKCAST_TRY(const std::string all,
                 output_of({{"pg_restore", "--list", part.section, dump.string()}}, progress));
    static const std::regex kForeignKey(R"(\d+; \d+ \d+ FK CONSTRAINT .*)");
    std::string kept;
    std::istringstream lines(all);
    for (std::string line; std::getline(lines, line);) {
      if (std::regex_match(line, kForeignKey) == part.foreign_keys) kept += line + '\n';
    }
    return write_file(list, [&](const ByteSink& sink) { return sink(as_bytes(kept)); });
  }

  static Status put_back(Dialogue& psql, const Path& dump, const Part& part,
                         const RestoreChoice& choice, Progress& progress) {
    const Aside list(dump.string() + ".list");
    BACKCAST_CHECK(list_entries(dump, part, list.path(), progress));
    std::vector<std::string> arguments{"pg_restore", part.section,
                                       "--use-list=" + list.path().string(), "--file=-"};
    if (!choice.users) {
      arguments.emplace_back("--no-owner");
      arguments.emplace_back("--no-privileges");
    }
    arguments.push_back(dump.string());
    return run_program(
        {std::move(arguments)},
        [&](ByteView sql) {
          progress.bytes += sql.size();
          return psql.say(as_text(sql));
        },
        progress);
  }

  Server server_;
};

}  // namespace

Opened open_postgresql(const Node& source, env::Env&) {
  only_fields(source, {"host", "port", "user", "database", "password_file"});
  Server server;
  const auto set = [&](const char* name, const std::optional<std::string>& value) {
    if (value) server.environment.emplace_back(name, *value);
  };
  set("PGHOST", source.text("host"));
  set("PGUSER", source.text("user"));
  if (!source.text("database")) source.fault_at("database", "the name of a database is missing");
  set("PGDATABASE", source.text("database"));
  if (source.has("port")) set("PGPORT", std::to_string(source.integer("port").value_or(0)));
  // The file that libpq knows, of mode 0600: host:port:database:user:password.
  if (source.has("password_file")) set("PGPASSFILE", path_in(source, "password_file").string());
  set("PGCONNECT_TIMEOUT", "10");
  set("PGAPPNAME", "backcast");
  return std::make_unique<PostgreSql>(std::move(server));
}

}  // namespace backcast::kinds
