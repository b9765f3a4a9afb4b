// Of which cloud a region is: known by its name, stated, or an error. Vendors' copies stay in
// their cloud; `plain` copies anywhere.
#include <fmt/format.h>

#include <string>

#include "run_text.h"

namespace backcast::scenario {
namespace {

// One backed-up service with the given fields.
std::string one(const std::string& provider, const std::string& service) {
  return fmt::format(R"({{"name": "t", "start": "2026-01-01", "horizon": "20d", "provider": "{}",
    "services": [{{"name": "db", "size": "10 GB", {}}}]}})",
                     provider, service);
}

std::string zilliz_copy(const std::string& fields, const std::string& target) {
  return one("zilliz",
             fields + R"(, "schedules": [{"copies": [{)" + target + R"(, "retention_days": 7}]}])");
}

std::string cloud_of_db(const std::string& text) {
  auto loaded = load_text(text);
  EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : all_messages(loaded.error()));
  return loaded.ok() ? loaded->scenario.services[0].cloud : "";
}

TEST(Clouds, ARegionsCloudFollowsFromItsName) {
  for (const char* provider : {"zilliz", "qdrant"}) {
    const auto cloud = [&](const char* region) {
      return cloud_of_db(
          one(provider, fmt::format(R"("region": "{}", "change": {{"per_day": "1%"}})", region)));
    };
    for (const char* region : {"aws-us-east-1", "us-east-1", "us-west-1", "eu-central-1"}) {
      EXPECT_EQ(cloud(region), "aws") << region;
    }
    for (const char* region : {"gcp-us-west1", "us-west1", "us-east4", "europe-west3"}) {
      EXPECT_EQ(cloud(region), "gcp") << region;
    }
    for (const char* region : {"azure-eastus", "az-eastus", "eastus", "germanywestcentral"}) {
      EXPECT_EQ(cloud(region), "azure") << region;
    }
  }
}

TEST(Clouds, AnUnknownOneIsAnErrorThatSaysHowToStateIt) {
  for (const char* provider : {"zilliz", "qdrant"}) {
    const std::string errors = errors_of(one(provider, R"("region": "moon-1")"));
    EXPECT_NE(errors.find("/services/0/region"), std::string::npos) << errors;
    EXPECT_NE(errors.find("moon-1"), std::string::npos) << errors;
    EXPECT_NE(errors.find(R"("cloud")"), std::string::npos) << errors;
    EXPECT_EQ(cloud_of_db(one(provider, R"("region": "moon-1", "cloud": "gcp",
                                           "change": {"per_day": "1%"})")),
              "gcp");
  }
  EXPECT_NE(errors_of(one("zilliz", R"("region": "moon-1", "cloud": "gpc")")).find("\"gcp\""),
            std::string::npos);
  EXPECT_NE(errors_of(one("zilliz", R"("region": "us-east-1", "cloud": "gcp")")).find("aws"),
            std::string::npos);
  EXPECT_EQ(errors_of(one("plain", R"("region": "moon-1", "delta": "full")")), "");
  EXPECT_NE(errors_of(one("plain", R"("region": "moon-1", "delta": "full", "cloud": "aws")")), "");
}

TEST(Clouds, Z_XR_05_CopiesBetweenCloudsAreRefusedHoweverTheRegionsAreWritten) {
  const std::pair<const char*, const char*> pairs[] = {
      {"aws-us-east-1", "gcp-us-west1"}, {"us-east-1", "us-west1"}, {"us-west1", "us-east-1"},
      {"us-east-1", "gcp-us-west1"},     {"us-west1", "az-eastus"}, {"us-east-1", "eastus"},
  };
  for (const auto& [from, to] : pairs) {
    const std::string errors = errors_of(
        zilliz_copy(fmt::format(R"("region": "{}")", from), fmt::format(R"("region": "{}")", to)));
    EXPECT_NE(errors.find("/copies/0/region"), std::string::npos) << from << to << errors;
    EXPECT_NE(errors.find("96001"), std::string::npos) << from << to << errors;
  }
  EXPECT_EQ(errors_of(zilliz_copy(R"("region": "us-east-1")", R"("region": "aws-us-west-2")")), "");
  EXPECT_EQ(errors_of(zilliz_copy(R"("region": "us-west1")", R"("region": "us-east4")")), "");
  // Two regions that nobody knows are not alike because of that.
  EXPECT_NE(errors_of(zilliz_copy(R"("region": "here")", R"("region": "there")")), "");
  EXPECT_NE(errors_of(zilliz_copy(R"("region": "here", "cloud": "aws")", R"("region": "there")")),
            "");
  EXPECT_EQ(errors_of(zilliz_copy(R"("region": "here", "cloud": "aws")",
                                  R"("region": "there", "cloud": "aws")")),
            "");
}

TEST(Clouds, Z_XR_06_NoCopiesOfClustersOnAzure) {
  for (const char* region : {"azure-eastus", "az-eastus", "eastus"}) {
    for (const char* target : {"az-westus3", "westeurope", "us-east-1"}) {
      const std::string errors = errors_of(zilliz_copy(fmt::format(R"("region": "{}")", region),
                                                       fmt::format(R"("region": "{}")", target)));
      EXPECT_NE(errors.find("no copies in other regions"), std::string::npos) << region << errors;
    }
  }
}

TEST(Clouds, PlainCopiesAnywhereAndVendorsWithoutCopiesRefuseThem) {
  const std::string copies = R"("schedules": [{"cron": "0 2 * * *", "retention_days": 7,
    "copies": [{"region": "eastus", "retention_days": 7}]}])";
  EXPECT_EQ(errors_of(one("plain", R"("region": "us-east-1", "delta": "full", )" + copies)), "");
  for (const char* provider : {"qdrant", "zerops"}) {
    const std::string errors = errors_of(
        one(provider, R"("region": "us-east-1", "change": {"per_day": "1%"}, )" + copies));
    EXPECT_NE(errors.find("makes no copies"), std::string::npos) << provider << errors;
  }
}

TEST(Clouds, Q_INC_02_OnAzureNothingIsIncremental) {
  for (const char* region : {"azure-eastus", "az-eastus", "eastus"}) {
    const std::string at = fmt::format(R"("region": "{}", "change": {{"per_day": "1%"}})", region);
    auto loaded = load_text(one("qdrant", at));
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(loaded->scenario.services[0].delta.kind, sim::DeltaModel::Kind::kHalfOfDisk)
        << region;
    for (const char* delta : {"incremental", "lifetimes", "full", "differential"}) {
      const std::string errors =
          errors_of(one("qdrant", at + fmt::format(R"(, "delta": "{}")", delta)));
      EXPECT_NE(errors.find("/services/0/delta"), std::string::npos) << region << delta << errors;
    }
  }
  EXPECT_EQ(errors_of(one("qdrant", R"("region": "us-east-1", "change": {"per_day": "1%"},
                                       "delta": "incremental")")),
            "");
  EXPECT_NE(errors_of(one("zerops", R"("delta": "incremental", "change": {"per_day": "1%"})")), "");
}

}  // namespace
}  // namespace backcast::scenario
