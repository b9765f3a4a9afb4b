// Where things lie in a service's folder.
#pragma once

#include <filesystem>
#include <string>

namespace backcast::service {

// A name that others gave as the name of one folder, and back.
std::string folder_name(const std::string& name);
std::string name_of_folder(const std::string& folder);

std::filesystem::path repositories_of(const std::filesystem::path& folder,
                                      const std::string& project);
std::filesystem::path repository_of(const std::filesystem::path& folder, const std::string& project,
                                    const std::string& region);

}  // namespace backcast::service
