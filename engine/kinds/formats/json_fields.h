// Fields of JSON that others wrote: what is missing or of another type reads as nothing.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace backcast::kinds {

const nlohmann::json& list_in(const nlohmann::json& of, const char* field);    // or an empty one
const nlohmann::json& object_in(const nlohmann::json& of, const char* field);  // or an empty one
std::string text_in(const nlohmann::json& of, const char* field);
std::int64_t number_in(const nlohmann::json& of, const char* field);
std::uint64_t count_in(const nlohmann::json& of, const char* field);
bool flag_in(const nlohmann::json& of, const char* field);

// Bytes that are no UTF-8 become U+FFFD.
std::string dumped(const nlohmann::json& value);

}  // namespace backcast::kinds
