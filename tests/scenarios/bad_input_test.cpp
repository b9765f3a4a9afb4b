// Bad documents: every fault at once, each with its place, what was expected and the nearest name.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "run_text.h"
#include "scenarios/document/schema_check.h"
#include "scenarios/document/shipped.h"

namespace backcast::scenario {
namespace {

using nlohmann::json;

// A correct scenario to spoil.
json good() {
  return json::parse(R"({
    "name": "test", "start": "2026-01-01", "horizon": "30d", "provider": "zilliz",
    "services": [{"name": "db", "region": "aws-us-east-1", "size": "20 GB",
      "schedules": [{"weekdays": "1,2,3", "window": "02:00-04:00", "retention_days": 7}]}]
  })");
}

Errors faults(const json& document) {
  auto loaded = load_text(document.dump(1));
  return loaded.ok() ? Errors{} : loaded.error();
}

json spoiled(const char* pointer, json value) {
  json document = good();
  document[json::json_pointer(pointer)] = std::move(value);
  return document;
}

struct Case {
  const char* what;
  const char* pointer;  // what is spoiled
  json value;           // with what
  const char* at;       // where the fault must be reported
  const char* message;  // part of the message or hint
};

TEST(BadInput, EachFaultIsNamedWhereItStands) {
  const std::vector<Case> cases = {
      {"unknown field", "/services/0/siez", "20 GB", "/services/0/siez", "\"size\""},
      {"wrong unit", "/services/0/size", "20 GBs", "/services/0/size", "GBs"},
      {"negative size", "/services/0/size", "-5 GB", "/services/0/size", "negative"},
      {"more stored than there can be", "/services/0/stored_share", 101, "/services/0/stored_share",
       "100 times"},
      {"a share beyond any sense", "/services/0/stored_share", 1e300, "/services/0/stored_share",
       "too large"},
      {"a negative share", "/services/0/disk_used", -5, "/services/0/disk_used", "-5"},
      {"a negative percentage", "/services/0/stored_share", "-40%", "/services/0/stored_share",
       "not a share"},
      {"negative number", "/services/0/size", -5, "/services/0/size", "-5"},
      {"no days", "/services/0/schedules/0/retention_days", 0,
       "/services/0/schedules/0/retention_days", "1"},
      {"31 days", "/services/0/schedules/0/retention_days", 31,
       "/services/0/schedules/0/retention_days", "30"},
      {"for ever", "/services/0/schedules/0/retention_days", "forever",
       "/services/0/schedules/0/retention_days", "1 to 30"},
      {"three hours", "/services/0/schedules/0/window", "02:00-05:00",
       "/services/0/schedules/0/window", "two hours"},
      {"weekday 8", "/services/0/schedules/0/weekdays", "1,8", "/services/0/schedules/0/weekdays",
       "8"},
      {"unknown provider", "/provider", "zillis", "/provider", "zilliz"},
      {"unknown service", "/events",
       json::parse(R"([{"at": "+1d", "kind": "manual_backup", "service": "bd"}])"),
       "/events/0/service", "db"},
      {"unknown kind", "/events",
       json::parse(R"([{"at": "+1d", "kind": "manual_bakup", "service": "db"}])"), "/events/0/kind",
       "manual_backup"},
      {"event after the end", "/events",
       json::parse(R"([{"at": "+31d", "kind": "manual_backup", "service": "db"}])"), "/events/0/at",
       "outside the run"},
      {"outage without end", "/events",
       json::parse(R"([{"at": "+1d", "kind": "outage", "region": "aws-us-east-1"}])"), "/events/0",
       "\"for\""},
      {"copy on another cloud", "/services/0/schedules/0/copies",
       json::parse(R"([{"region": "gcp-us-west1", "retention_days": 7}])"),
       "/services/0/schedules/0/copies/0/region", "96001"},
      {"copy without retention", "/services/0/schedules/0/copies",
       json::parse(R"([{"region": "aws-us-west-2"}])"), "/services/0/schedules/0/copies/0",
       "96034"},
      {"limit without unit", "/requirements", json::parse(R"([{"kind": "rpo", "at_most": 26}])"),
       "/requirements/0/at_most", "unit"},
      {"no limit", "/requirements", json::parse(R"([{"kind": "rpo"}])"), "/requirements/0",
       "at_most"},
      {"horizon of 10,000 years", "/horizon", "10000 years", "/horizon", "100 years"},
      {"no horizon", "/horizon", "0s", "/horizon", "one second"},
      {"date that is none", "/start", "2026-02-30", "/start", "2026-02-30"},
      {"share above the whole", "/services/0/change", json::parse(R"({"per_day": "120%"})"),
       "/services/0/change/per_day", "100%"},
      {"schedule without a time", "/services/0/schedules/0", json::parse(R"({"rule": 5})"),
       "/services/0/schedules/0/rule", "such as"},
      {"speed of nothing", "/services/0/job", json::parse(R"({"rate": "0 MB/s"})"),
       "/services/0/job/rate", "out of range"},
      {"two services of a name", "/services/1",
       json::parse(R"({"name": "db", "region": "aws-us-east-1", "size": "1 GB"})"),
       "/services/1/name", "twice"},
  };
  for (const Case& c : cases) {
    const Errors errors = faults(spoiled(c.pointer, c.value));
    bool found = false;
    for (const Error& error : errors) {
      found = found || (error.where.pointer == c.at && error.where.line > 0 &&
                        (error.message + " " + error.hint).find(c.message) != std::string::npos);
    }
    EXPECT_TRUE(found) << c.what << ":\n" << all_messages(errors);
  }
}

TEST(BadInput, AShapeOfOneRateAloneBendsNothing) {
  const Errors told = faults(spoiled("/services/0/outlook", json::parse(R"({"shape": 0.3,
    "points": [{"after": "30d", "size": 0.1, "change": 0.1}]})")));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].where.pointer, "/services/0/outlook/shape");
  EXPECT_NE(to_string(told[0]).find("mixture"), std::string::npos);
}

TEST(BadInput, AllFaultsComeAtOnceInOrderOfLines) {
  json document = good();
  document["siez"] = 1;
  document["services"][0]["size"] = "-5 GB";
  document["services"][0]["schedules"][0]["retention_days"] = 31;
  document["services"][0]["schedules"][0]["weekdays"] = "8";
  document["requirements"] = json::parse(R"([{"kind": "rpo"}])");
  const Errors errors = faults(document);
  EXPECT_EQ(errors.size(), 5u) << all_messages(errors);
  for (std::size_t i = 1; i < errors.size(); ++i) {
    EXPECT_LE(errors[i - 1].where.line, errors[i].where.line);
  }
}

json zerops() {
  return json::parse(R"({
    "name": "test", "start": "2026-01-01", "horizon": "30d", "provider": "zerops",
    "projects": [{"name": "shop"}],
    "services": [{"name": "db", "project": "shop", "size": "20 MB"}]
  })");
}

TEST(BadInput, P_TAG_04_TagsHaveTheirCharset) {
  for (const char* tag : {"v2.1-release", "aaaaaaaaaaaaaaaaaaaaaaaaa", ""}) {
    json document = zerops();
    document["events"] =
        json::parse(R"([{"at": "+1d", "kind": "manual_backup", "service": "db"}])");
    document["events"][0]["tags"] = {tag};
    const Errors errors = faults(document);
    ASSERT_EQ(errors.size(), 1u) << tag << all_messages(errors);
    EXPECT_EQ(errors[0].where.pointer, "/events/0/tags");
  }
}

TEST(BadInput, P_SCH_03_CronLinesAreParsedAndMustFire) {
  for (const char* cron : {"60 0 * * *", "0 0 30 2 *", "0 0 * * 8", "daily at noon"}) {
    json document = zerops();
    document["services"][0]["schedules"] = json::array({{{"cron", cron}}});
    const Errors errors = faults(document);
    ASSERT_EQ(errors.size(), 1u) << cron << all_messages(errors);
    EXPECT_TRUE(errors[0].where.pointer.starts_with("/services/0/schedules/0")) << cron;
  }
}

TEST(BadInput, UnknownPlanAndProjectNameTheNearest) {
  json document = zerops();
  document["projects"][0]["plan"] = "lightwieght";
  document["services"][0]["project"] = "shpo";
  const std::string messages = all_messages(faults(document));
  EXPECT_NE(messages.find("\"lightweight\""), std::string::npos) << messages;
  EXPECT_NE(messages.find("\"shop\""), std::string::npos) << messages;
}

TEST(BadInput, MissingPriceNamesTheRow) {
  json document = load_file("qdrant-azure")->document.root();
  document.erase("prices");
  auto loaded = load_text(document.dump(1));
  auto book = price_book_of(*loaded);
  ASSERT_TRUE(book.ok());
  const auto result = sim::run(loaded->scenario, {.threads = 1});
  const auto invoice = cost::bill(*book, result.billed);
  ASSERT_TRUE(invoice.ok());
  EXPECT_FALSE(invoice->is_complete());
  EXPECT_NE(invoice->missing.front().what.find("backup storage"), std::string::npos);
}

TEST(BadInput, RatesOfTheScenarioNameRowsThatAreThereAndSayWhatTheyOverrule) {
  json document = good();
  document["prices"] = {{{"row", "Cloud backup/AWS us-east-1/backup storage"},
                         {"rate", "0.01"},
                         {"because", "cheaper"}}};
  auto loaded = load_text(document.dump(1));
  ASSERT_TRUE(price_book_of(*loaded).ok());
  EXPECT_NE(loaded->scenario.assumptions.back().find("instead of 0.025"), std::string::npos);
  document["prices"][0]["row"] = "Cloud bakup/AWS us-east-1/backup storage";
  loaded = load_text(document.dump(1));
  const auto book = price_book_of(*loaded);
  ASSERT_FALSE(book.ok());
  EXPECT_NE(book.error()[0].hint.find("Cloud backup"), std::string::npos) << book.error()[0].hint;
}

TEST(BadInput, HostileTextIsRefusedWithoutCrash) {
  EXPECT_FALSE(load_text(std::string(10'000'000, '[')).ok());
  EXPECT_FALSE(load_text("{\"name\": \"\xff\xfe\"}").ok());
  EXPECT_FALSE(load_text("").ok());
  EXPECT_FALSE(load_text("[]").ok());
  EXPECT_FALSE(load_text("null").ok());
  EXPECT_FALSE(load_text("{\"name\": \"a\", \"name\": \"b\"}").ok());
}

// No value of any type in any place crashes the loader, and nothing wrong is let through in
// silence: the document either loads or has faults.
TEST(BadInput, AnyValueAnywhereIsEitherReadOrRefused) {
  const std::vector<json> values = {nullptr,
                                    true,
                                    -1,
                                    1e300,
                                    "",
                                    "\x01",
                                    json::array(),
                                    json::object(),
                                    json::array({1, "a", nullptr}),
                                    18446744073709551615ull};
  for (const auto name : shipped_names("")) {
    const auto document = Document::parse(*shipped_text(std::string(name) + ".json"), "x");
    const json flat = document->root().flatten();
    for (const auto& [pointer, unused] : flat.items()) {
      for (const json& value : values) {
        json changed = document->root();
        changed[json::json_pointer(pointer)] = value;
        auto loaded = load_text(changed.dump());
        if (!loaded.ok()) {
          EXPECT_FALSE(loaded.error().empty());
        }
      }
    }
  }
}

TEST(Schema, ShippedProfilesAndScenariosAreValid) {
  for (const auto name : shipped_names("profiles")) {
    const std::string path = "profiles/" + std::string(name) + ".json";
    const auto document = Document::parse(*shipped_text(path), path);
    ASSERT_TRUE(document.ok());
    EXPECT_TRUE(check_schema(*document, "schema/profile.schema.json").empty()) << path;
    EXPECT_EQ(document->root().at("profile"), name);
  }
}

// The same fields are listed for services and for defaults; they must not drift apart.
TEST(Schema, DefaultsHaveEveryFieldOfAServiceButItsName) {
  const json& definitions = shipped_schema("schema/scenario.schema.json").at("definitions");
  json service = definitions.at("service").at("properties");
  service.erase("name");
  EXPECT_EQ(service, definitions.at("service_defaults").at("properties"));
}

}  // namespace
}  // namespace backcast::scenario
