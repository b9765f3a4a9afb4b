#include "costmodel/book/money.h"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cctype>

#include "engine/base/text.h"

namespace backcast::cost {
namespace {

using Wide = boost::multiprecision::int512_t;

constexpr uint128 kMaxCoefficient = ~uint128{0} >> 1;

Wide widen(uint128 value) {
  return (Wide(static_cast<std::uint64_t>(value >> 64)) << 64) | static_cast<std::uint64_t>(value);
}

Wide widen(int128 value) {
  return value < 0 ? -widen(static_cast<uint128>(-value)) : widen(static_cast<uint128>(value));
}

uint128 narrow(const Wide& value) {
  return (uint128{static_cast<std::uint64_t>(value >> 64)} << 64) |
         static_cast<std::uint64_t>(value & UINT64_MAX);
}

Wide power_of_ten(int exponent) {
  return boost::multiprecision::pow(Wide(10), static_cast<unsigned>(exponent));
}

int128 coefficient_at_scale(const Decimal& value, int scale) {
  int128 coefficient = value.coefficient();
  for (int i = value.scale(); i < scale; ++i) coefficient = must_mul<int128>(coefficient, 10);
  return coefficient;
}

// numerator ÷ denominator as an integer, both positive.
Wide divide(const Wide& numerator, const Wide& denominator, RoundingMode mode) {
  Wide quotient, remainder;
  boost::multiprecision::divide_qr(numerator, denominator, quotient, remainder);
  if (remainder == 0 || mode == RoundingMode::kDown) return quotient;
  const Wide twice = remainder * 2;
  const bool up = mode == RoundingMode::kUp || twice > denominator ||
                  (twice == denominator && (mode == RoundingMode::kHalfUp || (quotient & 1) != 0));
  return up ? quotient + 1 : quotient;
}

std::optional<Decimal> divide_to_decimal(const Wide& numerator, const Wide& denominator,
                                         bool is_negative, Rounding rounding) {
  const Wide coefficient =
      divide(numerator * power_of_ten(rounding.decimals), denominator, rounding.mode);
  if (coefficient > widen(kMaxCoefficient)) return std::nullopt;
  const auto magnitude = static_cast<int128>(narrow(coefficient));
  return Decimal(is_negative ? -magnitude : magnitude, rounding.decimals);
}

}  // namespace

Result<Decimal> Decimal::parse(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return bad_input(printable(text) + ": " + std::string(why),
                     "write a plain decimal such as \"0.02\"");
  };
  std::string_view digits = trim(text);
  const bool is_negative = digits.starts_with('-');
  if (is_negative || digits.starts_with('+')) digits.remove_prefix(1);
  const std::size_t point = digits.find('.');
  const std::string_view whole = digits.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view() : digits.substr(point + 1);
  const auto all_digits = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (whole.empty() || (point != std::string_view::npos && fraction.empty()) ||
      !all_digits(whole) || !all_digits(fraction)) {
    return bad("not a decimal number");
  }
  if (whole.size() > 18 || fraction.size() > kMaxScale) {
    return bad("more than 18 digits on one side of the point");
  }
  int128 coefficient = 0;
  for (const char c : whole) coefficient = coefficient * 10 + (c - '0');
  for (const char c : fraction) coefficient = coefficient * 10 + (c - '0');
  return Decimal(is_negative ? -coefficient : coefficient, static_cast<int>(fraction.size()));
}

Decimal& Decimal::operator+=(const Decimal& other) {
  const int scale = std::max(scale_, other.scale_);
  coefficient_ = must_add(coefficient_at_scale(*this, scale), coefficient_at_scale(other, scale));
  scale_ = static_cast<std::uint8_t>(scale);
  return *this;
}

Decimal operator*(const Decimal& a, const Decimal& b) {
  const int scale = a.scale() + b.scale();
  BACKCAST_ASSERT(scale <= UINT8_MAX);
  return {must_mul(a.coefficient(), b.coefficient()), scale};
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  const Wide left = widen(a.coefficient()) * power_of_ten(std::max(0, b.scale() - a.scale()));
  const Wide right = widen(b.coefficient()) * power_of_ten(std::max(0, a.scale() - b.scale()));
  return left < right   ? std::strong_ordering::less
         : left > right ? std::strong_ordering::greater
                        : std::strong_ordering::equal;
}

Decimal Decimal::trimmed(int min_scale) const {
  int128 coefficient = coefficient_;
  int scale = scale_;
  for (; scale > min_scale && coefficient % 10 == 0; --scale) coefficient /= 10;
  for (; scale < min_scale; ++scale) coefficient = must_mul<int128>(coefficient, 10);
  return {coefficient, scale};
}

