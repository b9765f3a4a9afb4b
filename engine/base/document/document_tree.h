// A document as it is read, value by value, whatever language it is written in: the tree, and where
// each value stands. Deep nesting and a key given twice are refused here.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <vector>

namespace backcast {

// Counted from 1.
struct Place {
  int line = 0, column = 0;
};

class DocumentTree {
 public:
  explicit DocumentTree(int max_depth) : max_depth_(max_depth) {}

  // Each is false where the reading must end, which `error` then explains.
  bool add(nlohmann::json value, Place place);
  // An object or an array, empty; what follows belongs to it until close.
  bool open(nlohmann::json value, Place place);
  bool close();
  // Of the object that was opened last; the next value is its.
  bool key(std::string name, Place place);
  // The first of several stays.
  bool fail(std::string message, Place place, std::string hint = {});

  struct Failure {
    std::string message, hint;
    Place place;
  };
  const Failure& error() const { return error_; }

  nlohmann::json root;
  std::unordered_map<std::string, Place> places;  // by RFC 6901 pointer

 private:
  struct Level {
    nlohmann::json value;
    std::string key;
    std::string pointer;
  };

  std::string next_pointer() const;
  void put(nlohmann::json value);

  int max_depth_;
  std::vector<Level> levels_;
  Failure error_;
};

// Reads the one document of a YAML 1.2 text with the values of JSON: a plain scalar is null, true,
// false, a number as JSON writes it, or text ("22:30", "no" and "0x1F" are text). Anchors and
// aliases are read, up to a bound of what they add up to; merge keys and tags of types are refused.
// `text`: UTF-8. False: `tree.error()` says why.
bool read_yaml(const std::string& text, DocumentTree& tree);

}  // namespace backcast
