#include "engine/store/repository/config.h"

#include <nlohmann/json.hpp>

#include "engine/base/document.h"
#include "engine/base/json_number.h"
#include "engine/base/text.h"

namespace backcast::store {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxConfigBytes = 1 << 20;

Error damaged(const std::string& what) {
  return Error{Errc::kCorrupt, "config: " + what, {}, "restore config from another copy"};
}

json public_keys_json(const Config& config) {
  json keys = json::array();
  for (const PublicKey& key : config.public_keys) keys.push_back(to_hex(key));
  return keys;
}

// What the MAC covers: the document without it. Keys are sorted, so there is one such text.
std::string mac_input(json document) {
  document.erase("mac");
  return document.dump();
}

}  // namespace

std::string encode_config(const Config& config, const Secret& config_key) {
  json document = {{"format", kFormatVersion},
                   {"suite", kSuite},
                   {"repository", to_hex(config.repository)},
                   {"project", to_hex(config.project)},
                   {"public_keys", public_keys_json(config)},
                   {"created", format_instant(config.created)}};
  document["mac"] = to_hex(mac_of(config_key, as_bytes(mac_input(document))));
  return document.dump(1) + "\n";
}

Result<Config> decode_config(const std::string& text) {
  auto parsed = Document::parse(text, "config", {kMaxConfigBytes, 8});
  if (!parsed.ok()) return damaged(parsed.error().message);
  try {
    const json& root = parsed->root();
    const auto format = whole_number(root.at("format"));
    if (!format) return damaged("its format is not an integer");
    if (*format > kFormatVersion) {
      return failed("this repository has format " + std::to_string(*format) +
                        ", this program reads format " + std::to_string(kFormatVersion),
                    "use a newer backcast");
    }
    if (root.at("suite").get<std::string>() != kSuite) {
      return failed("this repository is sealed with suite " +
                        printable(root.at("suite").get<std::string>()) +
                        ", which this program lacks",
                    "use a newer backcast");
    }
    Config config;
    bool ok = *format == kFormatVersion &&
              from_hex(root.at("repository").get<std::string>(), config.repository.bytes) &&
              from_hex(root.at("project").get<std::string>(), config.project.bytes);
    for (const json& key : root.at("public_keys")) {
      config.public_keys.emplace_back();
      ok = ok && from_hex(key.get<std::string>(), config.public_keys.back());
    }
    auto created = parse_instant(root.at("created").get<std::string>());
    if (!ok || !created.ok() || config.public_keys.empty()) return damaged("not what init writes");
    config.created = created->instant;
    return config;
  } catch (const json::exception&) {
    return damaged("a field is missing or of the wrong type");
  }
}

Status verify_config(const std::string& text, const Secret& config_key) {
  auto parsed = Document::parse(text, "config", {kMaxConfigBytes, 8});
  if (!parsed.ok()) return damaged(parsed.error().message);
  const json& root = parsed->root();
  const auto mac = root.find("mac");
  if (mac == root.end() || !mac->is_string() ||
      mac->get<std::string>() != to_hex(mac_of(config_key, as_bytes(mac_input(root))))) {
    return Error{Errc::kWrongKey,
                 "config was not written with this project's key: another repository stands at "
                 "this place, or somebody changed config",
                 {},
                 "check the path and the writer key"};
  }
  return kOk;
}

}  // namespace backcast::store
