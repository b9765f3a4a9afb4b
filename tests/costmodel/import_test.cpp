// Price lists of the providers, in small samples of their formats, become price books that load.
#include <gmock/gmock.h>

#include "costmodel/book/import_prices.h"
#include "tests/costmodel/books.h"

namespace backcast::cost {
namespace {

using testing::HasSubstr;

PriceBook imported(const std::string& text, std::size_t left_out) {
  const auto made = import_prices(text, "list", {"test list", ""});
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : messages(made.error()));
  EXPECT_EQ(made->left_out, left_out) << made->first_left_out;
  const auto document = Document::parse(made->json, "list");
  const auto loaded = load_price_book(*document);
  EXPECT_TRUE(loaded.ok()) << messages(loaded.error()) << made->json;
  return *loaded;
}

std::string refusal_of(const std::string& text) {
  const auto made = import_prices(text, "list", {"test list", ""});
  EXPECT_FALSE(made.ok());
  return made.ok() ? "" : messages(made.error());
}

UsageRecord held(std::string storage_class, std::string region, std::uint64_t bytes) {
  UsageRecord record = stored("2026-06-01", "2026-07-01", bytes, std::move(region));
  record.storage_class = std::move(storage_class);
  return record;
}

constexpr const char* kAwsJson = R"({
 "formatVersion": "v1.0", "offerCode": "TestStore", "publicationDate": "2026-03-04T05:06:07Z",
 "products": {
  "AA": {"sku": "AA", "productFamily": "Storage",
         "attributes": {"servicecode": "TestStore", "regionCode": "r1", "volumeType": "Standard",
                        "usagetype": "TimedStorage-ByteHrs"}},
  "BB": {"sku": "BB", "productFamily": "API Request",
         "attributes": {"servicecode": "TestStore", "regionCode": "r1", "group": "S3-API-Tier1",
                        "usagetype": "Requests-Tier1"}},
  "CC": {"sku": "CC", "productFamily": "Compute Instance",
         "attributes": {"servicecode": "TestStore", "regionCode": "r1"}}},
 "terms": {"OnDemand": {
  "AA": {"AA.T": {"priceDimensions": {
    "AA.T.2": {"unit": "GB-Mo", "beginRange": "100", "endRange": "Inf",
               "pricePerUnit": {"USD": "0.0200000000"}},
    "AA.T.1": {"unit": "GB-Mo", "beginRange": "0", "endRange": "100",
               "pricePerUnit": {"USD": "0.0300000000"}}}}},
  "BB": {"BB.T": {"priceDimensions": {
    "BB.T.1": {"unit": "Requests", "beginRange": "0", "endRange": "Inf",
               "pricePerUnit": {"USD": "0.0000050000"}}}}},
  "CC": {"CC.T": {"priceDimensions": {
    "CC.T.1": {"unit": "Hrs", "beginRange": "0", "pricePerUnit": {"USD": "1"}}}}}}}
})";

