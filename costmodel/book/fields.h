// Reading the fields of a JSON object while collecting every fault with its pointer and line.
#pragma once

#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "costmodel/book/money.h"
#include "engine/base/document.h"

namespace backcast::cost {

// One object of a document. Every getter reports what is wrong in `errors` and then returns its
// default, so that a caller reads on and the user sees all faults at once.
class Fields {
 public:
  // `known` are the fields that the object may have.
  Fields(const Document& document, const nlohmann::json& object, std::string pointer,
         std::initializer_list<std::string_view> known, Errors& errors);

  bool has(std::string_view key) const;
  bool is_null(std::string_view key) const;
  std::string text(std::string_view key, std::string fallback = {}) const;
  std::string required_text(std::string_view key) const;
  // A decimal in quotes, or an integer; a JSON fraction is refused because it is not exact.
  std::optional<Decimal> decimal(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t min,
                                      std::int64_t max) const;
  std::optional<std::uint64_t> bytes(std::string_view key) const;
  bool boolean(std::string_view key, bool fallback = false) const;
  // The index of the field's text in `names`; 0 if absent.
  std::size_t choice(std::string_view key, std::initializer_list<std::string_view> names) const;
  // The value if it is there and of that type.
  const nlohmann::json* array(std::string_view key) const;
  const nlohmann::json* object(std::string_view key) const;

  const std::string& pointer() const { return pointer_; }
  void fail(std::string_view key, std::string message, std::string hint = {}) const;

 private:
  const nlohmann::json* find(std::string_view key) const;

  const Document& document_;
  const nlohmann::json& object_;
  std::string pointer_;
  Errors& errors_;
};

// "one of \"a\", \"b\"" and the nearest of them, for messages about unknown names.
std::string suggest(std::string_view text, std::initializer_list<std::string_view> names);

}  // namespace backcast::cost
