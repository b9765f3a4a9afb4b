// Exact money and exact quantities. No binary floating point comes near an invoice line: a rate is
// a decimal, a quantity a fraction of integers, and their product is rounded once, by a stated
// rule.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/checked.h"
#include "engine/base/error.h"

namespace backcast::cost {

// coefficient × 10^-scale. Sums and products are exact; the program stops if 128 bits do not hold
// one, which inputs read through `parse` (18 digits each side of the point) cannot reach before
// 10^19 additions.
class Decimal {
 public:
  static constexpr int kMaxScale = 18;

  constexpr Decimal() = default;
  constexpr Decimal(int128 coefficient, int scale)
      : coefficient_(coefficient), scale_(static_cast<std::uint8_t>(scale)) {}

  // Reads "0.02", "-3", "1e-3" is refused. Errors: kBadInput for anything but an optional sign,
  // digits and a point, or more than 18 digits on either side of it.
  static Result<Decimal> parse(std::string_view text);

  constexpr int128 coefficient() const { return coefficient_; }
  constexpr int scale() const { return scale_; }
  constexpr bool is_zero() const { return coefficient_ == 0; }
  constexpr bool is_negative() const { return coefficient_ < 0; }

  Decimal operator-() const { return {-coefficient_, scale_}; }
  Decimal& operator+=(const Decimal& other);
  friend Decimal operator+(Decimal a, const Decimal& b) { return a += b; }
  friend Decimal operator-(Decimal a, const Decimal& b) { return a += -b; }
  // Exact: scales add up. Stops the program past 128 bits or scale 255.
  friend Decimal operator*(const Decimal& a, const Decimal& b);
  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);
  friend bool operator==(const Decimal& a, const Decimal& b) { return (a <=> b) == 0; }

  // The same value without needless trailing zeros, but with at least min_scale digits.
  Decimal trimmed(int min_scale = 0) const;

 private:
  int128 coefficient_ = 0;
  std::uint8_t scale_ = 0;
};

// "0.80": exact, at least min_scale digits after the point, no needless zeros beyond.
std::string to_string(const Decimal& value, int min_scale = 0);
// Nearest double, for charts and file formats that demand one; never for arithmetic on money.
double to_double(const Decimal& value);

// ISO 4217 code such as "USD".
class Currency {
 public:
  constexpr Currency() = default;
  static Result<Currency> parse(std::string_view code);
  std::string_view code() const { return {code_.data(), code_[0] == 0 ? 0u : 3u}; }
  friend bool operator==(const Currency&, const Currency&) = default;

 private:
  std::array<char, 3> code_{};
};

struct Money {
  Decimal amount;
  Currency currency;
  friend bool operator==(const Money&, const Money&) = default;
};
// "2.80 USD"
std::string to_string(const Money& money);

// An exact amount of something in pricing units: base ÷ base_per_unit. Storage counts byte-seconds
// in its base, transfers bytes, requests requests.
struct Quantity {
  uint128 base = 0;
  uint128 base_per_unit = 1;
};
// The sum in units, also where one unit is another base: GB-months of February and of March. Exact
// wherever it fits 128 bits, else to 18 decimals.
Quantity operator+(const Quantity& a, const Quantity& b);
// "40", "66.666667": rounded half up to `digits` for people; never read back.
std::string to_string(const Quantity& quantity, int digits = 6);
// The exact decimal, or nullopt where it has none of at most `max_digits` digits.
std::optional<Decimal> exact_decimal(const Quantity& quantity, int max_digits = 18);
double to_double(const Quantity& quantity);

enum class RoundingMode : std::uint8_t { kHalfUp, kHalfEven, kUp, kDown };  // up: away from zero

struct Rounding {
  int decimals = 6;
  RoundingMode mode = RoundingMode::kHalfUp;
};
Decimal round(const Decimal& value, Rounding rounding);
// quantity × rate, rounded once. Errors: kBadInput where the result needs more than 38 digits.
Result<Decimal> price(const Quantity& quantity, const Decimal& rate, Rounding rounding);

// floor(a × b ÷ c) without overflow in between; c > 0, and the result must fit.
uint128 mul_div_floor(uint128 a, uint128 b, uint128 c);
std::string to_string(uint128 value);

}  // namespace backcast::cost
