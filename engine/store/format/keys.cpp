#include "engine/store/format/keys.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/document.h"
#include "engine/base/json_number.h"
#include "engine/base/text.h"

namespace backcast::store {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxKeyFileBytes = 64 << 10;
constexpr std::uint64_t kMaxPairs = 1000;
constexpr std::string_view kWriterKeyPrefix = "backcast-writer-key-1:";

std::string slot_name(const Id& slot) {
  return "keys/" + to_hex(slot);
}

SecretText encode(const Keys& keys) {
  std::string count;
  WireWriter(count).varint(keys.pairs.size());
  auto out =
      SecretText::with_room(kIdBytes + kKeyBytes + count.size() + keys.pairs.size() * kKeyBytes);
  out.append(as_text(view(keys.project)));
  out.append(as_text(keys.writer.view()));
  out.append(count);
  for (const KeyPair& pair : keys.pairs) out.append(as_text(pair.private_key.view()));
  return out;
}

std::optional<Keys> decode(ByteView bytes) {
  WireReader in(bytes);
  Keys keys;
  keys.project = read_id(in);
  const ByteView writer = in.fixed(kKeyBytes);
  const std::uint64_t pairs = in.varint(kMaxPairs);
  if (!in.ok() || in.rest().size() != pairs * kKeyBytes) return std::nullopt;
  keys.writer = Secret::from(writer);
  for (std::uint64_t i = 0; i < pairs; ++i) {
    keys.pairs.push_back(KeyPair::from_private(Secret::from(in.fixed(kKeyBytes))));
    keys.public_keys.push_back(keys.pairs.back().public_key);
  }
  return keys;
}

// What a passphrase slot says in the clear; sealed along, so none of it can be changed.
std::string associated(const Id& project, const Id& slot, Stretching cost, const Salt& salt) {
  std::string out = "backcast key slot";
  WireWriter writer(out);
  writer.u8(kFormatVersion);
  writer.fixed(view(project));
  writer.fixed(view(slot));
  writer.u64(cost.operations);
  writer.u64(cost.memory_bytes);
  writer.fixed(salt);
  return out;
}

struct SlotFile {
  KeySlot slot;
  Salt salt{};
  std::string sealed;
};

Result<SlotFile> read_slot(env::Folder& folder, const Id& id) {
  BACKCAST_TRY(const std::string text, env::read_file(folder, slot_name(id), kMaxKeyFileBytes));
  const auto damaged = [&](const char* what) {
    return Error{
        Errc::kCorrupt, slot_name(id) + ": " + what, {}, "another passphrase may still open"};
  };
  auto document = Document::parse(text, slot_name(id), {kMaxKeyFileBytes, 8});
  if (!document.ok()) return damaged("not a key file");
  const json& root = document->root();
  SlotFile file;
  file.slot.id = id;
  try {
    const auto format = whole_number(root.at("format"));
    if (!format || *format < kFormatVersion) return damaged("no known format");
    if (*format > kFormatVersion) {
      return failed(slot_name(id) + ": a key file of a newer format", "use a newer backcast");
    }
    file.slot.label = root.at("label").get<std::string>();
    auto created = parse_instant(root.at("created").get<std::string>());
    if (!created.ok()) return damaged("no valid date");
    file.slot.created = created->instant;
    const json& kdf = root.at("argon2id");
    const auto operations = count_number(kdf.at("operations"));
    const auto memory_bytes = count_number(kdf.at("memory_bytes"));
    if (!operations || !memory_bytes) return damaged("parameters that are no whole numbers");
    file.slot.cost = {*operations, *memory_bytes};
    const auto sealed = root.at("sealed").get<std::string>();
    file.sealed.resize(sealed.size() / 2);
    if (!from_hex(kdf.at("salt").get<std::string>(), file.salt) ||
        !from_hex(sealed,
                  {reinterpret_cast<std::uint8_t*>(file.sealed.data()), file.sealed.size()})) {
      return damaged("not hexadecimal");
    }
  } catch (const json::exception&) {
    return damaged("a field is missing or of the wrong type");
  }
  return file;
}

}  // namespace

Keys Keys::generate() {
  Keys keys;
  keys.project = random_id();
  keys.writer = Secret::random();
  keys.pairs.push_back(KeyPair::generate());
  keys.public_keys.push_back(keys.pairs.back().public_key);
  return keys;
}

SecretText writer_key_text(const Keys& keys) {
  auto text = SecretText::with_room(kWriterKeyPrefix.size() + 2 * (kIdBytes + kKeyBytes) + 2);
  text.append(kWriterKeyPrefix);
  text.append_hex(view(keys.project));
  text.append(":");
  text.append_hex(keys.writer.view());
  text.append("\n");
  return text;
}

