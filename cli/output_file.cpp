#include "cli/output_file.h"

#include <filesystem>

#include "engine/env/env.h"

namespace backcast::cli {

Status write_output(const std::string& path, std::string_view text) {
  const std::filesystem::path file(path);
  const std::string folder_name = file.has_parent_path() ? file.parent_path().string() : ".";
  env::Env& env = env::posix_env();
  auto folder = env.open_folder(folder_name, false);
  if (!folder.ok()) {
    Error error = std::move(folder).error();
    error.message = "cannot write " + path + ": " + error.message;
    return error;
  }
  const ByteView bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  return env::publish_file(env, **folder, file.filename().string(), bytes, {.replace = true});
}

}  // namespace backcast::cli
