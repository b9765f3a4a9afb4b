// Services of several providers in one scenario, copies between them, and one bill.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "costmodel/book/exchange.h"
#include "scenarios/document/shipped.h"
#include "scenarios/load/not_billed.h"
#include "tests/scenarios/run_text.h"

namespace backcast::scenario {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// What each price book's part of the bill comes to.
std::map<std::string, std::string> parts(const cost::Invoice& invoice) {
  std::map<std::string, std::string> totals;
  for (std::uint32_t a = 0; a < invoice.book->accounts.size(); ++a) {
    totals[invoice.book->accounts[a].name] = cost::to_string(
        invoice.sum([&](const cost::InvoiceLine& line) { return line.account == a; }), 2);
  }
  return totals;
}

std::string total(const Ran& ran) {
  return ran.invoice ? cost::to_string(ran.invoice->total()) : "no bill";
}

std::string faults_of(const std::string& text) {
  auto loaded = load_text(text);
  if (!loaded.ok()) return all_messages(loaded.error());
  if (loaded->pricing.books.empty()) return "";
  const auto book = price_book_of(*loaded);
  return book.ok() ? "" : all_messages(book.error());
}

std::string document(const std::string& services, const std::string& more = "") {
  return R"({"name": "t", "start": "2026-06-01", "horizon": "30d", "services": [)" + services +
         "]" + more + "}";
}

std::string service(const std::string& name, const std::string& provider, const std::string& region,
                    const std::string& copies = "", const std::string& more = "") {
  return fmt::format(
      R"({{"name": "{}", "provider": "{}", "region": "{}", "size": "100 GB", "delta": "full",
          "schedules": [{{"cron": "0 0 1 * *", "retention_days": "forever", "copies": [{}]}}]{}}})",
      name, provider, region, copies, more);
}

// --- the shipped example, by hand ---------------------------------------------------------------

TEST(SeveralProviders, TheExampleToTheCent) {
  const Ran ran = run_shipped("three-providers");
  ASSERT_TRUE(ran.invoice.has_value());
  // Dumps on the 1st, 11th and 21st at three, each there 537 s later (100 GiB at 200 MB/s) and gone
  // eleven days after it was begun; the last stays until the end of June. S3 Standard: 0.023 per
  // GiB and calendar month.
  const double hours = 2 * (264 - 537.0 / 3600) + (9 * 24 + 21 - 537.0 / 3600);
  const double s3 = 100 * 0.023 * hours / 720;
  // Written in objects of 64 MiB: 1,600 for each dump at 0.005 per thousand. Three dumps leave AWS
  // for the internet, of which 100 GiB are free, at 0.09.
  const double requests = 3 * 1.6 * 0.005, egress = (300 - 100) * 0.09;
  // The copies take 1,074 s more (100 MB/s) and stay eleven days from then on; B2 has 10 GB for
  // nothing and takes 0.00695 per GB and 30 days. Reading one back is egress of B2, free up to
  // three times what is stored.
  const double b2_hours = 2 * 264 + (9 * 24 + 21 - 1611.0 / 3600);
  const double b2 = (107.3741824 * b2_hours / 720 - 10) * 0.00695;
  // 20 GB at Zilliz and a copy, 0.02 per GB and 30 days each, moved for 0.02 per GB.
  const double zilliz = 20 * 0.02 + 20 * 0.02 + 20 * 0.02;
  const auto cents = [](double amount) { return fmt::format("{:.2f}", amount); };
  const auto bill = parts(*ran.invoice);
  EXPECT_EQ(bill.at("aws"), cents(s3 + requests + egress));
  EXPECT_EQ(bill.at("b2"), cents(b2));
  EXPECT_EQ(bill.at("zilliz"), cents(zilliz));
  EXPECT_EQ(bill.at("aws"), "20.47");
  EXPECT_EQ(bill.at("b2"), "0.72");
  EXPECT_EQ(bill.at("zilliz"), "1.20");
  EXPECT_EQ(total(ran), "22.39 USD");
}

