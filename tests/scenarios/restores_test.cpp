// Restores into other projects, under keys, and of some collections under other names.
#include <fmt/format.h>

#include <algorithm>

#include "run_text.h"
#include "sim/words/decisions.h"

namespace backcast::scenario {
namespace {

// One full backup of 1 GB a day, at two; a gigabyte takes 1,000 seconds to come back.
std::string plain(const std::string& service, const std::string& events,
                  const std::string& projects = R"({"name": "p"}, {"name": "q"})") {
  return fmt::format(R"({{"name": "t", "start": "2026-01-01", "horizon": "10d",
    "projects": [{}],
    "defaults": {{"project": "p", "region": "here", "size": "1 GB", "delta": "full",
                  "job": {{"restore_rate": "1 MB/s"}},
                  "schedules": [{{"cron": "0 2 * * *"}}]}},
    "services": [{{"name": "a"{}}}, {{"name": "b"}}], "events": [{}]}})",
                     projects, service, events);
}

std::string zilliz(const std::string& service, const std::string& event,
                   const std::string& project = "", const std::string& plan = "business-critical") {
  return fmt::format(R"({{"name": "t", "start": "2026-01-05", "horizon": "20d",
    "provider": "zilliz", "projects": [
      {{"name": "p", "plan": "{3}", "keys": [{{"name": "sealed", "region": "gcp-us-west1"}},
                                        {{"name": "far", "region": "gcp-us-east4"}}]}},
      {{"name": "q"{2}}}],
    "services": [{{"name": "v", "project": "p", "region": "gcp-us-west1", "size": "1 GB",
                   "schedules": [{{}}]{0}}}],
    "events": [{{"at": "+9d", "kind": "restore", "service": "v"{1}}}]}})",
                     service, event, project, plan);
}

// What each restore came to: "restore_completed", or why it failed.
std::vector<std::string> restores_of(const Ran& ran) {
  std::vector<std::string> came;
  for (const policy::Decision& one : sim::decisions_of(ran.scenario, ran.result)) {
    if (one.code == policy::Code::kRestoreFailed) came.push_back(one.reason);
    if (one.code == policy::Code::kRestoreCompleted) came.emplace_back("restored");
  }
  return came;
}
using Came = std::vector<std::string>;

constexpr const char* kCollections =
    R"(, "collections": [{"name": "docs", "share": "40%"}, {"database": "shop", "name": "carts"}])";

