// The descriptor of a folder that a walk reads.
#pragma once

#include "engine/env/tree.h"
#include "engine/env/unique_fd.h"

namespace backcast::source {

class OpenFolder {
 public:
  OpenFolder(env::Tree& tree, env::UniqueFd descriptor)
      : tree_(tree), descriptor_(std::move(descriptor)) {}
  env::Tree& tree() const { return tree_; }
  int get() const { return descriptor_.get(); }

 private:
  env::Tree& tree_;
  env::UniqueFd descriptor_;
};

}  // namespace backcast::source
