#include "study/vary/design.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace backcast::study {
namespace {

Factor factor(const char* text) {
  auto parsed = parse_factor(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed.ok() ? *parsed : Factor{};
}

TEST(Factor, values_keep_the_form_the_document_needs) {
  EXPECT_EQ(factor("/a=1%,2%").value_at(0.7), "\"2%\"");
  EXPECT_EQ(factor("/a=7,14").value_at(0.2), "7");
  EXPECT_EQ(factor("/a=true,false").value_at(0.9), "false");
  EXPECT_EQ(factor("/a=10 GB..50 GB").value_at(0.5), "\"30 GB\"");
  EXPECT_EQ(factor("/a=7..30").value_at(0.5), "19");
  EXPECT_EQ(factor("/a=0.5..1.5").value_at(0.25), "0.75");
  EXPECT_EQ(factor("/a=1..3/3").levels, (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(factor("/a=30 2 * * *").levels.at(0), "\"30 2 * * *\"");
  for (const char* bad : {"a=1", "/a", "/a=", "/a=5..1", "/a=1 GB..2 TB", "/a=x..y", "/a=1..5/1"}) {
    EXPECT_FALSE(parse_factor(bad).ok()) << bad;
  }
}

TEST(Design, a_grid_is_every_combination_once) {
  const std::vector<Factor> factors{factor("/a=1,2,3"), factor("/b=x,y")};
  const auto points = make_points(Design::kGrid, factors, 0, 0);
  ASSERT_TRUE(points.ok());
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& row : *points) {
    seen.emplace(factors[0].value_at(row[0]), factors[1].value_at(row[1]));
  }
  EXPECT_EQ(points->size(), 6u);
  EXPECT_EQ(seen.size(), 6u);
  const std::vector<Factor> range{factor("/a=1..3")};
  EXPECT_FALSE(make_points(Design::kGrid, range, 0, 0).ok());
}

TEST(Design, every_slice_of_a_latin_hypercube_and_of_sobol_points_holds_one_point) {
  const std::vector<Factor> factors{factor("/a=0..1"), factor("/b=0..1"), factor("/c=0..1")};
  for (const Design design : {Design::kLatin, Design::kSobol}) {
    const auto points = make_points(design, factors, 64, 5);
    ASSERT_TRUE(points.ok());
    for (std::size_t f = 0; f < 3; ++f) {
      std::set<int> slices;
      for (const auto& row : *points) slices.insert(static_cast<int>(row[f] * 64));
      EXPECT_EQ(slices.size(), 64u) << name(design) << f;
    }
    EXPECT_EQ(*points, *make_points(design, factors, 64, 5));
    EXPECT_NE(*points, *make_points(design, factors, 64, 6));
  }
}

// Ishigami's function, whose indices are known in closed form.
double ishigami(const std::vector<double>& u) {
  constexpr double kPi = 3.14159265358979323846;
  const auto x = [&](int i) { return kPi * (2 * u[static_cast<std::size_t>(i)] - 1); };
  return std::sin(x(0)) + 7 * std::pow(std::sin(x(1)), 2) +
         0.1 * std::pow(x(2), 4) * std::sin(x(0));
}

TEST(Design, sobol_indices_of_ishigamis_function) {
  const std::vector<Factor> factors{factor("/a=0..1"), factor("/b=0..1"), factor("/c=0..1")};
  const auto points = make_points(Design::kSaltelli, factors, 4096, 1);
  ASSERT_TRUE(points.ok());
  std::vector<double> outputs;
  for (const auto& row : *points) outputs.push_back(ishigami(row));
  const auto result = effects(Design::kSaltelli, *points, outputs);
  EXPECT_NEAR(result[0].first, 0.3139, 0.02);
  EXPECT_NEAR(result[1].first, 0.4424, 0.02);
  EXPECT_NEAR(result[2].first, 0.0, 0.02);
  EXPECT_NEAR(result[0].second, 0.5576, 0.02);
  EXPECT_NEAR(result[1].second, 0.4424, 0.02);
  EXPECT_NEAR(result[2].second, 0.2437, 0.02);
}

TEST(Design, morris_finds_slopes_and_tells_who_interacts) {
  const std::vector<Factor> factors{factor("/a=0..1"), factor("/b=0..1"), factor("/c=0..1"),
                                    factor("/d=0..1")};
  const auto points = make_points(Design::kMorris, factors, 30, 1);
  ASSERT_TRUE(points.ok());
  EXPECT_EQ(points->size(), 150u);
  std::vector<double> outputs;
  for (const auto& u : *points) outputs.push_back(3 * u[0] - 2 * u[1] + 5 * u[2] * u[0]);
  const auto result = effects(Design::kMorris, *points, outputs);
  EXPECT_NEAR(result[1].first, 2, 1e-9);
  EXPECT_NEAR(result[1].second, 0, 1e-9);
  EXPECT_GT(result[0].second, 0.5);
  EXPECT_NEAR(result[3].first, 0, 1e-9);
}

}  // namespace
}  // namespace backcast::study
