// What the readers of JSON exports share.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "histories/import.h"

namespace backcast::policy {

// Where an element stands in an export, for error messages.
struct Element {
  const nlohmann::json& value;
  std::string pointer;
};

// Parses `text` and hands over the objects in the array at the top, or under the top-level key
// `key`, one at a time; each is dropped before the next is built. Returns what is left of the
// document. Errors: kBadInput where the text is no JSON (cut off, not UTF-8, nested too deep),
// where there is no such array, or what `each` returns (its location gets file and line).
Result<nlohmann::json> for_each_element(std::string_view text, std::string_view key,
                                        const ImportOptions& options,
                                        const std::function<Status(const Element&)>& each);

// Members of an element; kBadInput with its pointer where the type is wrong. A missing or null
// member leaves `out` as it is, unless required.
enum class Need : bool { kOptional, kRequired };
Status get(const Element& element, const char* key, Need need, std::string& out);
Status get(const Element& element, const char* key, std::vector<std::string>& out);
Status get(const Element& element, const char* key, std::uint64_t& out);
Status get(const Element& element, const char* key, bool& out);
// RFC 3339; without an offset it is on the wall clock of the zone.
Status get_time(const Element& element, const char* key, const Zone& zone,
                std::optional<StampedInstant>& out);

// An instant as written; text without an offset is wall-clock time of `zone`.
Result<StampedInstant> parse_time(std::string_view text, const Zone& zone);

Error at(const Element& element, const char* key, std::string message, std::string hint = {});

Result<History> import_backcast(std::string_view text, const ImportOptions& options);
Result<History> import_restic(std::string_view text, const ImportOptions& options);
Result<History> import_borg(std::string_view text, const ImportOptions& options);
Result<History> import_kopia(std::string_view text, const ImportOptions& options);
Result<History> import_zfs(std::string_view text, const ImportOptions& options);
Result<History> import_csv(std::string_view text, const ImportOptions& options);

}  // namespace backcast::policy
