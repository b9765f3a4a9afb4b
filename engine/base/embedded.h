// Data files that travel inside the program (schemas, provider profiles, price books), so that it
// works from any folder. See backcast_embed() in cmake/backcast.cmake.
#pragma once

#include <string_view>

namespace backcast {

struct EmbeddedFile {
  std::string_view name;  // path relative to the embedding folder: "profiles/zilliz.json"
  std::string_view text;
};

}  // namespace backcast