TEST(SeveralProviders, EgressIsTheSourcesAndRequestsAndStorageTheTargets) {
  const Ran ran = run_shipped("three-providers");
  std::map<std::string, std::set<std::string>> seen;
  for (const UsageRecord& r : ran.result.billed) {
    const bool is_copy = r.backup.find('@') != std::string::npos && r.service == "shop";
    if (!is_copy) continue;
    const char* const kinds[] = {"storage", "transfer",  "egress",
                                 "request", "retrieval", "deletion"};
    seen[kinds[static_cast<int>(r.kind)]].insert(r.provider + " " + r.region + " " +
                                                 r.storage_class + r.operation);
  }
  EXPECT_THAT(seen["egress"], ElementsAre("aws us-east-1 ", "b2 us-west "))
      << "of the copies, and of the restore";
  EXPECT_THAT(seen["storage"], ElementsAre("b2 us-west "));
  EXPECT_THAT(seen["request"], ElementsAre("b2 us-west get", "b2 us-west put"));
  EXPECT_THAT(seen["deletion"], ElementsAre("b2 us-west "));
  EXPECT_THAT(seen["retrieval"], ElementsAre("b2 us-west "));
  EXPECT_TRUE(seen["transfer"].empty());
  for (const UsageRecord& r : ran.result.billed) EXPECT_FALSE(r.provider.empty());
}

TEST(SeveralProviders, ARunWithOneBookNamesNoProvider) {
  const Ran ran = run_shipped("zilliz-cross-region");
  for (const UsageRecord& r : ran.result.usage) EXPECT_EQ(r.provider, "");
}

// --- who pays -----------------------------------------------------------------------------------

TEST(SeveralProviders, EachServiceIsBilledByItsOwnProvider) {
  const Ran ran =
      run_text(document(service("a", "aws", "us-east-1") + "," + service("b", "b2", "us-west") +
                        "," + service("w", "wasabi", "us-east-1")));
  // 100 GB = 93.132 GiB × 0.023; 90 GB × 0.00695; the floor of one TiB.
  EXPECT_THAT(parts(*ran.invoice), ElementsAre(std::pair("aws", "2.14"), std::pair("b2", "0.63"),
                                               std::pair("wasabi", "6.99")));
}

TEST(SeveralProviders, APriceBookOfAServiceOutranksTheScenarios) {
  const Ran ran =
      run_text(document(service("a", "plain", "us-east-1") + "," +
                            service("b", "plain", "us-west", "", R"(,"price_book":"b2")"),
                        R"(, "price_book": "aws")"));
  EXPECT_THAT(parts(*ran.invoice), ElementsAre(std::pair("aws", "2.14"), std::pair("b2", "0.63")));
}

TEST(SeveralProviders, CopiesMayHaveAClassOfTheirOwn) {
  const Ran ran = run_text(document(
      service("a", "wasabi", "w",
              R"({"region": "us-east-1", "provider": "aws", "class": "S3 Standard-IA"})")));
  // 93.132 GiB × 0.0125 at AWS; egress of Wasabi is free, its floor is not.
  EXPECT_THAT(parts(*ran.invoice),
              ElementsAre(std::pair("aws", "1.16"), std::pair("wasabi", "6.99")));
}

TEST(SeveralProviders, ACopyWithinOnePriceBookIsATransfer) {
  const Ran ran = run_text(
      document(service("a", "b2", "us-west", R"({"region": "eu-central", "provider": "b2"})")));
  const auto is_transfer = [](const UsageRecord& r) { return r.kind == UsageKind::kTransfer; };
  EXPECT_EQ(std::count_if(ran.result.usage.begin(), ran.result.usage.end(), is_transfer), 1);
}