TEST(Restores, Z_RES_10_AnotherProjectOfTheSameRegion) {
  const Ran fits = run_text(zilliz("", R"(, "to_project": "q")"));
  EXPECT_EQ(restores_of(fits), Came{"restored"});
  EXPECT_TRUE(logs(fits, "into gcp-us-west1 of project q started"));
  const Ran bound =
      run_text(zilliz("", R"(, "to_project": "q")", R"(, "regions": ["gcp-us-east4"])"));
  EXPECT_EQ(restores_of(bound), Came{"project_elsewhere"});
  EXPECT_TRUE(logs(bound, "\"gcp-us-west1\" is not bound to project \"q\" (Zilliz 96001)"));
  const Ran gone = run_text(plain("", R"(
    {"at": "+2d", "kind": "restore", "service": "a", "to_project": "q"},
    {"at": "+3d", "kind": "delete_project", "project": "q"},
    {"at": "+4d", "kind": "restore", "service": "a", "to_project": "q"})"));
  EXPECT_EQ(restores_of(gone), (Came{"restored", "project_gone"}));
  EXPECT_TRUE(logs(gone, "restore of a failed: project q is deleted"));
}

TEST(Restores, Z_RES_08_UnderAKeyOrNoneAndNotUnderOneOfAnotherRegion) {
  const std::string sealed = R"(, "key": "sealed")";
  EXPECT_EQ(restores_of(run_text(zilliz(sealed, ""))), Came{"restored"});
  const Ran under = run_text(zilliz("", sealed));
  EXPECT_EQ(restores_of(under), Came{"restored"});
  EXPECT_TRUE(logs(under, "under the key sealed started"));
  const Ran elsewhere = run_text(zilliz(sealed, R"(, "key": "far")"));
  EXPECT_EQ(restores_of(elsewhere), Came{"key_elsewhere"});
  EXPECT_TRUE(logs(elsewhere, "the key p/far is of region gcp-us-east4, and the restore goes"));
  expect_fault(zilliz("", R"(, "key": "seeled")"),
               {"/events/0/key", "project p has no key \"seeled\"", "sealed"});
  expect_fault(zilliz(R"(, "key": "far")", ""),
               {"/services/0/key", "gcp-us-east4", "a key of its own region"});
  expect_fault(zilliz(sealed, "", "", "dedicated"), {"/projects/0/keys/0", "96028"});
}

TEST(Restores, Z_RES_08_UnderARevokedKeyNothingIsMadeOrRead) {
  const std::string keys =
      R"({"name": "p", "keys": [{"name": "sealed", "region": "here"}]}, {"name": "q"})";
  const Ran ran = run_text(plain(R"(, "key": "sealed")", R"(
    {"at": "+2d12h", "kind": "revoke_key", "project": "p", "key": "sealed"},
    {"at": "+2d13h", "kind": "revoke_key", "project": "p", "key": "sealed"},
    {"at": "+2d14h", "kind": "restore", "service": ["a", "b"]},
    {"at": "+2d15h", "kind": "restore", "service": "b", "key": "sealed"},
    {"at": "+3d12h", "kind": "enable_key", "project": "p", "key": "sealed"},
    {"at": "+3d13h", "kind": "restore", "service": "a"})",
                                 keys));
  EXPECT_EQ(restores_of(ran), (Came{"revoked_key", "restored", "revoked_key", "restored"}));
  std::vector<std::string> failed;
  for (const sim::BackupRecord& b : ran.result.backups) {
    if (b.state == sim::BackupState::kFailed) failed.push_back(b.id + ": " + reason(ran, b));
  }
  EXPECT_EQ(failed, std::vector<std::string>{"a/auto-000004: the key of a is revoked"});
  EXPECT_TRUE(logs(ran, "restore of a failed: a key that it needs is revoked: p/sealed"));
  const auto revoked =
      std::count_if(ran.result.log.begin(), ran.result.log.end(),
                    [](const sim::LogEvent& e) { return e.kind == sim::LogKind::kKeyRevoked; });
  EXPECT_EQ(revoked, 1);
  expect_fault(plain("", R"({"at": "+1d", "kind": "revoke_key", "project": "p"})", keys),
               {"a revoke_key event needs \"key\""});
}

