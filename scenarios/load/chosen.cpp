// The marks of `backcast new` on values that nobody stated.
#include <fmt/format.h>

#include "engine/base/text.h"
#include "scenarios/load/build.h"

namespace backcast::scenario {
namespace {

using nlohmann::json;

// The JSON library throws on what is no pointer; none of that leaves this function.
bool has_value(const json& root, const std::string& pointer) {
  try {
    return !pointer.empty() && root.contains(json::json_pointer(pointer_by_place(root, pointer)));
  } catch (const json::exception&) {
    return false;
  }
}

}  // namespace

std::vector<ChosenField> chosen_fields(const Document& document) {
  std::vector<ChosenField> chosen;
  const auto marks = document.root().find("chosen");
  if (marks == document.root().end()) return chosen;
  for (const auto& [pointer, because] : marks->items()) {
    chosen.push_back({pointer_by_place(document.root(), pointer), because.get<std::string>()});
  }
  return chosen;
}

// A mark on a value that is not there would say nothing of any.
void check_chosen(Build& build) {
  const Node marks = build.root.child("chosen");
  if (!marks.value().is_object()) return;  // as the schema says already
  for (const auto& [pointer, because] : marks.value().items()) {
    if (has_value(build.root.value(), pointer)) continue;
    marks.fault_at(pointer, fmt::format("there is no value at {}", printable(pointer)),
                   "delete the line, or give the JSON pointer of a field, such as /horizon or "
                   "/services/shop/size");
  }
}

}  // namespace backcast::scenario
