// JSON documents from outside: scenarios, price books, policies, histories, other tools' exports.
// Read with limits, and every value can be traced back to the line it stands on.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace backcast {

struct DocumentLimits {
  std::uint64_t max_bytes = 64ULL << 20;
  int max_depth = 64;
};

// A parsed document. Comments (// and /* */) are allowed; the text must be UTF-8; a key given
// twice in one object is an error.
class Document {
 public:
  // `name` stands in error messages. Errors: kBadInput with file, line and column.
  static Result<Document> parse(std::string_view text, std::string name,
                                DocumentLimits limits = {});
  // Reads a file, or standard input for "-". Errors: kNotFound, or as parse.
  static Result<Document> read(const std::string& path, DocumentLimits limits = {});

  const nlohmann::json& root() const;
  const std::string& name() const;

  // Where the value at an RFC 6901 pointer stands. For a pointer that does not exist (a missing
  // field) the line is that of its nearest existing parent.
  Location locate(std::string_view pointer) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

// pointer + "/" + key with ~ and / escaped.
std::string pointer_child(std::string_view pointer, std::string_view key);

// The whole of a file, or of standard input for "-". Errors: kNotFound; kBadInput above max_bytes.
Result<std::string> read_text_file(const std::string& path, std::uint64_t max_bytes);

}  // namespace backcast
