// A scenario document in the making: which values are whose, and the text with its comments.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace backcast::study {

class Draft {
 public:
  using Json = nlohmann::ordered_json;

  Draft();

  // The user's own, or the provider's.
  void set(const std::string& pointer, Json value);
  // Ours, with the reason; marked in the text and listed under "chosen".
  void choose(const std::string& pointer, Json value, std::string because);
  // Marks a value that is there, or one within it.
  void mark(const std::string& pointer, std::string because);
  // A line above the value.
  void comment(const std::string& pointer, std::string line);
  // A line below the value.
  void comment_after(const std::string& pointer, std::string line);

  // The document with its comments, as people would write it.
  std::string text(const std::string& head) const;

 private:
  friend class Writer;
  std::shared_ptr<Json> document_;  // never null
  std::map<std::string, std::string> chosen_;
  std::map<std::string, std::vector<std::string>> above_, below_;
};

}  // namespace backcast::study
