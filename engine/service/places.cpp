#include "engine/service/places.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace backcast::service {

namespace fs = std::filesystem;

std::string folder_name(const std::string& name) {
  std::string out;
  for (const unsigned char c : name) {
    const bool plain = std::isalnum(c) != 0 || c == '-' || c == '_';
    out += plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02x}", c);
  }
  return out.empty() ? "%" : out;
}

std::string name_of_folder(const std::string& folder) {
  std::string name;
  for (std::size_t i = 0; i < folder.size(); ++i) {
    if (folder[i] != '%') {
      name += folder[i];
      continue;
    }
    unsigned value = 0;
    const char* digits = folder.data() + i + 1;
    const char* end = folder.data() + std::min(i + 3, folder.size());
    if (std::from_chars(digits, end, value, 16).ptr != digits + 2) continue;
    name += static_cast<char>(value);
    i += 2;
  }
  return name;
}

std::string keyring_of(const std::string& project, const std::string& key) {
  return key.empty() ? project : project + ' ' + key;
}

KeyringName name_of_keyring(const std::string& keyring) {
  const std::size_t blank = keyring.find(' ');
  if (blank == std::string::npos) return {keyring, ""};
  return {keyring.substr(0, blank), keyring.substr(blank + 1)};
}

fs::path repositories_of(const fs::path& folder, const std::string& keyring) {
  return folder / "repositories" / folder_name(keyring);
}

fs::path repository_of(const fs::path& folder, const std::string& keyring,
                       const std::string& region) {
  return repositories_of(folder, keyring) / folder_name(region);
}

}  // namespace backcast::service
