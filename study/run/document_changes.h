// What two scenario documents say differently, field by field.
#pragma once

#include <string>
#include <vector>

#include "engine/base/document.h"

namespace backcast::study {

struct FieldChange {
  std::string field;          // "services[shop].schedules[0].retention_days"
  std::string before, after;  // JSON text; "" where the field is not there
};

// In the order of the names of fields; entries of a list are matched by their "name" where all have
// one, and by their place otherwise.
std::vector<FieldChange> document_changes(const Document& a, const Document& b);

}  // namespace backcast::study
