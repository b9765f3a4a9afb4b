// exp, log and the inverse normal distribution from IEEE-754 additions, multiplications, divisions
// and square roots alone. A C library may return another last bit on another machine (glibc picks
// its exp by CPU at run time); these return the same bits wherever doubles are IEEE and the
// compiler does not contract a*b+c (-ffp-contract=off stands in cmake/backcast.cmake).
#pragma once

namespace backcast::sim {

// e^x, relative error below 4e-16; 0 below -745, +infinity above 709.8. NaN stays NaN.
double portable_exp(double x);

// Natural logarithm for x > 0, error below 2 ulp; -infinity at 0, NaN below.
double portable_log(double x);

// The x with P(Z <= x) = p for standard normal Z, 0 < p < 1; relative error about 1e-15
// (Wichura, Algorithm AS 241, Applied Statistics 37, 1988).
double normal_quantile(double p);

}  // namespace backcast::sim