TEST(Restores, Z_RES_11_SomeCollectionsAreTheirShareOfTheBytes) {
  const Ran ran = run_text(plain(kCollections, R"(
    {"at": "+2d", "kind": "restore", "service": "a", "into": "b",
     "collections": [{"name": "docs"}]},
    {"at": "+3d", "kind": "restore", "service": "a", "into": "b",
     "collections": [{"database": "shop", "name": "carts"}]},
    {"at": "+4d", "kind": "restore", "service": "a", "into": "b",
     "collections": [{"name": "docs", "to_name": "docs_2"},
                     {"database": "shop", "name": "carts", "to_name": "carts_2"}]})"));
  ASSERT_EQ(ran.result.restores.size(), 3U);
  const std::uint64_t bytes[] = {400'000'000, 600'000'000, 1'000'000'000};
  for (std::size_t i = 0; i < 3; ++i) {
    const sim::RestoreRecord& one = ran.result.restores[i];
    EXPECT_EQ(one.bytes, bytes[i]);
    EXPECT_EQ(one.completed - one.started, kSecond * static_cast<int>(bytes[i] / 1'000'000));
  }
}

TEST(Restores, Z_RES_12_UnderOtherNamesAndANameThatIsTakenChangesNothing) {
  const Ran ran = run_text(plain(kCollections, R"(
    {"at": "+2d", "kind": "restore", "service": "a", "collections": [{"name": "docs"}]},
    {"at": "+3d", "kind": "restore", "service": "a",
     "collections": [{"name": "docs", "to_name": "old"}, {"name": "docs", "to_name": "old"}]},
    {"at": "+4d", "kind": "restore", "service": "a",
     "collections": [{"name": "docs", "to_database": "shop", "to_name": "old",
                      "load": "released"}]},
    {"at": "+5d", "kind": "restore", "service": "a",
     "collections": [{"name": "docs", "to_name": "new"},
                     {"name": "docs", "to_database": "shop", "to_name": "old"}]},
    {"at": "+6d", "kind": "restore", "service": "a",
     "collections": [{"name": "docs", "to_name": "new"}]},
    {"at": "+7d", "kind": "restore", "service": "a", "in_place": true, "as_of": "+3d12h"},
    {"at": "+8d", "kind": "restore", "service": "a",
     "collections": [{"name": "docs", "to_database": "shop", "to_name": "old"}]})"));
  EXPECT_EQ(restores_of(ran), (Came{"name_taken", "name_taken", "restored", "name_taken",
                                    "restored", "restored", "restored"}));
  EXPECT_TRUE(logs(ran,
                   "restore of default.docs as shop.old (released) of a/auto-000004 "
                   "(400.00 MB) from here into here, into a, started"));
  EXPECT_TRUE(logs(ran, "a has a collection of that name already; nothing was restored"));
}

TEST(Restores, CollectionsComeIntoAServiceThatRuns) {
  const std::string part = R"("kind": "restore", "service": "a", "into": "b",
                              "collections": [{"name": "docs"}])";
  const Ran ran = run_text(plain(
      kCollections, fmt::format(R"({{"at": "+2d", "kind": "suspend", "service": "b", "for": "1d"}},
        {{"at": "+2d1h", {0}}}, {{"at": "+4d", "kind": "delete_service", "service": "b"}},
        {{"at": "+5d", {0}}})",
                                part)));
  EXPECT_EQ(restores_of(ran), (Came{"suspended", "service_deleted"}));
  EXPECT_TRUE(logs(ran, "restore of a failed: b is suspended"));
}

TEST(Restores, WhatIsNotThereIsNamed) {
  const auto fault = [](const std::string& service, const std::string& event,
                        std::initializer_list<const char*> parts) {
    expect_fault(
        plain(service, R"({"at": "+1d", "kind": "restore", "service": "a", )" + event + "}"),
        parts);
  };
  const std::string docs = R"("collections": [{"name": "docs"}])";
  fault("", docs, {"/events/0/collections", "a names no collections: how much of it these are"});
  fault(R"(, "collections": 7)", docs, {"/events/0/collections", "a names no collections"});
  fault(kCollections, R"("collections": [{"name": "dogs"}])",
        {"/events/0/collections/0/name", "no collection \"dogs\"", "docs"});
  fault(kCollections, R"("into": "b")", {"/events/0/into", "is not said"});
  fault(kCollections, R"("into": "c", )" + docs, {"/events/0/into", "there is no service \"c\""});
  fault(kCollections, R"("to_project": "q", )" + docs, {"/events/0/to_project"});
  fault(kCollections, R"("in_place": true, )" + docs, {"/events/0/in_place"});
  fault(kCollections, R"("in_place": true, "key": "k")", {"/events/0/key"});
  fault("", R"("to_project": "r")", {"/events/0/to_project", "there is no project \"r\""});
  fault(R"(, "collections": [{"name": "x"}, {"name": "x"}])", docs,
        {"/services/0/collections/1/name", "named twice"});
  fault(R"(, "collections": [{"name": "x", "share": "70%"}, {"name": "y", "share": "40%"}])", docs,
        {"/services/0/collections/1/share", "100 %"});
  fault(R"(, "collections": [{"name": "x", "share": "100%"}, {"name": "y"}])", docs,
        {"/services/0/collections", "nothing for those that have none"});
  expect_fault(R"({"name": "t", "start": "2026-01-01", "horizon": "9d", "provider": "zerops",
    "services": [{"name": "a", "kind": "postgresql", "size": "1 GB",
                  "collections": [{"name": "docs"}]}],
    "events": [{"at": "+1d", "kind": "restore", "service": "a",
                "collections": [{"name": "docs"}]}]})",
               {"/events/0/collections", "zerops has no rule that uses \"collections\""});
  expect_fault(plain(R"(, "region": "there")", "", R"({"name": "p", "regions": ["here"]})"),
               {"/services/0/region", "\"there\" is not bound to project \"p\""});
}

}  // namespace
}  // namespace backcast::scenario