Result<WriterKey> parse_writer_key(std::string_view text) {
  text = trim(text);
  const std::size_t prefix = kWriterKeyPrefix.size();
  WriterKey key;
  Secret writer;
  if (text.size() != prefix + 2 * kIdBytes + 1 + 2 * kKeyBytes ||
      text.substr(0, prefix) != kWriterKeyPrefix || text[prefix + 2 * kIdBytes] != ':' ||
      !from_hex(text.substr(prefix, 2 * kIdBytes), key.project.bytes) ||
      !from_hex(text.substr(prefix + 2 * kIdBytes + 1), writer.span())) {
    return bad_input("not a writer key of backcast", "it is one line that starts with \"" +
                                                         std::string(kWriterKeyPrefix) +
                                                         "\"; backcast key writer prints it");
  }
  key.writer = writer;
  return key;
}

Result<std::vector<KeySlot>> KeySlots::list() const {
  BACKCAST_TRY(const auto entries, folder_.list("keys"));
  std::vector<KeySlot> slots;
  for (const auto& entry : entries) {
    const auto id = id_from_hex(entry.name);
    if (!id) continue;
    BACKCAST_TRY(SlotFile file, read_slot(folder_, *id));
    slots.push_back(std::move(file.slot));
  }
  std::stable_sort(slots.begin(), slots.end(),
                   [](const KeySlot& a, const KeySlot& b) { return a.created < b.created; });
  return slots;
}

Result<Id> KeySlots::add(const Keys& keys, std::string_view passphrase, const std::string& label,
                         Stretching cost) {
  if (passphrase.empty()) return bad_input("an empty passphrase protects nothing");
  BACKCAST_ASSERT(keys.can_read());
  const Id slot = random_id();
  const Salt salt = random_salt();
  BACKCAST_TRY(const Secret key, stretch(passphrase, salt, cost));
  const std::string sealed = seal(key, as_bytes(encode(keys).view()),
                                  as_bytes(associated(keys.project, slot, cost, salt)));
  const json file = {{"format", kFormatVersion},
                     {"label", label},
                     {"created", format_instant(env_.now())},
                     {"argon2id",
                      {{"operations", cost.operations},
                       {"memory_bytes", cost.memory_bytes},
                       {"salt", to_hex(salt)}}},
                     {"sealed", to_hex(as_bytes(sealed))}};
  const std::string text = file.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
  BACKCAST_CHECK(env::publish_file(env_, folder_, slot_name(slot), as_bytes(text)));
  return slot;
}

Result<Keys> KeySlots::open_slot(const Id& slot, std::string_view passphrase) const {
  BACKCAST_TRY(const SlotFile file, read_slot(folder_, slot));
  BACKCAST_TRY(const Secret key, stretch(passphrase, file.salt, file.slot.cost));
  const auto plain = open_secret(key, as_bytes(file.sealed),
                                 as_bytes(associated(project_, slot, file.slot.cost, file.salt)));
  if (!plain.ok()) return Error{Errc::kWrongKey, "wrong passphrase", {}, {}};
  auto keys = decode(as_bytes(plain->view()));
  if (!keys || keys->project != project_ || !keys->can_read()) {
    return Error{Errc::kCorrupt, slot_name(slot) + ": sealed for another project", {}, {}};
  }
  return *std::move(keys);
}

Result<Keys> KeySlots::open(std::string_view passphrase, Id* opened) const {
  BACKCAST_TRY(const auto entries, folder_.list("keys"));
  std::optional<Error> other;
  bool any = false;
  for (const auto& entry : entries) {
    const auto id = id_from_hex(entry.name);
    if (!id) continue;
    any = true;
    auto keys = open_slot(*id, passphrase);
    if (keys.ok()) {
      if (opened) *opened = *id;
      return keys;
    }
    // A damaged slot must not hide that another one opens.
    if (keys.error().code != Errc::kWrongKey) other = keys.error();
  }
  if (other) return *other;
  if (!any) {
    return Error{Errc::kWrongKey,
                 "there is no private key in this repository: it was destroyed or never added",
                 {},
                 "without it nothing can be read; backups, forget and prune still work"};
  }
  return Error{Errc::kWrongKey,
               "wrong passphrase: it opens none of the repository's keys",
               {},
               "backcast key list shows which passphrases exist"};
}

Status KeySlots::remove(const Id& slot) {
  BACKCAST_CHECK(folder_.remove(slot_name(slot)));
  return folder_.sync_folder("keys");
}

}  // namespace backcast::store