TEST(ImportPrices, AwsPriceListJson) {
  const PriceBook prices = imported(kAwsJson, 1);
  EXPECT_EQ(prices.as_of, "2026-03-04");
  EXPECT_EQ(total(prices, {held("Standard", "r1", 150 * kGiB)}), "4.00 USD")
      << "100 × 0.03 + 50 × 0.02";
  UsageRecord put = moment(UsageKind::kRequest, "2026-06-01", 10'000);
  put.operation = "put";
  EXPECT_EQ(total(prices, {put}), "0.05 USD");
  EXPECT_THAT(prices.rows[0].source, HasSubstr("SKU AA"));
}

TEST(ImportPrices, AwsPriceListCsv) {
  const PriceBook prices = imported(
      "\"FormatVersion\",\"v1.0\"\n\"Disclaimer\",\"none\"\n"
      "\"Publication Date\",\"2026-03-04T05:06:07Z\"\n\"Version\",\"1\"\n\"OfferCode\",\"T\"\n"
      "\"SKU\",\"TermType\",\"PriceDescription\",\"StartingRange\",\"EndingRange\",\"Unit\","
      "\"PricePerUnit\",\"Currency\",\"Product Family\",\"serviceName\",\"Region Code\","
      "\"Volume Type\",\"Transfer Type\",\"usageType\"\n"
      "\"AA\",\"OnDemand\",\"a, b\",\"100\",\"Inf\",\"GB-Mo\",\"0.02\",\"USD\",\"Storage\",\"T\","
      "\"r1\",\"Standard\",\"\",\"x\"\n"
      "\"AA\",\"OnDemand\",\"a, b\",\"0\",\"100\",\"GB-Mo\",\"0.03\",\"USD\",\"Storage\",\"T\","
      "\"r1\",\"Standard\",\"\",\"x\"\n"
      "\"BB\",\"OnDemand\",\"out\",\"0\",\"Inf\",\"GB\",\"0.09\",\"USD\",\"Data Transfer\",\"T\","
      "\"r1\",\"\",\"AWS Outbound\",\"x\"\n",
      0);
  EXPECT_EQ(prices.as_of, "2026-03-04");
  EXPECT_EQ(total(prices, {held("Standard", "r1", 150 * kGiB),
                           moment(UsageKind::kEgress, "2026-06-01", 100 * kGiB)}),
            "13.00 USD");
}

TEST(ImportPrices, AzureRetailPrices) {
  const PriceBook prices = imported(R"({"BillingCurrency":"EUR","Items":[
    {"currencyCode":"EUR","tierMinimumUnits":0.0,"retailPrice":0.0184,"armRegionName":"westeurope",
     "effectiveStartDate":"2026-01-01T00:00:00Z","meterId":"m1","meterName":"Hot LRS Data Stored",
     "productName":"Blob","skuName":"Hot LRS","unitOfMeasure":"1 GB/Month","type":"Consumption"},
    {"currencyCode":"EUR","tierMinimumUnits":51200.0,"retailPrice":0.0177,
     "armRegionName":"westeurope","effectiveStartDate":"2026-01-01T00:00:00Z","meterId":"m1",
     "meterName":"Hot LRS Data Stored","productName":"Blob","skuName":"Hot LRS",
     "unitOfMeasure":"1 GB/Month","type":"Consumption"},
    {"currencyCode":"EUR","tierMinimumUnits":0.0,"retailPrice":0.05,"armRegionName":"westeurope",
     "effectiveStartDate":"2026-01-01T00:00:00Z","meterId":"m2",
     "meterName":"Hot LRS Write Operations","productName":"Blob","skuName":"Hot LRS",
     "unitOfMeasure":"10K","type":"Consumption"},
    {"currencyCode":"EUR","retailPrice":9,"meterId":"m3","meterName":"x","unitOfMeasure":"1 Hour",
     "type":"Reservation"}],"Count":4})",
                                    0);
  EXPECT_EQ(total(prices, {held("Hot LRS", "westeurope", 1000 * kGiB)}), "18.40 EUR");
  UsageRecord put = held("Hot LRS", "westeurope", 20'000);
  put.kind = UsageKind::kRequest;
  put.operation = "put";
  EXPECT_EQ(total(prices, {put}), "0.10 EUR");
}

TEST(ImportPrices, GoogleCloudSkus) {
  const PriceBook prices = imported(R"({"skus":[{"skuId":"S1","description":"Nearline Storage",
    "category":{"serviceDisplayName":"Cloud Storage","resourceGroup":"NearlineStorage"},
    "serviceRegions":["europe-west4","us-central1"],
    "pricingInfo":[{"effectiveTime":"2026-02-03T00:00:00Z","pricingExpression":{
      "usageUnit":"GiBy.mo","tieredRates":[
       {"startUsageAmount":0,"unitPrice":{"currencyCode":"USD","units":"0","nanos":0}},
       {"startUsageAmount":5,
        "unitPrice":{"currencyCode":"USD","units":"0","nanos":10000000}}]}}]}]})",
                                    0);
  EXPECT_EQ(prices.rows.size(), 2u);
  // 730 hours of 105 GiB, 5 of them free.
  UsageRecord record = held("NearlineStorage", "us-central1", 105 * kGiB);
  record.start = at("2026-07-01");
  record.end = record.start + 730 * kHour;
  EXPECT_EQ(total(prices, {record}), "1.00 USD");
}

