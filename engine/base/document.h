// JSON and YAML documents from outside: scenarios, price books, policies, histories, other tools'
// exports. Read with limits, and every value can be traced back to the line it stands on.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace backcast {

class DocumentTree;

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
  // The same of a file's text, which is YAML where its name says so (is_yaml_name), or where it is
  // standard input ("-") and begins neither with { or [ nor with a comment of JSON.
  static Result<Document> parse_file(std::string_view text, const std::string& path,
                                     DocumentLimits limits = {});
  // Reads a file, or standard input for "-", as parse_file. Errors: kNotFound, or as parse.
  static Result<Document> read(const std::string& path, DocumentLimits limits = {});

  const nlohmann::json& root() const;
  const std::string& name() const;

  // Where the value at an RFC 6901 pointer stands. For a pointer that does not exist (a missing
  // field) the line is that of its nearest existing parent.
  Location locate(std::string_view pointer) const;

 private:
  struct State;
  static Result<Document> made(bool ok, DocumentTree tree, std::string name);
  std::shared_ptr<const State> state_;
};

// Whether a file of this name is YAML: it ends in ".yaml" or ".yml".
bool is_yaml_name(std::string_view name);

// pointer + "/" + key with ~ and / escaped.
std::string pointer_child(std::string_view pointer, std::string_view key);

// The whole of a file, or of standard input for "-". Errors: kNotFound; kBadInput above max_bytes.
Result<std::string> read_text_file(const std::string& path, std::uint64_t max_bytes);

}  // namespace backcast
