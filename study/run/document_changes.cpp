#include "study/run/document_changes.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

namespace backcast::study {
namespace {

using nlohmann::json;

std::string text_of(const json* value) {
  return value == nullptr ? "" : value->dump(-1, ' ', false, json::error_handler_t::replace);
}

const json* find(const json& entries, const std::string& name) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const json& entry) { return entry.at("name") == name; });
  return found == entries.end() ? nullptr : &*found;
}

// The names of a list's entries, if each has one of its own.
std::optional<std::vector<std::string>> names_of(const json& entries) {
  std::vector<std::string> names;
  for (const json& entry : entries) {
    const bool is_named =
        entry.is_object() && entry.contains("name") && entry.at("name").is_string();
    if (!is_named) return std::nullopt;
    names.push_back(entry.at("name").get<std::string>());
  }
  const std::set<std::string> all(names.begin(), names.end());
  if (all.size() != names.size()) return std::nullopt;
  return names;
}

class Differ {
 public:
  // Null: the field is not there.
  void compare(const std::string& field, const json* a, const json* b) {
    if (a != nullptr && b != nullptr) {
      if (*a == *b) return;
      if (a->is_object() && b->is_object()) return compare_objects(field, *a, *b);
      if (a->is_array() && b->is_array()) return compare_lists(field, *a, *b);
    }
    changes_.push_back({field, text_of(a), text_of(b)});
  }
  std::vector<FieldChange> take() && { return std::move(changes_); }

 private:
  void compare_objects(const std::string& field, const json& a, const json& b) {
    std::set<std::string> keys;
    for (const json* side : {&a, &b}) {
      for (const auto& [key, value] : side->items()) keys.insert(key);
    }
    for (const std::string& key : keys) {
      compare(field.empty() ? key : field + '.' + key, a.contains(key) ? &a.at(key) : nullptr,
              b.contains(key) ? &b.at(key) : nullptr);
    }
  }

  void compare_lists(const std::string& field, const json& a, const json& b) {
    const auto names_a = names_of(a), names_b = names_of(b);
    if (names_a && names_b) {
      for (const std::string& name : *names_a) {
        compare(field + '[' + name + ']', find(a, name), find(b, name));
      }
      for (const std::string& name : *names_b) {
        if (find(a, name) == nullptr) compare(field + '[' + name + ']', nullptr, find(b, name));
      }
      return;
    }
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      compare(field + '[' + std::to_string(i) + ']', i < a.size() ? &a[i] : nullptr,
              i < b.size() ? &b[i] : nullptr);
    }
  }

  std::vector<FieldChange> changes_;
};

}  // namespace

std::vector<FieldChange> document_changes(const Document& a, const Document& b) {
  Differ differ;
  differ.compare("", &a.root(), &b.root());
  return std::move(differ).take();
}

}  // namespace backcast::study
