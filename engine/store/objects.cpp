#include "engine/store/objects.h"

namespace backcast::store {
namespace {

Error corrupt(const std::string& name, const std::string& what) {
  const bool is_index = name.starts_with("index/");
  return Error{Errc::kCorrupt,
               name + ": " + what,
               {},
               is_index ? "backcast check --rebuild-index lists again what it held"
                        : "backcast check names what it affects"};
}

}  // namespace

const char* folder_of(ObjectType type) {
  switch (type) {
    case ObjectType::kIndex:
      return "index";
    case ObjectType::kSnapshot:
      return "snapshots";
    case ObjectType::kMark:
      return "marks";
    case ObjectType::kJournal:
      return "journal";
    case ObjectType::kHead:
      return "heads";
    case ObjectType::kPack:
    case ObjectType::kPackTable:
      return "packs";
  }
  return "";
}

std::string name_of(ObjectType type, const Id& id) {
  return std::string(folder_of(type)) + '/' + to_hex(id);
}

std::array<std::uint8_t, kObjectHeaderBytes> object_header(ObjectType type) {
  return {'B', 'K', 'C', static_cast<std::uint8_t>(type), kFormatVersion, 0, 0, 0};
}

Status check_object_header(ObjectType type, ByteView bytes, const std::string& name) {
  const auto expected = object_header(type);
  if (bytes.size() < kObjectHeaderBytes || std::memcmp(bytes.data(), expected.data(), 4) != 0) {
    return corrupt(name, "not what its name says");
  }
  if (bytes[4] > kFormatVersion) {
    return failed(name + ": written in format " + std::to_string(bytes[4]) +
                      ", this program reads " + std::to_string(kFormatVersion),
                  "use a newer backcast");
  }
  if (std::memcmp(bytes.data(), expected.data(), kObjectHeaderBytes) != 0) {
    return corrupt(name, "damaged header");
  }
  return kOk;
}

std::string Objects::associated(ObjectType type, const Id& id) const {
  std::string out = "backcast object";
  WireWriter writer(out);
  writer.fixed(object_header(type));
  writer.fixed(view(repository_));
  writer.fixed(view(id));
  return out;
}

std::string Objects::seal(ObjectType type, const Id& id, ByteView plain) const {
  std::string out;
  WireWriter writer(out);
  writer.fixed(object_header(type));
  writer.fixed(store::seal(key_, plain, as_bytes(associated(type, id))));
  return out;
}

Result<std::string> Objects::open(ObjectType type, const Id& id, ByteView bytes) const {
  BACKCAST_CHECK(check_object_header(type, bytes, name_of(type, id)));
  auto plain = store::open(key_, bytes.subspan(kObjectHeaderBytes), as_bytes(associated(type, id)));
  if (!plain.ok()) return corrupt(name_of(type, id), "damaged, or not written by this repository");
  return plain;
}

Status Objects::publish(ObjectType type, const Id& id, ByteView plain) {
  return env::publish_file(env_, folder_, name_of(type, id), as_bytes(seal(type, id, plain)));
}

Result<std::string> Objects::load(ObjectType type, const Id& id) const {
  BACKCAST_TRY(const std::string bytes,
               env::read_file(folder_, name_of(type, id), kMaxObjectBytes));
  return open(type, id, as_bytes(bytes));
}

Result<std::vector<Id>> Objects::list(ObjectType type) const {
  BACKCAST_TRY(const auto entries, folder_.list(folder_of(type)));
  std::vector<Id> ids;
  for (const auto& entry : entries) {
    if (const auto id = id_from_hex(entry.name)) ids.push_back(*id);
  }
  return ids;
}

Status Objects::remove(ObjectType type, const Id& id) {
  return folder_.remove(name_of(type, id));
}

}  // namespace backcast::store
