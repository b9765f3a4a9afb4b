// Where things lie in a service's folder.
#pragma once

#include <filesystem>
#include <string>

namespace backcast::service {

// A name that others gave as the name of one folder, and back.
std::string folder_name(const std::string& name);
std::string name_of_folder(const std::string& folder);

// Whose keys seal a repository: those of a project, or a key of its own that a cluster names. No
// name has a blank, so that two keyrings never have one name.
std::string keyring_of(const std::string& project, const std::string& key);
struct KeyringName {
  std::string project, key;
};
KeyringName name_of_keyring(const std::string& keyring);

std::filesystem::path repositories_of(const std::filesystem::path& folder,
                                      const std::string& keyring);
std::filesystem::path repository_of(const std::filesystem::path& folder, const std::string& keyring,
                                    const std::string& region);

}  // namespace backcast::service
