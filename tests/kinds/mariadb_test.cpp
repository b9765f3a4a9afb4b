// A real MariaDB server: written to while it is captured, destroyed, restored, compared.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/kinds/jobs.h"

namespace backcast::kinds {
namespace {

using testing::HasSubstr;
using json = nlohmann::json;

class MariaServer {
 public:
  MariaServer() {
    std::filesystem::permissions(scratch_.path(), std::filesystem::perms(0755));
    give_to("mysql", scratch_.make("home"));
    // Two servers that begin together take the same names for temporary tables, so each has a
    // folder of its own for them.
    give_to("mysql", scratch_.make("home/temporary"));
    shell(as_user("mysql", fmt::format("mariadb-install-db --no-defaults --datadir={0}/data "
                                       "--tmpdir={0}/temporary --skip-test-db "
                                       "--auth-root-authentication-method=normal",
                                       home())));
    write_whole(scratch_ / "empty.cnf", "[client]\nuser=root\n");
    start();
    sql("ALTER USER root@localhost IDENTIFIED BY 'secret of the test'");
    write_whole(scratch_ / "client.cnf", "[client]\nuser=root\npassword=\"secret of the test\"\n");
    std::filesystem::permissions(scratch_ / "client.cnf", std::filesystem::perms(0600));
  }
  void start() {
    server_ = std::make_unique<Daemon>(as_user(
        "mysql", fmt::format("mariadbd --no-defaults --datadir={0}/data --socket={0}/socket "
                             "--tmpdir={0}/temporary --pid-file={0}/pid --skip-networking "
                             "--innodb-buffer-pool-size=32M "
                             "--innodb-flush-log-at-trx-commit=0 2>{0}/log",
                             home())));
    EXPECT_TRUE(wait_until([&] {
      return std::system(("mariadb-admin --no-defaults --socket=" + home() +
                          "/socket ping 2>&1 | grep -qE 'alive|denied'")
                             .c_str()) == 0;
    }));
  }
  void stop(int signal) { server_->stop(signal); }
  std::string home() const { return (scratch_ / "home").string(); }
  std::string client() const {
    const bool set = std::filesystem::exists(scratch_ / "client.cnf");
    return fmt::format("mariadb --defaults-file={} --socket={}/socket",
                       (scratch_ / (set ? "client.cnf" : "empty.cnf")).string(), home());
  }
  std::string sql(const std::string& text) const {
    write_whole(scratch_ / "text.sql", text);
    return shell(client() + " --batch --skip-column-names < " + (scratch_ / "text.sql").string());
  }
  std::unique_ptr<ClusterSource> open() const {
    const DataPlace data = place();
    return *open_source(data.kind, data.source, env::posix_env());
  }
  DataPlace place() const {
    return {"mariadb", json{{"socket", home() + "/socket"},
                            {"defaults_file", (scratch_ / "client.cnf").string()},
                            {"data_folder", home() + "/data"}}
                           .dump()};
  }
  const Scratch& scratch() const { return scratch_; }