TEST(SeveralProviders, ProvidersThatNobodyGivesAProjectHaveOneEach) {
  const Ran ran = run_text(document(R"({"name": "db", "provider": "zerops", "size": "1 GiB"},)" +
                                    service("b", "b2", "us-west")));
  ASSERT_EQ(ran.scenario.projects.size(), 2u);
  EXPECT_TRUE(ran.scenario.projects[0].quota_bytes.has_value());
  EXPECT_FALSE(ran.scenario.projects[1].quota_bytes.has_value()) << "Zerops' quota is Zerops' own";
}

// --- what is refused ----------------------------------------------------------------------------

TEST(SeveralProviders, VendorsKeepTheirOwnCopiesThemselves) {
  for (const char* const vendor : {"zilliz", "qdrant", "zerops"}) {
    const std::string schedule =
        vendor == std::string("zilliz") ? R"({"weekdays": "1", "window": "00:00-02:00", )" : "{";
    for (const char* const field : {R"("provider": "b2")", R"("price_book": "b2")"}) {
      const std::string text = document(fmt::format(
          R"({{"name": "v", "provider": "{}", "region": "gcp-us-west1", "size": "1 GB",
               "change": {{"per_day": "1%"}},
               "schedules": [{} "retention_days": 7, "copies": [
                 {{"region": "us-west", "retention_days": 7, {}}}]}}]}})",
          vendor, schedule, field));
      EXPECT_THAT(faults_of(text), AllOf(HasSubstr(fmt::format("\"{}\" keeps copies", vendor)),
                                         HasSubstr("\"plain\" copies anywhere")));
    }
  }
}

TEST(SeveralProviders, PlainCopiesAnywhere) {
  for (const char* const keeper : {"aws", "azure", "b2", "gcp", "wasabi", "zerops"}) {
    EXPECT_EQ(faults_of(document(
                  service("a", keeper == std::string("aws") ? "gcp" : "aws", "us-east-1",
                          fmt::format(R"({{"region": "elsewhere", "provider": "{}"}})", keeper)))),
              "")
        << keeper;
  }
}

TEST(SeveralProviders, APlaceHasOneNameAndOneKeeper) {
  EXPECT_THAT(faults_of(document(service("a", "aws", "us-east-1",
                                         R"({"region": "us-east-1", "provider": "wasabi"})"))),
              AllOf(HasSubstr("\"us-east-1\" is where the original lies"),
                    HasSubstr("\"wasabi-us-east-1\"")));
  EXPECT_THAT(faults_of(document(service("a", "aws", "us-east-1", R"({"region": "us-east-1"})"))),
              HasSubstr("give another region"));
  EXPECT_THAT(
      faults_of(document(service("a", "aws", "us-east-1", R"({"region": "x", "provider": "b2"})"),
                         R"(, "events": [{"at": "+1d", "kind": "manual_backup", "service": "a",
                              "copies": [{"region": "x", "provider": "wasabi"}]}])")),
      AllOf(HasSubstr("on the bill of \"b2\" and on the bill of \"wasabi\""),
            HasSubstr("/events/0/copies/0/region")));
}

TEST(SeveralProviders, WhatHasNoPriceBookBesideWhatHasOneIsRefused) {
  EXPECT_THAT(
      faults_of(document(service("a", "plain", "cellar") + "," + service("b", "b2", "us-west"))),
      AllOf(HasSubstr("\"a\" has no price book"), HasSubstr("/services/0")));
  EXPECT_THAT(
      faults_of(document(service("a", "b2", "x", R"({"region": "y", "provider": "plain"})"))),
      HasSubstr("copies of \"a\" in \"y\" have no price book"));
  EXPECT_EQ(faults_of(document(service("a", "plain", "cellar"))), "") << "no bill at all";
}

TEST(SeveralProviders, APriceBookOfTheScenarioThatNobodyUsesIsRefused) {
  EXPECT_THAT(faults_of(document(service("b", "plain", "us-west", "", R"(,"price_book":"b2")"),
                                 R"(, "price_book": "aws")")),
              HasSubstr("nothing is billed by this book"));
}

