// One value of a document with the place where it stands. Readers ask it for typed values; what
// cannot be read is noted with its place and the reading goes on, so that the user sees every fault
// at once.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/document.h"
#include "engine/base/error.h"
#include "engine/base/instant.h"

namespace backcast {

// Collects faults and turns pointers into lines.
class Faults {
 public:
  // Who tells of a value of the wrong type: the schema that the document was checked against, or,
  // where there is none, the reader.
  enum class Types : std::uint8_t { kToldBySchema, kToldHere };

  explicit Faults(const Document& document, Types types = Types::kToldBySchema)
      : document_(document), types_(types) {}

  void add(const std::string& pointer, std::string message, std::string hint = {});
  // An error made elsewhere, placed here.
  void add(const std::string& pointer, Error error);
  void add(Error error) { errors_.push_back(std::move(error)); }
  // Sorted by line, each place and message once.
  Errors take();
  bool any() const { return !errors_.empty(); }
  bool tells_types() const { return types_ == Types::kToldHere; }
  const Document& document() const { return document_; }

 private:
  const Document& document_;
  Types types_;
  Errors errors_;
};

class Node {
 public:
  Node(const nlohmann::json& value, std::string pointer, Faults& faults)
      : value_(&value), pointer_(std::move(pointer)), faults_(&faults) {}

  const std::string& pointer() const { return pointer_; }
  const nlohmann::json& value() const { return *value_; }
  std::string pointer_of(std::string_view key) const { return pointer_child(pointer_, key); }

  bool has(std::string_view key) const;
  // The value of a field; of an empty object where there is none.
  Node child(std::string_view key) const;
  // The entries of a list field; none where there is none.
  std::vector<Node> items(std::string_view key) const;

  // Each is nullopt where the field is missing or of another type, which is a fault where no schema
  // tells of it, and where its text means nothing, which is always one.
  std::optional<std::string> text(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  std::optional<std::uint64_t> bytes(std::string_view key) const;
  std::optional<std::int64_t> signed_bytes(std::string_view key) const;
  std::optional<std::uint64_t> bytes_per_second(std::string_view key) const;  // "700 MB/s"
  std::optional<double> share(std::string_view key) const;                    // "3%" or 0.03
  std::optional<double> signed_share(std::string_view key) const;             // or "-3%"
  // A share that cannot exceed 1.
  std::optional<double> share_up_to_one(std::string_view key) const;
  std::optional<Duration> duration(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  std::string prose(std::string_view key) const;  // text, or lines joined with spaces

  // Faults at this value or at one of its fields.
  void fault(std::string message, std::string hint = {}) const;
  void fault_at(std::string_view key, std::string message, std::string hint = {}) const;
  void fault_at(std::string_view key, Error error) const;

 protected:
  const nlohmann::json* find(std::string_view key) const;  // null where there is none
  Faults& faults() const { return *faults_; }
  // Of a value that is none of `expected`, such as "a list".
  void wrong_type(std::string_view key, std::string_view expected) const;

 private:
  const nlohmann::json* value_;
  std::string pointer_;
  Faults* faults_;
};

// A pointer that calls an entry of a list by its "name" (/services/shop/size), with its place
// instead (/services/0/size). What names nothing stays as it is.
std::string pointer_by_place(const nlohmann::json& root, std::string_view pointer);
// The other way round, where every entry of the list has a name of its own.
std::string pointer_by_name(const nlohmann::json& root, std::string_view pointer);

// Whether a word stands in a list of words separated by spaces.
bool has_word(std::string_view words, std::string_view word);

// "did you mean \"x\"?", or the list of known names where none is near.
std::string did_you_mean(std::string_view wrong, std::span<const std::string> names);
std::string did_you_mean(std::string_view wrong, std::span<const std::string_view> names);

}  // namespace backcast
