#include "scenarios/document/shipped.h"

namespace backcast::scenario {

std::optional<std::string_view> shipped_text(std::string_view path) {
  for (const EmbeddedFile& file : shipped_files()) {
    if (file.name == path) return file.text;
  }
  return std::nullopt;
}

std::vector<std::string_view> shipped_names(std::string_view folder) {
  constexpr std::string_view kSuffix = ".json";
  std::vector<std::string_view> names;
  for (const EmbeddedFile& file : shipped_files()) {
    const auto slash = file.name.rfind('/');
    const auto parent = slash == file.name.npos ? std::string_view() : file.name.substr(0, slash);
    if (parent != folder || !file.name.ends_with(kSuffix)) continue;
    const auto base = slash == file.name.npos ? file.name : file.name.substr(slash + 1);
    names.push_back(base.substr(0, base.size() - kSuffix.size()));
  }
  return names;
}

}  // namespace backcast::scenario