TEST(SeveralProviders, WhatIsSaidOfPricesWithoutAnyIsRefused) {
  for (const char* const field :
       {R"("exchange": ["1 EUR = 1.5 USD, 2026-06-30, a bank"])", R"("price_options": ["x"])",
        R"("prices": [{"row": "r", "rate": "1", "because": "a guess"}])"}) {
    EXPECT_THAT(faults_of(document(service("a", "plain", "cellar"), std::string(", ") + field)),
                HasSubstr("there is no price book"));
  }
}

TEST(SeveralProviders, AQuotaCountsOneProvidersBytes) {
  EXPECT_THAT(faults_of(document(
                  R"({"name": "db", "provider": "zerops", "project": "p", "size": "1 GiB"},)" +
                      service("b", "b2", "us-west", "", R"(, "project": "p")"),
                  R"(, "projects": [{"name": "p", "provider": "zerops", "quota_mode": "hard"}])")),
              HasSubstr("the quota of project \"p\" would count services of \"zerops\" and of"));
}

TEST(SeveralProviders, AnEventWithCopiesIsForOneProvider) {
  EXPECT_THAT(
      faults_of(document(service("a", "aws", "us-east-1") + "," + service("b", "b2", "us-west"),
                         R"(, "events": [{"at": "+1d", "kind": "manual_backup",
                                      "service": "*", "copies": [{"region": "x"}]}])")),
      HasSubstr("an event for each provider"));
}

// --- books --------------------------------------------------------------------------------------

std::string written_book(const std::string& name, const std::string& currency,
                         const std::string& price, const std::string& row = "S") {
  const std::string path = testing::TempDir() + name + ".json";
  std::ofstream(path) << fmt::format(
      R"({{"backcast_prices": 1, "name": "{}", "provider": "{} Inc", "as_of": "2026-01-01",
          "currency": "{}", "meters": [{{"name": "storage", "kind": "storage",
          "unit": "GB-Months", "size": "1 GB", "per": "30d"}},
          {{"name": "egress", "kind": "egress", "unit": "GB", "size": "1 GB"}}],
          "prices": [{{"service": "{}", "meter": "storage", "price": {}, "source": "s",
          "certainty": "{}", "as_of": "2026"}}, {{"service": "{}", "meter": "egress",
          "price": "0.01", "source": "s", "certainty": "high", "as_of": "2026"}}]}})",
      name, name, currency, row, price, price == "null" ? "hole" : "high", row);
  return path;
}

TEST(SeveralProviders, OtherCurrenciesNeedAStatedRate) {
  const std::string euro = written_book("euro-store", "EUR", "\"0.01\"");
  const std::string services =
      service("a", "b2", "us-west") + "," +
      service("e", "plain", "cellar", "", fmt::format(R"(,"price_book": "{}")", euro));
  EXPECT_THAT(faults_of(document(services)),
              AllOf(HasSubstr("USD"), HasSubstr("EUR"), HasSubstr("\"exchange\"")));
  const Ran ran = run_text(document(
      services, R"(, "exchange": ["1 EUR = 1.5 USD, 2026-06-30, central bank reference rate"])"));
  EXPECT_THAT(parts(*ran.invoice),
              ElementsAre(std::pair("b2", "0.63"), std::pair("euro-store", "1.50")));
  EXPECT_THAT(ran.invoice->assumptions.front(), HasSubstr("1 EUR = 1.5 USD"));
  EXPECT_THAT(
      faults_of(document(services, R"(, "exchange": ["1 CZK = 0.04 USD, 2026-06-30, a bank"])")),
      AllOf(HasSubstr("no rate from it to USD"), HasSubstr("\"exchange\""), Not(HasSubstr("--"))));
  EXPECT_THAT(faults_of(document(services, R"(, "exchange": ["1 EUR = much"])")),
              HasSubstr("/exchange/0"));
}

