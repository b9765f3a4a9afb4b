// Patterns of what a backup leaves out. A pattern is matched against the absolute path of an entry:
//   - "*" any characters but "/", "?" one of them, "[a-z]" a class, "\" takes the next as it is;
//   - "**" as a whole component matches any number of components, none too;
//   - a pattern with a leading "/" matches from the root, any other at any depth: "*.o", "a/b";
//   - a trailing "/" restricts it to folders;
//   - a leading "!" takes back what an earlier pattern left out; the last match decides. What lies
//     in a folder that is left out stays left out.
// So restic's exclude files work here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace backcast::source {

class Excludes {
 public:
  // Errors: kBadInput for an empty pattern, an unclosed class or a trailing backslash.
  static Result<Excludes> compile(const std::vector<std::string>& patterns);
  // `path` without leading "/".
  bool excludes(std::string_view path, bool is_folder) const;
  bool empty() const { return patterns_.empty(); }

 private:
  struct Pattern {
    std::vector<std::string> components;  // "**" first where the pattern is not anchored
    bool folders_only = false, negated = false;
  };
  std::vector<Pattern> patterns_;
};

// Lines of an exclude file: "#" comments and empty lines are dropped, the rest trimmed.
std::vector<std::string> exclude_lines(std::string_view text);

}  // namespace backcast::source
