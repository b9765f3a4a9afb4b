// Prices of one currency on a bill in another.
#include "costmodel/book/exchange.h"

#include <gmock/gmock.h>

#include "tests/costmodel/books.h"

namespace backcast::cost {
namespace {

using testing::Contains;
using testing::HasSubstr;

PriceBook priced_in(const std::string& currency, const std::string& storage_class) {
  PriceBook made = book(kGbMonth, R"({"service":")" + storage_class +
                                      R"(","meter":"storage","price":"0.1","storage_class":")" +
                                      storage_class + "\"," + kEvidence + "}");
  made.currency = *Currency::parse(currency);
  made.name = storage_class;
  return made;
}

TEST(Exchange, ConvertsAtTheRateGivenAndSaysSoOnTheInvoice) {
  const auto rate = parse_exchange_rate("1 EUR = 1.0842 USD, 2026-06-30, a bank");
  ASSERT_TRUE(rate.ok());
  const auto merged = merge({priced_in("USD", "here"), priced_in("EUR", "there")}, {*rate});
  ASSERT_TRUE(merged.ok()) << messages(merged.error());
  auto here = stored("2026-06-01", "2026-07-01", 100 * kGB), there = here;
  here.storage_class = "here";
  there.storage_class = "there";
  const Invoice invoice = billed(*merged, {here, there});
  EXPECT_EQ(to_string(invoice.total()), "20.84 USD");  // 10 + 10 × 1.0842, to the cent
  EXPECT_THAT(invoice.assumptions,
              Contains("prices of there converted: 1 EUR = 1.0842 USD (a bank, 2026-06-30)"));
  EXPECT_FALSE(invoice.own_total(0)) << "billed in dollars as it is";
  ASSERT_TRUE(invoice.own_total(1));
  EXPECT_EQ(to_string(*invoice.own_total(1)), "10.00 EUR") << "as its provider bills it";
  EXPECT_THAT(merged->rows[1].source, HasSubstr("in EUR, 1 EUR = 1.0842 USD"));
  EXPECT_THAT(merged->rows[0].source, Not(HasSubstr("EUR")));
}

TEST(Exchange, AMixWithoutARateIsAnError) {
  const auto refused = [](const std::vector<std::string>& texts) {
    std::vector<ExchangeRate> rates;
    for (const std::string& text : texts) rates.push_back(*parse_exchange_rate(text));
    const auto merged = merge({priced_in("USD", "a"), priced_in("EUR", "b")}, rates);
    return merged.ok() ? "" : messages(merged.error());
  };
  EXPECT_THAT(refused({}), HasSubstr("price book \"b\" is in EUR, \"a\" in USD"));
  EXPECT_THAT(refused({"1 CHF = 1 USD, 2026-06-30, s"}), HasSubstr("no rate from it to USD"));
  EXPECT_THAT(refused({"1 EUR = 1 USD, 2026-06-30, s", "1 CHF = 1 USD, 2026-06-30, s"}),
              HasSubstr("no price book is in CHF"));
  EXPECT_THAT(refused({"1 EUR = 1 USD, 2026-06-30, s", "1 USD = 1 CHF, 2026-06-30, s"}),
              HasSubstr("into USD and into CHF"));
  EXPECT_EQ(refused({"1 EUR = 1 USD, 2026-06-30, s"}), "");
}

TEST(Exchange, RefusesRatesWithoutDateSourceOrSense) {
  for (const char* text :
       {"", "EUR", "2 EUR = 1 USD, 2026-06-30, s", "1 EUR = 1 USD", "1 EUR = 1 USD, 2026-06-30",
        "1 EUR = 1 USD, June, s", "1 EUR = 0 USD, 2026-06-30, s", "1 EUR = -1 USD, 2026-06-30, s",
        "1 EUR = 1e3 USD, 2026-06-30, s", "1 EUR = 1.1234567 USD, 2026-06-30, s",
        "1 EUR = 1 EUR, 2026-06-30, s", "1 Euro = 1 USD, 2026-06-30, s"}) {
    EXPECT_FALSE(parse_exchange_rate(text).ok()) << text;
  }
}

}  // namespace
}  // namespace backcast::cost
