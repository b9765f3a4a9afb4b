// The CSV reading library as every file of the house must see it: its macro changes what its
// templates are, so two files that disagreed would break the one-definition rule.
#pragma once

// Whatever is read is in memory or read once in order: a thread that reads ahead gains nothing.
#define CSV_IO_NO_THREAD
#include <libfccp/csv.h>

#include <string_view>

namespace backcast {

// What to hand to a reader: it copies even nothing from where the text begins, which for an empty
// one may be nowhere.
inline std::string_view csv_text(std::string_view text) {
  return text.empty() ? std::string_view("") : text;
}

}  // namespace backcast
