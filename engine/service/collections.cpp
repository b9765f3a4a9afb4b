#include "engine/service/collections.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "engine/kinds/formats/files.h"
#include "engine/kinds/formats/sha256.h"

namespace backcast::service {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string name_in(const control::Backup& backup) {
  const json contents = json::parse(backup.contents, nullptr, false);
  if (!contents.is_object() || !contents.contains("adopt")) return {};
  return contents["adopt"].is_string() ? contents["adopt"].get<std::string>() : ".";
}

}  // namespace

Result<std::string> describe(env::Env& env, const kinds::DataPlace& data) {
  BACKCAST_TRY(const auto source, kinds::open_source(data.kind, data.source, env));
  return source->describe();
}

Status check_file(env::Env& env, const kinds::DataPlace& data, const kinds::CollectionName& as,
                  const std::string& file, const std::string& checksum) {
  if (!checksum.empty()) {
    BACKCAST_TRY(const std::string sum, kinds::sha256_of(file));
    if (sum != checksum) {
      return bad_input(
          fmt::format("Snapshot checksum mismatch: expected {}, got {}", checksum, sum));
    }
  }
  BACKCAST_TRY(const auto source, kinds::open_source(data.kind, data.source, env));
  BACKCAST_TRY(const std::string held, source->look_into(file, as));
  return check_contents(env, data, held, as, as);
}

Status check_contents(env::Env& env, const kinds::DataPlace& data, const std::string& contents,
                      const kinds::CollectionName& of, const kinds::CollectionName& as) {
  const auto now = describe(env, data);
  // A cluster that lost everything takes what comes.
  if (!now.ok() && now.error().code == Errc::kNotFound) {
    return kinds::check_fit(contents, of, "{}", as);
  }
  if (!now.ok()) return now.error();
  return kinds::check_fit(contents, of, *now, as);
}

Result<std::string> Adoptions::take_in(const std::string& file) {
  BACKCAST_CHECK(kinds::make_folders(folder_));
  std::string name = kinds::fresh_name(env_);
  std::error_code error;
  fs::rename(file, folder_ / name, error);
  if (error) return kinds::file_error("take in", file, error);
  return name;
}

Result<fs::path> Adoptions::file_of(const control::Backup& backup) const {
  const std::string name = name_in(backup);
  if (name.empty()) return fs::path();
  BACKCAST_CHECK(kinds::check_name("\"adopt\"", name));
  return folder_ / name;
}

void Adoptions::remove(const std::string& name) const {
  std::error_code ignored;
  fs::remove(folder_ / name, ignored);
}

bool Adoptions::empty() const {
  std::error_code error;
  return fs::directory_iterator(folder_, error) == fs::directory_iterator();
}

Status Adoptions::tidy(const std::vector<control::Backup>& running) const {
  std::set<fs::path> needed;
  for (const control::Backup& backup : running) {
    if (const auto file = file_of(backup); file.ok()) needed.insert(*file);
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    if (needed.count(entry.path()) == 0) fs::remove(entry.path(), error);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return kinds::file_error("empty", folder_, error);
  }
  return kOk;
}

}  // namespace backcast::service
