// Byte counts as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace backcast {

inline constexpr std::uint64_t kKiB = 1024, kMiB = kKiB * 1024, kGiB = kMiB * 1024,
                               kTiB = kGiB * 1024;
inline constexpr std::uint64_t kKB = 1000, kMB = kKB * 1000, kGB = kMB * 1000, kTB = kGB * 1000;

// Reads "20 GB" (10^9), "5 GiB" (2^30), "1.5TB", "700000". Units: B, kB/KB, MB, GB, TB, PB, EB and
// KiB, MiB, GiB, TiB, PiB, EiB. A decimal must give a whole number of bytes. Errors: kBadInput for
// a negative size, an unknown unit, or more than 2^64-1 bytes.
Result<std::uint64_t> parse_bytes(std::string_view text);

// "20.00 GB": decimal units, two digits, for people. Never read back.
std::string format_bytes(std::uint64_t size_bytes);

}  // namespace backcast
