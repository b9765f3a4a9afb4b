#include "sim/model/portable_math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "sim/model/draws.h"

namespace backcast::sim {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(PortableMath, exp_and_log_agree_with_the_library_to_the_last_bits) {
  const Draws draws(1, 0);
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const double x = -700 + 1400 * draws.uniform(0, Purpose::kTest, i);
    ASSERT_NEAR(portable_exp(x) / std::exp(x), 1, 4e-16) << x;
    const double y = std::exp(x);
    ASSERT_NEAR(portable_log(y), std::log(y), 4e-16 * std::max(1.0, std::fabs(x))) << y;
  }
}

TEST(PortableMath, exp_and_log_at_the_edges) {
  EXPECT_EQ(portable_exp(0), 1);
  EXPECT_EQ(portable_exp(-1000), 0);
  EXPECT_EQ(portable_exp(1000), kInfinity);
  EXPECT_NEAR(portable_exp(-744) / std::exp(-744), 1, 0.3);  // a subnormal with two bits
  EXPECT_TRUE(std::isnan(portable_exp(std::nan(""))));
  EXPECT_EQ(portable_log(1), 0);
  EXPECT_EQ(portable_log(0), -kInfinity);
  EXPECT_TRUE(std::isnan(portable_log(-1)));
  EXPECT_NEAR(portable_log(5e-324), std::log(5e-324), 1e-12);
}

TEST(PortableMath, normal_quantile_inverts_the_distribution_function) {
  for (const double x : {-8.0, -3.0, -1.959963984540054, -0.5, 0.0, 0.1, 1.0, 2.5, 5.0}) {
    const double p = std::erfc(-x / std::sqrt(2.0)) / 2;
    EXPECT_NEAR(normal_quantile(p), x, 1e-9) << x;
  }
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
}

// The same bits on every machine and compiler: these were written down once.
TEST(PortableMath, results_are_the_same_bits_everywhere) {
  const auto bits = [](double x) { return std::bit_cast<std::uint64_t>(x); };
  std::uint64_t fold = 0;
  for (int i = 1; i <= 1000; ++i) {
    const double x = i * 0.0371;
    for (const double y : {portable_exp(-x), portable_log(x), normal_quantile(i / 1001.0)}) {
      fold = (fold ^ bits(y)) * 0x100000001B3ULL;
    }
  }
  EXPECT_EQ(fold, 16754589023960893816ULL);
}

TEST(Draws, philox_gives_its_published_answers) {
  // Known answers of the authors' Random123 library, kat_vectors, philox4x32 with 10 rounds.
  using Block = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Draws, every_part_of_the_key_matters) {
  const Draws draws(1, 2);
  const std::uint64_t base = draws.bits(3, Purpose::kSize, 4);
  EXPECT_EQ(base, Draws(1, 2).bits(3, Purpose::kSize, 4));
  EXPECT_NE(base, Draws(5, 2).bits(3, Purpose::kSize, 4));
  EXPECT_NE(base, Draws(1, 5).bits(3, Purpose::kSize, 4));
  EXPECT_NE(base, draws.bits(5, Purpose::kSize, 4));
  EXPECT_NE(base, draws.bits(3, Purpose::kChange, 4));
  EXPECT_NE(base, draws.bits(3, Purpose::kSize, 5));
  EXPECT_NE(base, draws.bits(3, Purpose::kSize, 4 + (1ULL << 40)));
}

TEST(Draws, distributions_have_their_mean_and_spread) {
  using Kind = Distribution::Kind;
  const Draws draws(11, 0);
  constexpr int kCount = 200'000;
  for (const Distribution law :
       {Distribution{Kind::kFixed, 3, 0}, Distribution{Kind::kUniform, 2, 6},
        Distribution{Kind::kNormal, 5, 2}, Distribution{Kind::kLogNormal, 4, 0.5},
        Distribution{Kind::kExponential, 7, 0}}) {
    double sum = 0, below_median = 0;
    for (int i = 0; i < kCount; ++i) {
      const double x = law.draw(draws, static_cast<std::uint32_t>(law.kind), Purpose::kTest,
                                static_cast<std::uint64_t>(i));
      sum += x;
      below_median += x < law.quantile(0.5) ? 1 : 0;
    }
    // Four standard errors of the widest law (exponential, 7): 4 * 7 / sqrt(200,000).
    EXPECT_NEAR(sum / kCount, law.mean(), 0.07) << static_cast<int>(law.kind);
    if (law.kind != Kind::kFixed) {
      EXPECT_NEAR(below_median / kCount, 0.5, 0.005);
    }
  }
}

}  // namespace
}  // namespace backcast::sim
