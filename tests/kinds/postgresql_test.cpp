// A real PostgreSQL server: written to while it is captured, destroyed, restored, compared.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include <atomic>

#include "engine/kinds/capture/cluster_source.h"
#include "tests/kinds/jobs.h"

namespace backcast::kinds {
namespace {

using testing::HasSubstr;
using json = nlohmann::json;

class Postgres {
 public:
  Postgres() {
    std::filesystem::permissions(scratch_.path(), std::filesystem::perms(0755));
    const auto home = scratch_.make("server");
    write_whole(home / "password", "secret of the test\n");
    write_whole(scratch_ / "pgpass", "*:*:*:owner:secret of the test\n");
    std::filesystem::permissions(scratch_ / "pgpass", std::filesystem::perms(0600));
    give_to("postgres", home);
    shell(as_user("postgres", fmt::format("{}/initdb -D {}/data -U owner --auth=scram-sha-256 "
                                          "--pwfile={}/password -E UTF8 --no-sync >/dev/null",
                                          bin(), home.string(), home.string())));
    start();
    sql("postgres", "CREATE DATABASE shop");
  }
  void start() {
    const auto home = scratch_ / "server";
    server_ = std::make_unique<Daemon>(as_user(
        "postgres", fmt::format("{}/postgres -D {}/data -k {} -c listen_addresses= -c fsync=off "
                                "2>{}/log",
                                bin(), home.string(), home.string(), home.string())));
    EXPECT_TRUE(wait_until([&] {
      return std::system((psql("postgres") + " -c 'SELECT 1' >/dev/null 2>&1").c_str()) == 0;
    }));
  }
  void kill() { server_->stop(SIGQUIT); }

  std::string psql(const std::string& database) const {
    return fmt::format("PGPASSFILE={} psql -h {} -U owner -d {} -qtA -v ON_ERROR_STOP=1",
                       (scratch_ / "pgpass").string(), (scratch_ / "server").string(), database);
  }
  std::string sql(const std::string& database, const std::string& text) const {
    write_whole(scratch_ / "text.sql", text);
    return shell(psql(database) + " -f " + (scratch_ / "text.sql").string());
  }
  DataPlace place(const std::string& database) const {
    return {"postgresql", json{{"host", (scratch_ / "server").string()},
                               {"user", "owner"},
                               {"database", database},
                               {"password_file", (scratch_ / "pgpass").string()}}
                              .dump()};
  }
  std::unique_ptr<ClusterSource> open(const std::string& database) const {
    const DataPlace data = place(database);
    return *open_source(data.kind, data.source, env::posix_env());
  }
  const Scratch& scratch() const { return scratch_; }

 private:
  static std::string bin() { return trim_of(shell("ls -d /usr/lib/postgresql/*/bin | tail -1")); }
  static std::string trim_of(std::string text) {
    text.erase(text.find_last_not_of('\n') + 1);
    return text;
  }

  Scratch scratch_;
  std::unique_ptr<Daemon> server_;
};

constexpr const char* kTables = R"sql(
CREATE SCHEMA "Weird. Na/me";
CREATE SCHEMA billing;
CREATE TABLE public.orders(id int PRIMARY KEY, note text);
CREATE TABLE billing.invoices(id int PRIMARY KEY, order_id int REFERENCES public.orders, amount numeric);
CREATE VIEW public.a_view AS SELECT count(*) AS n FROM billing.invoices;
CREATE TABLE "Weird. Na/me"."T able"(v bytea);
CREATE SEQUENCE billing.numbers START 42;
INSERT INTO public.orders SELECT i, repeat('x', i % 50) FROM generate_series(1, 20000) i;
INSERT INTO billing.invoices SELECT i, i, i / 3.0 FROM generate_series(1, 20000) i;
INSERT INTO "Weird. Na/me"."T able" SELECT decode(md5(i::text), 'hex') FROM generate_series(1, 300) i;
)sql";

constexpr const char* kAllRows = R"sql(
SELECT * FROM public.orders ORDER BY id;
SELECT * FROM billing.invoices ORDER BY id;
SELECT * FROM "Weird. Na/me"."T able" ORDER BY v;
SELECT * FROM public.a_view;
SELECT last_value FROM billing.numbers;
)sql";

TEST(PostgreSql, P_FMT_01_AZipOfOneDumpForEachSchemaRestoresEqualRows) {
  const Postgres server;
  server.sql("shop", kTables);
  const auto& scratch = server.scratch();
  Progress progress;
  const auto captured = server.open("shop")->capture(scratch.make("backup"), progress);
  ASSERT_TRUE(captured.ok()) << to_string(captured.error());
  const json contents = json::parse(captured->contents);
  EXPECT_EQ(contents["databases"][0]["collections"].size(), 3u);
  EXPECT_THAT(captured->contents, HasSubstr(R"("rows":20000)"));
  // One zip of files that pg_restore of the vendor reads by itself.
  ASSERT_EQ(tree_of(scratch / "backup").size(), 1u);
  const std::string zip = (scratch / "backup/postgresql.zip").string();
  shell("unzip -q " + zip + " -d " + scratch.make("unzipped").string());
  const auto dumps = tree_of(scratch / "unzipped");
  ASSERT_EQ(dumps.size(), 3u);
  for (const auto& [name, bytes] : dumps) {
    EXPECT_TRUE(bytes.starts_with("PGDMP")) << name;
    shell("pg_restore -l '" + (scratch / "unzipped" / name).string() + "' >/dev/null");
  }
  const std::string rows = server.sql("shop", kAllRows);
  server.sql("postgres", "DROP DATABASE shop; ");
  server.sql("postgres", "CREATE DATABASE shop");
  const Status restored = server.open("shop")->restore(scratch / "backup", {}, progress);
  ASSERT_TRUE(restored.ok()) << to_string(restored.error());
  EXPECT_EQ(server.sql("shop", kAllRows), rows);
}

