// Decimals, quantities and their rounding.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/costmodel/books.h"

namespace backcast::cost {
namespace {

TEST(Money, ReadsAndPrintsDecimalsExactly) {
  EXPECT_EQ(to_string(dec("0.020")), "0.02");
  EXPECT_EQ(to_string(dec("-3"), 2), "-3.00");
  EXPECT_EQ(to_string(dec("000123456789012345.000000000000000001")),
            "123456789012345.000000000000000001");
  for (const char* text : {"", "-", ".5", "5.", "1e3", "0x1", "1,5", "--1", "1.2.3",
                           "1234567890123456789", "0.1234567890123456789"}) {
    EXPECT_FALSE(Decimal::parse(text).ok()) << text;
  }
}

TEST(Money, RoundsByTheStatedRule) {
  const auto rounded = [](const char* value, RoundingMode mode) {
    return to_string(round(dec(value), {2, mode}), 2);
  };
  EXPECT_EQ(rounded("0.125", RoundingMode::kHalfUp), "0.13");
  EXPECT_EQ(rounded("-0.125", RoundingMode::kHalfUp), "-0.13");
  EXPECT_EQ(rounded("0.125", RoundingMode::kHalfEven), "0.12");
  EXPECT_EQ(rounded("0.135", RoundingMode::kHalfEven), "0.14");
  EXPECT_EQ(rounded("0.121", RoundingMode::kUp), "0.13");
  EXPECT_EQ(rounded("0.129", RoundingMode::kDown), "0.12");
}

TEST(Money, PricesHugeQuantitiesWithoutOverflow) {
  const Quantity quantity{uint128{1} << 105, 2'592'000'000'000'000};
  EXPECT_EQ(to_string(*price(quantity, dec("0.02"), {6, RoundingMode::kHalfUp})),
            "313000148204501.086789");
  EXPECT_FALSE(price({~uint128{0}, 1}, dec("1000000000"), {}).ok());
  EXPECT_EQ(to_string(Quantity{~uint128{0}, 1}), "340282366920938463463374607431768211455");
}

TEST(Money, KnowsWhichQuantitiesHaveAnExactDecimal) {
  EXPECT_EQ(to_string(*exact_decimal({1, 8})), "0.125");
  EXPECT_FALSE(exact_decimal({1, 3}).has_value());
}

RC_GTEST_PROP(Money, AdditionAndOrderAgreeWithIntegers, (std::int64_t a, std::int64_t b)) {
  const auto scale = *rc::gen::inRange(0, 9);
  const Decimal x(a, scale), y(b, scale);
  RC_ASSERT((x + y) - y == x);
  RC_ASSERT((x < y) == (a < b));
  RC_ASSERT(*Decimal::parse(to_string(Decimal(a / 10, scale))) == Decimal(a / 10, scale));
}

RC_GTEST_PROP(Money, MulDivFloorIsTheExactQuotient, (std::uint64_t a, std::uint64_t b)) {
  const auto c = *rc::gen::positive<std::uint64_t>();
  const uint128 wide = uint128{a} << 63;
  // Every product here stays below 2^128, so plain integers are the judge.
  RC_ASSERT(mul_div_floor(a, b, c) == uint128{a} * b / c);
  RC_ASSERT(mul_div_floor(wide, uint128{b} << 1, uint128{1} << 64) == uint128{a} * b);
}

}  // namespace
}  // namespace backcast::cost
