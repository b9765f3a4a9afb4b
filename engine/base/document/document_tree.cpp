#include "engine/base/document/document_tree.h"

#include <fmt/format.h>

#include "engine/base/document.h"
#include "engine/base/text.h"

namespace backcast {

using nlohmann::json;

std::string DocumentTree::next_pointer() const {
  if (levels_.empty()) return "";
  const Level& level = levels_.back();
  return level.value.is_array() ? level.pointer + '/' + std::to_string(level.value.size())
                                : pointer_child(level.pointer, level.key);
}

bool DocumentTree::add(json value, Place place) {
  places.emplace(next_pointer(), place);
  put(std::move(value));
  return true;
}

bool DocumentTree::open(json value, Place place) {
  if (static_cast<int>(levels_.size()) >= max_depth_) {
    return fail(fmt::format("nested more than {} levels deep", max_depth_), place);
  }
  std::string pointer = next_pointer();
  places.emplace(pointer, place);
  levels_.push_back({std::move(value), {}, std::move(pointer)});
  return true;
}

bool DocumentTree::close() {
  json value = std::move(levels_.back().value);
  levels_.pop_back();
  put(std::move(value));
  return true;
}

bool DocumentTree::key(std::string name, Place place) {
  Level& level = levels_.back();
  if (level.value.contains(name)) {
    return fail(fmt::format("field {} is given twice", printable(name)), place);
  }
  level.key = std::move(name);
  return true;
}

void DocumentTree::put(json value) {
  if (levels_.empty()) {
    root = std::move(value);
  } else if (levels_.back().value.is_array()) {
    levels_.back().value.push_back(std::move(value));
  } else {
    levels_.back().value[levels_.back().key] = std::move(value);
  }
}

bool DocumentTree::fail(std::string message, Place place, std::string hint) {
  if (error_.message.empty()) error_ = {std::move(message), std::move(hint), place};
  return false;
}

}  // namespace backcast
