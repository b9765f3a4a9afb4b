// Sweeps as files, so that any scheduler can spread them: JSON lines, a header that describes the
// whole sweep and one line per row that is done. Merging files of one sweep is a union of rows; the
// result is byte for byte what one machine would have written.
#pragma once

#include <optional>
#include <string>

#include "engine/base/error.h"
#include "study/vary/sweep.h"

namespace backcast::study {

std::string to_text(const SweepRows& rows);
// Errors: kBadInput with the line.
Result<SweepRows> parse_sweep(std::string_view text, const std::string& name);
// Adds the rows of another file. Rows that no file has are missing, whatever was interrupted.
// Errors: as parse_sweep; kBadInput where the two are not of one sweep, or tell one row
// differently.
Status merge_part(std::optional<SweepRows>& all, std::string_view text, const std::string& name);

}  // namespace backcast::study
