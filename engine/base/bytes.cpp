#include "engine/base/bytes.h"

#include <fmt/format.h>

#include <array>
#include <cctype>

#include "engine/base/checked.h"
#include "engine/base/size.h"
#include "engine/base/text.h"

namespace backcast {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array<Unit, 15> kUnits{{{"B", 1},
                                       {"", 1},
                                       {"kB", kKB},
                                       {"KB", kKB},
                                       {"MB", kMB},
                                       {"GB", kGB},
                                       {"TB", kTB},
                                       {"PB", kTB * 1000},
                                       {"EB", kTB * 1000 * 1000},
                                       {"KiB", kKiB},
                                       {"MiB", kMiB},
                                       {"GiB", kGiB},
                                       {"TiB", kTiB},
                                       {"PiB", kTiB * 1024},
                                       {"EiB", kTiB * 1024 * 1024}}};

Error bad_size(std::string_view text, std::string why) {
  return bad_input(fmt::format("{}: {}", printable(text), why),
                   "write a size such as \"20 GB\" or \"5 GiB\"");
}

}  // namespace

Result<std::uint64_t> parse_bytes(std::string_view text) {
  std::string_view rest = trim(text);
  if (rest.starts_with('-')) return bad_size(text, "a size cannot be negative");
  std::size_t i = 0;
  uint128 digits = 0;
  uint128 scale = 1;
  bool any = false, fraction = false;
  for (; i < rest.size() && (std::isdigit(static_cast<unsigned char>(rest[i])) || rest[i] == '.');
       ++i) {
    if (rest[i] == '.') {
      if (fraction) return bad_size(text, "two decimal points");
      fraction = true;
      continue;
    }
    if (scale > 1000000000000000000ULL || digits > UINT64_MAX)
      return bad_size(text, "too many digits");
    digits = digits * 10 + static_cast<unsigned>(rest[i] - '0');
    if (fraction) scale *= 10;
    any = true;
  }
  if (!any) return bad_size(text, "not a size");
  const std::string_view name = trim(rest.substr(i));
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    const uint128 scaled = digits * unit.bytes;  // digits < 2^68, unit <= 2^60: no overflow
    if (scaled % scale != 0) return bad_size(text, "not a whole number of bytes");
    if (scaled / scale > UINT64_MAX) return bad_size(text, "more than 16 EiB");
    return static_cast<std::uint64_t>(scaled / scale);
  }
  return bad_size(text, fmt::format("unknown unit {}", printable(name)));
}

Result<std::uint64_t> parse_size(std::string_view text) {
  BACKCAST_TRY(const std::uint64_t size_bytes, parse_bytes(text));
  const std::string_view written = trim(text);
  if (size_bytes != 0 && std::isalpha(static_cast<unsigned char>(written.back())) == 0) {
    return bad_input(fmt::format("{} has no unit", printable(text)),
                     fmt::format("write \"{} B\" for bytes, or a unit such as GB or GiB", written));
  }
  return size_bytes;
}

std::string format_bytes(std::uint64_t size_bytes) {
  constexpr std::array<std::string_view, 6> kNames{"kB", "MB", "GB", "TB", "PB", "EB"};
  if (size_bytes < kKB) return fmt::format("{} B", size_bytes);
  std::uint64_t unit = kKB;
  std::size_t name = 0;
  while (name + 1 < kNames.size() && size_bytes / unit >= 1000) {
    unit *= 1000;
    ++name;
  }
  // Hundredths by integer arithmetic, rounded half up: the same text on every machine.
  uint128 hundredths = (uint128{size_bytes} * 100 + unit / 2) / unit;
  if (hundredths >= 100000 && name + 1 < kNames.size()) {
    hundredths /= 1000;
    ++name;
  }
  const auto value = static_cast<std::uint64_t>(hundredths);
  return fmt::format("{}.{:02} {}", value / 100, value % 100, kNames[name]);
}

}  // namespace backcast
