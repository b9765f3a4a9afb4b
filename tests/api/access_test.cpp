#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/api/access/links.h"
#include "engine/api/access/rate.h"
#include "engine/api/routes/api.h"

namespace backcast::api {
namespace {

TEST(Access, APrivilegeHoldsThoseBelowIt) {
  const auto made = [](const char* role, std::vector<std::string> projects = {}) {
    return new_token("t", role, std::move(projects), Instant{})->token;
  };
  const Token owner = made("organization_owner"), admin = made("project_admin", {"p"});
  const Token manage = made("manage"), view = made("view", {"p"});
  for (const Token& token : {owner, admin, manage, view}) {
    EXPECT_TRUE(has(token, Privilege::kView));
    EXPECT_EQ(has(token, Privilege::kManage), token.hash != view.hash);
    EXPECT_EQ(has(token, Privilege::kOwner), token.hash == owner.hash);
  }
  EXPECT_TRUE(reaches(owner, "q") && reaches(manage, "q"));
  EXPECT_TRUE(reaches(admin, "p") && reaches(view, "p"));
  EXPECT_FALSE(reaches(admin, "q") || reaches(view, "q"));
}

TEST(Access, OnlyTheHashOfASecretIsKept) {
  const auto one = new_token("a", "view", {}, Instant{}),
             two = new_token("a", "view", {}, Instant{});
  EXPECT_EQ(one->secret.size(), 4U + 64U);
  EXPECT_NE(one->secret, two->secret);
  EXPECT_EQ(one->token.hash, sha256_hex(one->secret));
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Access, ARateIsRefilledAndForgotten) {
  RateLimit limit(10, 2);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(limit.take("a", Duration(0)));
  EXPECT_FALSE(limit.take("a", Duration(0)));
  EXPECT_TRUE(limit.take("b", Duration(0)));
  EXPECT_TRUE(limit.take("a", kSecond / 10));
  EXPECT_FALSE(limit.take("a", kSecond / 10));
  for (int i = 0; i < 20'000; ++i) limit.take("x" + std::to_string(i), Duration(0));
  EXPECT_FALSE(limit.take("new", Duration(0)));  // a flood of addresses at once
  EXPECT_TRUE(limit.take("new", kMinute));
}

TEST(Access, ASignedAddressIsForOnePathAndATime) {
  const Links links, others;
  Request request;
  request.method = "GET";
  request.target = links.sign("/a", from_unix_seconds(100));
  ASSERT_TRUE(take_apart(request).ok());
  EXPECT_TRUE(links.allows(request, from_unix_seconds(100)));
  EXPECT_FALSE(links.allows(request, from_unix_seconds(101)));
  EXPECT_FALSE(others.allows(request, from_unix_seconds(0)));
  request.method = "DELETE";
  EXPECT_FALSE(links.allows(request, from_unix_seconds(0)));
}

TEST(Access, ACodeOfTheVendorIsFoundInTheRefusal) {
  EXPECT_EQ(failure_of(bad_input("free clusters have no backups (Zilliz 96021)")).code, 96021);
  EXPECT_EQ(failure_of(bad_input("(12) the target (96001) is far (1)")).code, 96001);
  EXPECT_EQ(failure_of(bad_input("no code"), 96038).code, 96038);
  EXPECT_EQ(failure_of(Error{Errc::kNotFound, "no (123456) there", {}, {}}).code, 0);
}

}  // namespace
}  // namespace backcast::api
