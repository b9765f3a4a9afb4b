// JSON that was written losslessly: a byte that is no UTF-8 stands there as the lone surrogate
// U+DC80 to U+DCFF (reports/parts/escape.h), which no parser of Unicode text takes.
#pragma once

#include <string>
#include <string_view>

namespace backcast {

// The same text with such bytes as U+F780 to U+F7FF, which mean nothing to anybody else: what
// differs stays different, and everything stays in its place.
std::string with_private_bytes(std::string_view json);
// The text that a parser takes: as it is, or where it has such bytes the same in `copy`.
std::string_view parsable(std::string_view json, std::string& copy);

}  // namespace backcast