TEST(PostgreSql, ATakenSchemaChangesNothingAndReplacingTakesItWhole) {
  const Postgres server;
  server.sql("shop", kTables);
  const std::string rows = server.sql("shop", kAllRows);
  Progress progress;
  ASSERT_TRUE(server.open("shop")->capture(server.scratch().make("backup"), progress).ok());
  server.sql("shop",
             "UPDATE public.orders SET note = 'later'; CREATE TABLE public.later(i int);"
             "DROP SCHEMA \"Weird. Na/me\" CASCADE");
  const auto taken = server.open("shop")->restore(server.scratch() / "backup", {}, progress);
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, Errc::kExists);
  EXPECT_THAT(server.sql("shop", "SELECT DISTINCT note FROM public.orders"), HasSubstr("later"));
  RestoreChoice replace;
  replace.replace = true;
  const auto done = server.open("shop")->restore(server.scratch() / "backup", replace, progress);
  ASSERT_TRUE(done.ok()) << to_string(done.error());
  EXPECT_EQ(server.sql("shop", kAllRows), rows);
  EXPECT_EQ(server.sql("shop", "SELECT to_regclass('public.later') IS NULL"), "t\n");
}

// Each transaction moves one row from one schema to another: at every moment both have 1000 in all.
TEST(PostgreSql, AllSchemasAreOfOneMomentWhileClientsWrite) {
  const Postgres server;
  server.sql("shop", R"sql(
CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t(i int); CREATE TABLE b.t(i int);
INSERT INTO a.t SELECT generate_series(1, 1000);
CREATE PROCEDURE public.move() LANGUAGE plpgsql AS $$ BEGIN
  FOR i IN 1..1000000 LOOP
    WITH gone AS (DELETE FROM a.t WHERE i = (SELECT min(i) FROM a.t) RETURNING i)
      INSERT INTO b.t SELECT i FROM gone;
    COMMIT;
    WITH gone AS (DELETE FROM b.t WHERE i = (SELECT max(i) FROM b.t) AND random() < 0.3 RETURNING i)
      INSERT INTO a.t SELECT i FROM gone;
    COMMIT;
  END LOOP; END $$;)sql");
  Daemon writer(server.psql("shop") + " -c 'CALL public.move()' 2>/dev/null");
  for (int i = 0; i < 3; ++i) {
    Progress progress;
    const auto into = server.scratch().make("backup" + std::to_string(i));
    const auto captured = server.open("shop")->capture(into, progress);
    ASSERT_TRUE(captured.ok()) << to_string(captured.error());
    server.sql("postgres", fmt::format("CREATE DATABASE back{}", i));
    const auto done = server.open(fmt::format("back{}", i))->restore(into, {}, progress);
    ASSERT_TRUE(done.ok()) << to_string(done.error());
    EXPECT_EQ(server.sql(fmt::format("back{}", i),
                         "SELECT count(*), count(DISTINCT i) FROM "
                         "(SELECT i FROM a.t UNION ALL SELECT i FROM b.t) x"),
              "1000|1000\n");
  }
}

TEST(PostgreSql, P_RES_01_AJobFetchesPreparesAndLetsPgRestoreBringItBack) {
  const Postgres server;
  server.sql("shop", kTables);
  const std::string rows = server.sql("shop", kAllRows);
  Jobs jobs;
  const Stored stored = jobs.back_up(server.place("shop"));
  EXPECT_TRUE(jobs.download(stored).starts_with("PK"));
  server.sql("postgres", "DROP DATABASE shop");
  server.sql("postgres", "CREATE DATABASE shop");
  const Status restored = jobs.restore(stored, server.place("shop"));
  ASSERT_TRUE(restored.ok()) << to_string(restored.error());
  EXPECT_EQ(server.sql("shop", kAllRows), rows);
}

TEST(PostgreSql, P_BAD_01_ASourceThatDisappearsIsNoBackup) {
  Postgres server;
  server.sql("shop",
             "CREATE TABLE t AS SELECT i, repeat('x', 1000) x FROM "
             "generate_series(1, 200000) i");
  Tasks* tasks = nullptr;
  ProjectKeys keys(env::posix_env(), server.scratch() / "keys", "master", store::kStretchingFloor);
  Tasks of(env::posix_env(), keys);
  tasks = &of;
  const BackupTask task{"shop",
                        "b1",
                        "pg",
                        server.scratch() / "repository",
                        server.scratch() / "spool",
                        server.place("shop"),
                        {}};
  JobWatch watch;
  std::thread killer([&] {
    // As soon as a dump has begun.
    (void)wait_until([&] {
      std::error_code error;
      for (const auto& entry :
           std::filesystem::recursive_directory_iterator(server.scratch() / "spool", error)) {
        if (entry.path().extension() == ".dump") return true;
      }
      return false;
    });
    server.kill();
  });
  const auto stored = tasks->back_up(task, watch);
  killer.join();
  ASSERT_FALSE(stored.ok());
  EXPECT_THAT(to_string(stored.error()), testing::AnyOf(HasSubstr("pg_dump"), HasSubstr("psql")));
  EXPECT_TRUE(std::filesystem::is_empty(server.scratch() / "spool"));
  std::vector<Error> damaged;
  EXPECT_TRUE(tasks->labelled("shop", server.scratch() / "repository", damaged)->empty());
  JobWatch later;
  EXPECT_THAT(to_string(tasks->back_up(task, later).error()), HasSubstr("server"));
  server.start();
  EXPECT_TRUE(tasks->back_up(task, later).ok());
}

}  // namespace
}  // namespace backcast::kinds
