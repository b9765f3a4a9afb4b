// The fields of an object in a price book or a file of rates: no schema tells of their types, and
// amounts are exact decimals.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "costmodel/book/money.h"
#include "engine/base/document/node.h"

namespace backcast::cost {

// Every getter notes what is wrong among the faults and then returns its default, so that a caller
// reads on and the user sees all faults at once.
class Fields : public Node {
 public:
  // `known` are the fields that the object may have.
  Fields(const nlohmann::json& object, std::string pointer,
         std::initializer_list<std::string_view> known, Faults& faults);

  bool is_null(std::string_view key) const;
  std::string text(std::string_view key, std::string fallback = {}) const;
  std::string required_text(std::string_view key) const;
  bool boolean(std::string_view key, bool fallback = false) const;
  // A decimal in quotes, or an integer; a JSON fraction is refused because it is not exact.
  std::optional<Decimal> decimal(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t min,
                                      std::int64_t max) const;
  // The index of the field's text in `names`; 0 if absent.
  std::size_t choice(std::string_view key, std::initializer_list<std::string_view> names) const;
  // The value if it is there and of that type.
  const nlohmann::json* array(std::string_view key) const;
  const nlohmann::json* object(std::string_view key) const;
};

}  // namespace backcast::cost
