// The day and year fields of the Quartz family: L (last), W (nearest working day), # (n-th of the
// month), and years. Used by AWS and cronexpr.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/policy/schedule/cron_fields.h"
#include "engine/policy/time/civil_pattern.h"

namespace backcast::policy {

// Adds to the pattern's day sets. "L", "LW", "15W" and lists of ordinary items.
Status parse_day_tokens(std::string_view spec, SpecPart list, const FieldRange& range,
                        const FieldSyntax& syntax, CivilPattern& pattern);
// "5L" (last Friday), "5#3" (third Friday), and ordinary items. The value range.low is a Sunday;
// seven above it, where the range has it, is one too.
Status parse_weekday_tokens(std::string_view spec, SpecPart list, const FieldRange& range,
                            const FieldSyntax& syntax, CivilPattern& pattern);
// "*" or years from 1970 to last_year.
Status parse_years(std::string_view spec, SpecPart list, int last_year, const FieldSyntax& syntax,
                   CivilPattern& pattern);

std::string print_day_tokens(const CivilPattern& pattern);
std::string print_weekday_tokens(const CivilPattern& pattern, int sunday);
std::string print_years(const CivilPattern& pattern);

}  // namespace backcast::policy
