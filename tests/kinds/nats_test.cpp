// A real NATS server: written to while its streams are captured, destroyed, restored, compared.
#include <gmock/gmock.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "tests/kinds/jobs.h"

namespace backcast::kinds {
namespace {

using testing::HasSubstr;
using json = nlohmann::json;

class NatsServer {
 public:
  explicit NatsServer(const Scratch& scratch) : scratch_(scratch) {
    write_whole(scratch_ / "server.conf",
                "port: -1\nhost: 127.0.0.1\njetstream { store_dir: \"" +
                    (scratch_ / "store").string() +
                    "\" }\nauthorization { user: owner, password: secret }\n");
    write_whole(scratch_ / "password", "secret\n");
    start();
  }
  void start() {
    std::filesystem::remove_all(scratch_ / "ports");
    scratch_.make("ports");
    server_ = std::make_unique<Daemon>(fmt::format(
        "nats-server -c {} --ports_file_dir {} -l {}", (scratch_ / "server.conf").string(),
        (scratch_ / "ports").string(), (scratch_ / "log").string()));
    EXPECT_TRUE(wait_until([&] { return find_port(); }));
  }
  void stop(int signal) { server_->stop(signal); }
  std::string client(const std::string& what) const { return shell(client_command(what)); }
  std::string client_command(const std::string& what) const {
    return fmt::format("python3 -B tests/kinds/nats_messages.py {} {}", port_, what);
  }
  std::unique_ptr<ClusterSource> open(const std::string& password = "password") const {
    const DataPlace data = place(password);
    return *open_source(data.kind, data.source, env::posix_env());
  }
  DataPlace place(const std::string& password = "password") const {
    return {
        "nats",
        json{{"port", port_}, {"user", "owner"}, {"password_file", (scratch_ / password).string()}}
            .dump()};
  }

 private:
  bool find_port() {
    for (const auto& entry : std::filesystem::directory_iterator(scratch_ / "ports")) {
      const json ports = json::parse(read_whole(entry.path()), nullptr, false);
      if (!ports.is_object() || !ports["nats"].is_array()) continue;
      const std::string address = ports["nats"][0];
      port_ = std::stoi(address.substr(address.rfind(':') + 1));
      return true;
    }
    return false;
  }

  const Scratch& scratch_;
  int port_ = 0;
  std::unique_ptr<Daemon> server_;
};

TEST(Nats, P_FMT_03_ACompressedTarBringsEveryMessageBack) {
  const Scratch scratch;
  NatsServer server(scratch);
  server.client("create orders");
  server.client("create notes");
  server.client("fill orders 0 2000");
  server.client("fill notes 0 10");
  const std::string orders = server.client("print orders"), notes = server.client("print notes");
  Progress progress;
  const auto captured = server.open()->capture(scratch.make("backup"), progress);
  ASSERT_TRUE(captured.ok()) << to_string(captured.error());
  EXPECT_THAT(captured->contents, HasSubstr(R"("rows":2000,"rows_are_estimated":false)"));
  EXPECT_THAT(captured->warnings, testing::ElementsAre(HasSubstr("moment of its own")));
  ASSERT_EQ(tree_of(scratch / "backup").size(), 1u);
  EXPECT_THAT(shell("tar tzf " + (scratch / "backup/nats.tar.gz").string()),
              HasSubstr("orders/snapshot.tar.s2"));
  // Nothing of the server is left.
  server.stop(SIGKILL);
  std::filesystem::remove_all(scratch / "store");
  server.start();
  const Status restored = server.open()->restore(scratch / "backup", {}, progress);
  ASSERT_TRUE(restored.ok()) << to_string(restored.error());
  EXPECT_EQ(server.client("print orders"), orders);
  EXPECT_EQ(server.client("print notes"), notes);
  // And it goes on from there, also after a restart.
  server.stop(SIGTERM);
  server.start();
  EXPECT_EQ(server.client("print orders"), orders);
  server.client("fill orders 2000 2010");
  EXPECT_THAT(server.client("print orders"), testing::StartsWith(orders));
}

TEST(Nats, P_RES_01_AJobFetchesPreparesAndLetsTheServerBringItBack) {
  const Scratch scratch;
  NatsServer server(scratch);
  server.client("create orders");
  server.client("fill orders 0 100");
  const std::string orders = server.client("print orders");
  Jobs jobs;
  const Stored stored = jobs.back_up(server.place());
  EXPECT_TRUE(jobs.download(stored).starts_with("\x1f\x8b"));
  server.client("fill orders 100 110");
  const Status restored = jobs.restore(stored, server.place(), true);
  ASSERT_TRUE(restored.ok()) << to_string(restored.error());
  EXPECT_EQ(server.client("print orders"), orders);
}

TEST(Nats, IsOfOneMomentWhileClientsWrite) {
  const Scratch scratch;
  NatsServer server(scratch);
  server.client("create orders");
  server.client("fill orders 0 500");
  Daemon writer(server.client_command("fill orders 500 1000000"));
  Progress progress;
  const auto captured = server.open()->capture(scratch.make("backup"), progress);
  ASSERT_TRUE(captured.ok()) << to_string(captured.error());
  writer.stop(SIGTERM);
  const std::string all = server.client("print orders");
  RestoreChoice replace;
  EXPECT_EQ(server.open()->restore(scratch / "backup", replace, progress).error().code,
            Errc::kExists);
  EXPECT_EQ(server.client("print orders"), all);
  replace.replace = true;
  const Status restored = server.open()->restore(scratch / "backup", replace, progress);
  ASSERT_TRUE(restored.ok()) << to_string(restored.error());
  // What was there at one moment: the first messages, all of them, and no other.
  const std::string back = server.client("print orders");
  EXPECT_TRUE(all.starts_with(back));
  const auto rows = static_cast<std::size_t>(std::count(back.begin(), back.end(), '\n'));
  EXPECT_GE(rows, 500u);
  const json told = json::parse(captured->contents)["databases"][0]["collections"][0];
  EXPECT_LE(told["rows"].get<std::size_t>(), rows);
  EXPECT_TRUE(told["rows_are_estimated"].get<bool>() || told["rows"] == rows) << told;
}

TEST(Nats, WhatIsWrongIsSaid) {
  const Scratch scratch;
  NatsServer server(scratch);
  write_whole(scratch / "wrong", "not it");
  Progress progress;
  EXPECT_THAT(to_string(server.open("wrong")->capture(scratch.make("a"), progress).error()),
              HasSubstr("Authorization"));
  server.stop(SIGKILL);
  EXPECT_THAT(to_string(server.open()->capture(scratch.make("b"), progress).error()),
              HasSubstr("connect"));
}

}  // namespace
}  // namespace backcast::kinds
