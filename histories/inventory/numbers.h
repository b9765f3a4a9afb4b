// Numbers and sizes as people write them: decimal commas, thousands, units in the cell or in the
// heading.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "histories/inventory/inventory.h"

namespace backcast::inventory {

// What a cell's digits say of commas and points.
enum class Reading : std::uint8_t {
  kPlain,      // neither stands there
  kPoint,      // the point is the decimal one
  kComma,      // the comma is
  kAmbiguous,  // "1,500" or "1.500"
  kBad,        // no number
};
Reading reading_of(std::string_view number);

// A cell in its parts: "1 234,5 GB" is "1234,5" and "GB".
struct Amount {
  std::string number, unit;
};
Amount amount_of(std::string_view cell);

// The number with a decimal point and without thousands. `decimal` decides what is ambiguous.
std::string plain_number(std::string_view number, Decimal decimal);

// Bytes of a unit in any spelling; none if it is none. "GB" is 10^9, "GiB" 2^30, and "G" alone, as
// tools print it, is 2^30.
std::optional<std::uint64_t> unit_bytes(std::string_view unit);

// The unit that a heading states: "Size (GB)", "Provisioned MiB", "size_gb", "1K-blocks".
std::string unit_in_heading(std::string_view heading);

// Whole bytes, fractions of a byte rounded up. Errors: kBadInput beyond 1 EB.
Result<std::uint64_t> bytes_of(std::string_view plain, std::uint64_t unit);

}  // namespace backcast::inventory