std::string to_string(uint128 value) {
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  return {digits.rbegin(), digits.rend()};
}

std::string to_string(const Decimal& value, int min_scale) {
  const Decimal exact = value.trimmed(min_scale);
  const bool is_negative = exact.is_negative();
  const auto magnitude =
      static_cast<uint128>(is_negative ? -exact.coefficient() : exact.coefficient());
  std::string digits = to_string(magnitude);
  const auto scale = static_cast<std::size_t>(exact.scale());
  if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  if (scale > 0) digits.insert(digits.size() - scale, 1, '.');
  return is_negative ? "-" + digits : digits;
}

// strtod of exact digits is the correctly rounded double, the same on every machine.
double to_double(const Decimal& value) {
  return std::strtod(to_string(value).c_str(), nullptr);
}

Result<Currency> Currency::parse(std::string_view code) {
  Currency currency;
  const bool is_code = code.size() == 3 && std::all_of(code.begin(), code.end(),
                                                       [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!is_code) {
    return bad_input(printable(code) + " is not a currency",
                     "give an ISO 4217 code such as \"USD\"");
  }
  std::copy(code.begin(), code.end(), currency.code_.begin());
  return currency;
}

std::string to_string(const Money& money) {
  return to_string(money.amount, 2) + ' ' + std::string(money.currency.code());
}

Quantity operator+(const Quantity& a, const Quantity& b) {
  if (a.base == 0) return b;
  if (b.base == 0) return a;
  if (a.base_per_unit == b.base_per_unit) return {must_add(a.base, b.base), a.base_per_unit};
  const Wide x = widen(a.base_per_unit), y = widen(b.base_per_unit);
  Wide base = widen(a.base) * y + widen(b.base) * x, per_unit = x * y;
  const Wide common = boost::multiprecision::gcd(base, per_unit);
  base /= common;
  per_unit /= common;
  const Wide most = widen(~uint128{0});
  if (base > most || per_unit > most) {
    base = divide(base * power_of_ten(18), per_unit, RoundingMode::kHalfUp);
    per_unit = power_of_ten(18);
  }
  BACKCAST_ASSERT(base <= most);
  return {narrow(base), narrow(per_unit)};
}

std::string to_string(const Quantity& quantity, int digits) {
  std::string text = divide(widen(quantity.base) * power_of_ten(digits),
                            widen(quantity.base_per_unit), RoundingMode::kHalfUp)
                         .str();
  const auto scale = static_cast<std::size_t>(digits);
  if (text.size() <= scale) text.insert(0, scale + 1 - text.size(), '0');
  if (scale == 0) return text;
  text.insert(text.size() - scale, 1, '.');
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::optional<Decimal> exact_decimal(const Quantity& quantity, int max_digits) {
  const Wide scaled = widen(quantity.base) * power_of_ten(max_digits);
  if (scaled % widen(quantity.base_per_unit) != 0) return std::nullopt;
  const auto decimal = divide_to_decimal(widen(quantity.base), widen(quantity.base_per_unit), false,
                                         {max_digits, RoundingMode::kDown});
  if (!decimal) return std::nullopt;
  return decimal->trimmed();
}

double to_double(const Quantity& quantity) {
  return std::strtod(to_string(quantity, 18).c_str(), nullptr);
}

Decimal round(const Decimal& value, Rounding rounding) {
  const auto rounded = divide_to_decimal(
      widen(static_cast<uint128>(value.is_negative() ? -value.coefficient() : value.coefficient())),
      power_of_ten(value.scale()), value.is_negative(), rounding);
  BACKCAST_ASSERT(rounded.has_value());
  return *rounded;
}

Result<Decimal> price(const Quantity& quantity, const Decimal& rate, Rounding rounding) {
  const auto magnitude =
      static_cast<uint128>(rate.is_negative() ? -rate.coefficient() : rate.coefficient());
  const auto amount = divide_to_decimal(widen(quantity.base) * widen(magnitude),
                                        widen(quantity.base_per_unit) * power_of_ten(rate.scale()),
                                        rate.is_negative(), rounding);
  if (!amount) return bad_input("an amount needs more than 38 digits");
  return *amount;
}

uint128 mul_div_floor(uint128 a, uint128 b, uint128 c) {
  BACKCAST_ASSERT(c > 0);
  uint128 product = 0;
  if (!__builtin_mul_overflow(a, b, &product)) return product / c;
  const Wide quotient = widen(a) * widen(b) / widen(c);
  BACKCAST_ASSERT(quotient <= widen(~uint128{0}));
  return narrow(quotient);
}

}  // namespace backcast::cost
