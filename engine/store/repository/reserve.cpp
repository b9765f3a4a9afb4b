#include "engine/store/repository/reserve.h"

namespace backcast::store {
namespace {

constexpr const char* kName = "reserve";
constexpr std::size_t kReserveBytes = 1 << 20, kLeastBytes = 16 << 10;

}  // namespace

void fill_reserve(Repository& repository) {
  env::Folder& folder = repository.folder();
  if (const auto info = folder.stat(kName); info.ok() || info.error().code != Errc::kNotFound) {
    return;
  }
  std::string bytes(kReserveBytes, '\0');
  repository.env().random({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  for (std::size_t size = kReserveBytes; size >= kLeastBytes; size /= 2) {
    const auto file = folder.create(kName);
    if (!file.ok()) return;
    if ((*file)->append(as_bytes(bytes).first(size)).ok() && (*file)->sync().ok()) return;
    if (!folder.remove(kName).ok()) return;
  }
}

bool free_reserve(Repository& repository) {
  return repository.folder().remove(kName).ok();
}

}  // namespace backcast::store
