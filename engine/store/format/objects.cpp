#include "engine/store/format/objects.h"

namespace backcast::store {
namespace {

Error corrupt(const std::string& name, const std::string& what) {
  const bool is_index = name.starts_with("index/");
  return Error{Errc::kCorrupt,
               name + ": " + what,
               {},
               is_index ? "backcast repair sets it aside and lists again what it held"
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
    case ObjectType::kDamage:
      return "damage";
    case ObjectType::kRules:
      return "rules";
    case ObjectType::kLabel:
      return "labels";
    case ObjectType::kPack:
    case ObjectType::kPackTable:
      return "packs";
  }
  return "";
}

std::string name_of(ObjectType type, const Id& id) {
  return std::string(folder_of(type)) + '/' + to_hex(id);
}

ObjectHeader object_header(ObjectType type, std::uint16_t rotations) {
  return {'B',
          'K',
          'C',
          static_cast<std::uint8_t>(type),
          kFormatVersion,
          static_cast<std::uint8_t>(rotations),
          static_cast<std::uint8_t>(rotations >> 8),
          0};
}

namespace {

std::uint16_t rotations_of(ByteView header) {
  return static_cast<std::uint16_t>(header[5] | header[6] << 8);
}

}  // namespace

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
  if (bytes[4] != expected[4] || bytes[7] != expected[7]) return corrupt(name, "damaged header");
  return kOk;
}

std::string Objects::associated(const ObjectHeader& header, const Id& id) const {
  std::string out = "backcast object";
  WireWriter writer(out);
  writer.fixed(header);
  writer.fixed(view(repository_));
  writer.fixed(view(id));
  return out;
}

std::string Objects::seal(ObjectType type, const Id& id, ByteView plain) const {
  std::string out;
  WireWriter writer(out);
  const ObjectHeader header = object_header(type, rotations_);
  writer.fixed(header);
  writer.fixed(store::seal(key_, plain, as_bytes(associated(header, id))));
  return out;
}

Result<std::string> Objects::open(ObjectType type, const Id& id, ByteView bytes) const {
  BACKCAST_CHECK(check_object_header(type, bytes, name_of(type, id)));
  ObjectHeader header;
  std::memcpy(header.data(), bytes.data(), kObjectHeaderBytes);
  auto plain =
      store::open(key_, bytes.subspan(kObjectHeaderBytes), as_bytes(associated(header, id)));
  if (!plain.ok()) return corrupt(name_of(type, id), "damaged, or not written by this repository");
  const std::uint16_t rotations = rotations_of(header);
  for (std::uint16_t seen = seen_;
       seen < rotations && !seen_.compare_exchange_weak(seen, rotations);) {
  }
  return plain;
}

Status Objects::write(ObjectType type, const Id& id, ByteView plain) {
  return env::publish_file(env_, folder_, name_of(type, id), as_bytes(seal(type, id, plain)));
}

Status Objects::publish(ObjectType type, const Id& id, ByteView plain) {
  auto written = write(type, id, plain);
  if (written.ok() || written.error().code != Errc::kNotFound) return written;
  const auto made = folder_.make_folder(folder_of(type));
  if (!made.ok() && made.error().code != Errc::kExists) return made;  // or somebody else was first
  BACKCAST_CHECK(folder_.sync_folder(""));
  return write(type, id, plain);
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