 private:
  Scratch scratch_;
  std::unique_ptr<Daemon> server_;
};

constexpr const char* kChecksum = "CHECKSUM TABLE shop.orders, shop.notes";

TEST(MariaDb, P_FMT_02_ACompressedXbstreamRestoresEqualTables) {
  MariaServer server;
  server.sql(
      "CREATE DATABASE shop; CREATE TABLE shop.orders(id INT PRIMARY KEY, note TEXT);"
      "INSERT INTO shop.orders SELECT seq, repeat('x', seq % 50) FROM shop.seq_1_to_20000;"
      "CREATE TABLE shop.notes(t TEXT) ENGINE=Aria; INSERT INTO shop.notes VALUES('a'),('b')");
  const std::string checksum = server.sql(kChecksum);
  const auto& scratch = server.scratch();
  Progress progress;
  const auto captured = server.open()->capture(scratch.make("backup"), progress);
  ASSERT_TRUE(captured.ok()) << to_string(captured.error());
  EXPECT_THAT(captured->contents, HasSubstr("orders"));
  const std::string file = (scratch / "backup/mariadb.xb.gz").string();
  EXPECT_EQ(shell("zcat " + file + " | head -c 8"), "XBSTCK01");
  ASSERT_EQ(tree_of(scratch / "backup").size(), 1u);
  // A running server's files stay as they are.
  RestoreChoice replace;
  replace.replace = true;
  EXPECT_EQ(server.open()->restore(scratch / "backup", {}, progress).error().code, Errc::kExists);
  EXPECT_THAT(to_string(server.open()->restore(scratch / "backup", replace, progress).error()),
              HasSubstr("stop it"));
  server.sql("DROP DATABASE shop");
  server.stop(SIGTERM);
  const Status restored = server.open()->restore(scratch / "backup", replace, progress);
  ASSERT_TRUE(restored.ok()) << to_string(restored.error());
  server.start();
  EXPECT_EQ(server.sql(kChecksum), checksum);
}

// Each transaction moves one row: at every moment both tables have 1000 in all.
TEST(MariaDb, IsOfOneMomentWhileClientsWrite) {
  MariaServer server;
  server.sql(
      "CREATE DATABASE shop; CREATE TABLE shop.a(i INT PRIMARY KEY);"
      "CREATE TABLE shop.b(i INT PRIMARY KEY);"
      "INSERT INTO shop.a SELECT seq FROM shop.seq_1_to_1000;\n"
      "DELIMITER //\nCREATE PROCEDURE shop.move() BEGIN DECLARE n INT;"
      "LOOP SET n = 1 + floor(rand() * 1000); START TRANSACTION;"
      "IF EXISTS(SELECT 1 FROM shop.a WHERE i = n) THEN DELETE FROM shop.a WHERE i = n;"
      "INSERT INTO shop.b VALUES(n); ELSE DELETE FROM shop.b WHERE i = n;"
      "INSERT INTO shop.a VALUES(n); END IF; COMMIT; END LOOP; END //\n");
  Progress progress;
  {
    Daemon writer(server.client() + " -e 'CALL shop.move()' 2>/dev/null");
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    const auto captured = server.open()->capture(server.scratch().make("backup"), progress);
    ASSERT_TRUE(captured.ok()) << to_string(captured.error());
  }
  server.stop(SIGKILL);
  std::filesystem::remove_all(server.home() + "/data");
  const Status restored = server.open()->restore(server.scratch() / "backup", {}, progress);
  ASSERT_TRUE(restored.ok()) << to_string(restored.error());
  server.start();
  EXPECT_EQ(server.sql("SELECT count(*), count(DISTINCT i) FROM "
                       "(SELECT i FROM shop.a UNION ALL SELECT i FROM shop.b) x"),
            "1000\t1000\n");
  EXPECT_NE(server.sql("SELECT count(*) FROM shop.b"), "0\n");
}

TEST(MariaDb, P_RES_01_AJobFetchesPreparesAndLetsMariabackupBringItBack) {
  MariaServer server;
  server.sql(
      "CREATE DATABASE shop; CREATE TABLE shop.orders(id INT PRIMARY KEY);"
      "INSERT INTO shop.orders SELECT seq FROM shop.seq_1_to_500;"
      "CREATE TABLE shop.notes(t TEXT)");
  const std::string checksum = server.sql(kChecksum);
  Jobs jobs;
  const Stored stored = jobs.back_up(server.place());
  EXPECT_TRUE(jobs.download(stored).starts_with("\x1f\x8b"));
  server.stop(SIGKILL);
  std::filesystem::remove_all(server.home() + "/data");
  const Status restored = jobs.restore(stored, server.place());
  ASSERT_TRUE(restored.ok()) << to_string(restored.error());
  server.start();
  EXPECT_EQ(server.sql(kChecksum), checksum);
}

TEST(MariaDb, ASourceThatIsDownIsNoBackup) {
  MariaServer server;
  server.stop(SIGKILL);
  Progress progress;
  EXPECT_THAT(to_string(server.open()->capture(server.scratch().make("backup"), progress).error()),
              HasSubstr("connect"));
}

}  // namespace
}  // namespace backcast::kinds