TEST(ImportPrices, AnAzurePriceThatChangedIsTheNewestOne) {
  const auto item = [](const char* date, const char* price) {
    return std::string(R"({"currencyCode":"USD","tierMinimumUnits":0,"armRegionName":"r",)") +
           R"("meterId":"m","meterName":"Data Stored","productName":"Blob","skuName":"Hot",)" +
           R"("unitOfMeasure":"1 GB/Month","type":"Consumption","effectiveStartDate":")" + date +
           R"(T00:00:00Z","retailPrice":)" + price + "}";
  };
  const std::string january = item("2026-01-01", "0.02"), may = item("2026-05-01", "0.03");
  for (const std::string& items : {january + "," + may, may + "," + january}) {
    const PriceBook prices = imported(R"({"Items":[)" + items + "]}", 0);
    EXPECT_EQ(total(prices, {held("Hot", "r", 100 * kGiB)}), "3.00 USD");
    EXPECT_EQ(prices.rows[0].as_of, "2026-05-01");
  }
}

TEST(ImportPrices, OddRowsAreFaultsAndNeverCrash) {
  EXPECT_FALSE(import_prices("\"FormatVersion\"\n\"Publication Date\"\n\n\n\n\n", "l", {}).ok());
  EXPECT_THAT(refusal_of(R"({"skus":[{"skuId":"S","category":{"resourceGroup":"g"},
    "serviceRegions":["r"],"pricingInfo":[{"pricingExpression":{"usageUnit":"GiBy.mo","tieredRates":[
      {"startUsageAmount":0,"unitPrice":{"currencyCode":"USD","units":"0","nanos":-5}}]}}]}]})"),
              HasSubstr("negative"));
  for (const char* text :
       {R"({"Items":[null,7,"x",{}]})", R"({"skus":[null,{"pricingInfo":[{}]}]})",
        R"({"products":[],"terms":{"OnDemand":{"A":{"B":{"priceDimensions":{"C":null}}}}}})",
        R"({"products":null,"terms":null})"}) {
    EXPECT_FALSE(import_prices(text, "list", {}).ok()) << text;
  }
}

TEST(ImportPrices, RefusesWhatItDoesNotUnderstand) {
  EXPECT_THAT(refusal_of("{}"), HasSubstr("not a price list"));
  EXPECT_THAT(refusal_of("[1,"), HasSubstr("list:1"));
  EXPECT_THAT(refusal_of(R"({"Items":[]})"), HasSubstr("no price that a backup uses"));
  EXPECT_THAT(refusal_of(R"({"Items":[{"currencyCode":"USD","retailPrice":-1,"meterId":"a",
                             "unitOfMeasure":"1 GB/Month","meterName":"x","productName":"p"}]})"),
              HasSubstr("negative"));
  EXPECT_THAT(refusal_of(R"({"Items":[
    {"currencyCode":"USD","retailPrice":1,"meterId":"a","unitOfMeasure":"1 GB/Month",
     "productName":"p","armRegionName":"r"},
    {"currencyCode":"EUR","retailPrice":1,"meterId":"b","unitOfMeasure":"1 GB/Month",
     "productName":"q","armRegionName":"r"}]})"),
              HasSubstr("mixes currencies"));
  EXPECT_THAT(refusal_of("\"FormatVersion\",\"v1.0\"\n1\n2\n3\n4\n\"SKU\",\"TermType\",\"Unit\","
                         "\"PricePerUnit\"\n\"A\",\"OnDemand\",\"GB-Mo\",\"free\"\n"),
              HasSubstr("list:7:1: PricePerUnit \"free\" is not a price"));
}

}  // namespace
}  // namespace backcast::cost
