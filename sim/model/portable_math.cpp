#include "sim/model/portable_math.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace backcast::sim {
namespace {

// ln 2 in two parts: the first has zeros in its low bits, so k * kLn2High is exact for |k| < 2^11.
constexpr double kLn2High = 0x1.62e42fee00000p-1, kLn2Low = 0x1.a39ef35793c76p-33;

double power_of_two(int exponent) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}

template <int N>
double polynomial(const double (&coefficients)[N], double x) {
  double sum = coefficients[0];
  for (int i = 1; i < N; ++i) sum = sum * x + coefficients[i];
  return sum;
}

}  // namespace

double portable_exp(double x) {
  if (!(x == x)) return x;
  if (x > 709.782712893384) return std::numeric_limits<double>::infinity();
  if (x < -745.2) return 0;
  const double scaled = x * 1.4426950408889634;
  const int k = static_cast<int>(scaled + (scaled < 0 ? -0.5 : 0.5));
  const double high = x - k * kLn2High, low = k * kLn2Low;
  const double r = high - low;  // |r| <= ln(2)/2
  // Remez approximation of r coth(r/2): FreeBSD msun e_exp.c, error below 2^-59.
  const double t = r * r;
  const double c =
      r - t * (1.66666666666666019037e-01 +
               t * (-2.77777777770155933842e-03 +
                    t * (6.61375632143793436117e-05 +
                         t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
  const double y = 1 - ((low - r * c / (2 - c)) - high);
  // Two factors, so that results below the normal range round only once.
  const int half = k / 2;
  return y * power_of_two(half) * power_of_two(k - half);
}

double portable_log(double x) {
  if (!(x >= 0)) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return -std::numeric_limits<double>::infinity();
  if (x == std::numeric_limits<double>::infinity()) return x;
  int k = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= 0x1p54;
    k -= 54;
  }
  auto bits = std::bit_cast<std::uint64_t>(x);
  // Normalise into [sqrt(1/2), sqrt(2)).
  bits += 0x3ff0000000000000ULL - 0x3fe6a09e667f3bcdULL;
  k += static_cast<int>(bits >> 52) - 0x3ff;
  bits = (bits & 0x000fffffffffffffULL) + 0x3fe6a09e667f3bcdULL;
  const double f = std::bit_cast<double>(bits) - 1;
  // Remez approximation of log(1+f) in s = f/(2+f): FreeBSD msun e_log.c, error below 2^-58.
  const double s = f / (2 + f), z = s * s, w = z * z;
  const double t1 = w * (3.999999999940941908e-01 +
                         w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const double t2 = z * (6.666666666666735130e-01 +
                         w * (2.857142874366239149e-01 +
                              w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  const double half_square = 0.5 * f * f;
  return k * kLn2High - ((half_square - (s * (half_square + t1 + t2) + k * kLn2Low)) - f);
}

double normal_quantile(double p) {
  static constexpr double kA[] = {2.5090809287301226727e3, 3.3430575583588128105e4,
                                  6.7265770927008700853e4, 4.5921953931549871457e4,
                                  1.3731693765509461125e4, 1.9715909503065514427e3,
                                  1.3314166789178437745e2, 3.3871328727963666080e0};
  static constexpr double kB[] = {5.2264952788528545610e3, 2.8729085735721942674e4,
                                  3.9307895800092710610e4, 2.1213794301586595867e4,
                                  5.3941960214247511077e3, 6.8718700749205790830e2,
                                  4.2313330701600911252e1, 1.0};
  static constexpr double kC[] = {7.74545014278341407640e-4, 2.27238449892691845833e-2,
                                  2.41780725177450611770e-1, 1.27045825245236838258e0,
                                  3.64784832476320460504e0,  5.76949722146069140550e0,
                                  4.63033784615654529590e0,  1.42343711074968357734e0};
  static constexpr double kD[] = {1.05075007164441684324e-9, 5.47593808499534494600e-4,
                                  1.51986665636164571966e-2, 1.48103976427480074590e-1,
                                  6.89767334985100004550e-1, 1.67638483018380384940e0,
                                  2.05319162663775882187e0,  1.0};
  static constexpr double kE[] = {2.01033439929228813265e-7, 2.71155556874348757815e-5,
                                  1.24266094738807843860e-3, 2.65321895265761230930e-2,
                                  2.96560571828504891230e-1, 1.78482653991729133580e0,
                                  5.46378491116411436990e0,  6.65790464350110377720e0};
  static constexpr double kF[] = {2.04426310338993978564e-15, 1.42151175831644588870e-7,
                                  1.84631831751005468180e-5,  7.86869131145613259100e-4,
                                  1.48753612908506148525e-2,  1.36929880922735805310e-1,
                                  5.99832206555887937690e-1,  1.0};
  const double q = p - 0.5;
  if (q <= 0.425 && q >= -0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(kA, r) / polynomial(kB, r);
  }
  double r = q < 0 ? p : 1 - p;
  if (!(r > 0))
    return q < 0 ? -std::numeric_limits<double>::infinity()
                 : std::numeric_limits<double>::infinity();
  r = std::sqrt(-portable_log(r));
  const double value = r <= 5 ? polynomial(kC, r - 1.6) / polynomial(kD, r - 1.6)
                              : polynomial(kE, r - 5) / polynomial(kF, r - 5);
  return q < 0 ? -value : value;
}

}  // namespace backcast::sim