TEST(SeveralProviders, AnAssumedRateSaysWhichBookWhereSeveralHaveTheRow) {
  const std::string one = written_book("one-store", "USD", "null");
  const std::string two = written_book("two-store", "USD", "null");
  const std::string services =
      service("a", "plain", "x", "", fmt::format(R"(,"price_book": "{}")", one)) + "," +
      service("b", "plain", "y", "", fmt::format(R"(,"price_book": "{}")", two));
  const auto with = [&](const std::string& book) {
    return document(services, fmt::format(R"(, "prices": [{{"row": "S/*/storage", "rate": "1", {}
                                     "because": "a guess"}}])",
                                          book));
  };
  EXPECT_THAT(faults_of(with("")), AllOf(HasSubstr("both have a row \"S/*/storage\""),
                                         HasSubstr("\"price_book\": \"one-store\"")));
  EXPECT_EQ(faults_of(with(R"("price_book": "two-store",)")), "");
}

TEST(SeveralProviders, OneBookUnderTwoPathsIsOneBook) {
  const std::string path = written_book("three-store", "USD", "\"0.01\"");
  const std::string other = testing::TempDir() + "./three-store.json";
  const Ran ran = run_text(
      document(service("a", "plain", "x", "", fmt::format(R"(,"price_book": "{}")", path)) + "," +
               service("b", "plain", "y", "", fmt::format(R"(,"price_book": "{}")", other))));
  EXPECT_EQ(total(ran), "2.00 USD");
}

TEST(SeveralProviders, WhatIsNotCountedIsNamedWithItsBook) {
  auto loaded = load_file("three-providers");
  ASSERT_TRUE(loaded.ok());
  const auto book = price_book_of(*loaded);
  const auto text = fmt::format("{}", fmt::join(not_billed(loaded->scenario, *book, {}), "\n"));
  EXPECT_THAT(text, HasSubstr("aws: requests: reading what is copied to another provider"));
  EXPECT_THAT(text, HasSubstr("aws: requests: a run counts put and get, no list"));
  EXPECT_THAT(text, Not(HasSubstr("aws: internet egress"))) << "it is on the bill";
  EXPECT_THAT(text, Not(HasSubstr("b2: egress"))) << "of the restore";
  EXPECT_THAT(text, HasSubstr("zilliz: internet egress: nothing is brought out"));
}

TEST(SeveralProviders, WithoutObjectSizesWhatObjectsCostIsNamed) {
  auto loaded = load_text(document(
      service("a", "aws", "us-east-1", "", R"(, "store": {"class": "S3 Glacier Deep Archive"})")));
  ASSERT_TRUE(loaded.ok()) << all_messages(loaded.error());
  const auto book = price_book_of(*loaded);
  const auto text = fmt::format("{}", fmt::join(not_billed(loaded->scenario, *book, {}), "\n"));
  EXPECT_THAT(text, HasSubstr("storage: the scenario states no \"store\": {\"object_size\"}, so "
                              "what each object counts"));
  EXPECT_THAT(text, HasSubstr("requests: the scenario states no"));
}

// --- properties ---------------------------------------------------------------------------------

// Regions that the shipped books have prices for: one for services, one for copies.
std::string home_of(const std::string& provider) {
  return provider == "gcp" ? "us-central1" : provider + "-1";
}
std::string second_of(const std::string& provider) {
  return provider == "gcp" ? "europe-west4" : provider + "-2";
}

// Services of several providers, each with its own size and schedule, some of them copied to
// another.
struct Plan {
  std::vector<std::string> services;
};

