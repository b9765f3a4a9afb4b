// The descriptor of a folder that a walk reads.
#pragma once

#include "engine/env/unique_fd.h"

namespace backcast::source {

class OpenFolder {
 public:
  explicit OpenFolder(env::UniqueFd descriptor) : descriptor_(std::move(descriptor)) {}
  int get() const { return descriptor_.get(); }

 private:
  env::UniqueFd descriptor_;
};

}  // namespace backcast::source