Plan some_plan(const std::vector<std::string>& providers) {
  Plan plan;
  const int count = *rc::gen::inRange(2, 6);
  for (int i = 0; i < count; ++i) {
    const std::string own = *rc::gen::elementOf(providers);
    std::string copies;
    if (*rc::gen::arbitrary<bool>()) {
      const std::string keeper = *rc::gen::elementOf(providers);
      copies = fmt::format(R"({{"region": "{}", "provider": "{}", "retention_days": {}}})",
                           second_of(keeper), keeper, *rc::gen::inRange(1, 40));
    }
    plan.services.push_back(fmt::format(
        R"({{"name": "s{}", "provider": "{}", "region": "{}", "size": "{} B",
            "delta": "{}", "change": {{"per_day": "{}%"}}, {}
            "schedules": [{{"cron": "{} {} * * *", "retention_days": {}, "copies": [{}]}}]}})",
        i, own, home_of(own), *rc::gen::inRange<std::uint64_t>(1'000'000, 900'000'000'000),
        *rc::gen::elementOf(std::vector<std::string>{"full", "lifetimes"}),
        *rc::gen::inRange(1, 30),
        *rc::gen::arbitrary<bool>() ? R"("store": {"object_size": "16 MiB"},)" : "",
        *rc::gen::inRange(0, 60), *rc::gen::inRange(0, 24), *rc::gen::inRange(1, 60), copies));
  }
  return plan;
}

std::string scenario_of(const std::vector<std::string>& services) {
  return fmt::format(R"({{"name": "t", "start": "2026-01-15", "horizon": "{}", "services": [{}]}})",
                     "75d", fmt::join(services, ","));
}

const std::vector<std::string> kStores{"b2", "wasabi", "gcp"};

RC_GTEST_PROP(SeveralProviders, TheOrderOfTheServicesChangesNothing, ()) {
  Plan plan = some_plan(kStores);
  const Ran before = run_text(scenario_of(plan.services));
  RC_ASSERT(before.invoice.has_value());
  std::reverse(plan.services.begin(), plan.services.end());
  const Ran after = run_text(scenario_of(plan.services));
  RC_ASSERT(parts(*before.invoice) == parts(*after.invoice));
}

// Each provider's part is what its own book makes of what it keeps and what leaves it, alone.
RC_GTEST_PROP(SeveralProviders, TheBillIsTheSumOfItsPartsEachWorkedOutAlone, ()) {
  const Ran ran = run_text(scenario_of(some_plan(kStores).services));
  RC_ASSERT(ran.invoice.has_value());
  cost::Decimal sum;
  for (const std::string& name : kStores) {
    const auto document = Document::parse(*shipped_text("prices/" + name + ".json"), name);
    const auto book = cost::load_price_book(*document);
    std::vector<UsageRecord> own;
    for (UsageRecord record : ran.result.billed) {
      // A run with one book alone says nothing of providers.
      if (record.provider != name && !record.provider.empty()) continue;
      if (record.provider.empty() && ran.invoice->book->name != name) continue;
      record.provider.clear();
      own.push_back(std::move(record));
    }
    const auto invoice = cost::bill(*book, own);
    RC_ASSERT(invoice.ok());
    sum += invoice->total().amount;
    const auto all = parts(*ran.invoice);
    if (const auto part = all.find(name); part != all.end()) {
      RC_ASSERT(part->second == cost::to_string(invoice->total().amount, 2));
    }
  }
  RC_ASSERT(sum == ran.invoice->total().amount);
}

// Services that copy nowhere: simulated and billed in scenarios of their own, they cost the same.
RC_GTEST_PROP(SeveralProviders, ServicesApartCostWhatTheyCostTogether, ()) {
  std::vector<std::string> services;
  cost::Decimal apart;
  for (const std::string& provider : kStores) {
    const std::string one = fmt::format(
        R"({{"name": "{0}-db", "provider": "{0}", "region": "{4}", "size": "{1} B", "delta": "full",
            "schedules": [{{"cron": "0 {2} * * *", "retention_days": {3}}}]}})",
        provider, *rc::gen::inRange<std::uint64_t>(1'000'000, 900'000'000'000),
        *rc::gen::inRange(0, 24), *rc::gen::inRange(1, 60), home_of(provider));
    apart += run_text(scenario_of({one})).invoice->total().amount;
    services.push_back(one);
  }
  RC_ASSERT(run_text(scenario_of(services)).invoice->total().amount == apart);
}

}  // namespace
}  // namespace backcast::scenario
