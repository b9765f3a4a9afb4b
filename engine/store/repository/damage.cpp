#include "engine/store/repository/damage.h"

#include <map>
#include <set>

namespace backcast::store {

std::string encode_damage(const std::vector<BadPack>& bad) {
  std::string out;
  WireWriter writer(out);
  writer.varint(bad.size());
  for (const BadPack& each : bad) {
    writer.fixed(view(each.pack));
    writer.varint(each.chunks.size());
    for (const Id& id : each.chunks) writer.fixed(view(id));
  }
  return out;
}

Result<std::vector<BadPack>> decode_damage(const Id& id, ByteView bytes) {
  WireReader in(bytes);
  const std::uint64_t count = in.varint(bytes.size() / kIdBytes);
  std::vector<BadPack> bad;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    BadPack each{read_id(in), {}};
    const std::uint64_t chunks = in.varint(in.rest().size() / kIdBytes);
    for (std::uint64_t k = 0; k < chunks && in.ok(); ++k) each.chunks.push_back(read_id(in));
    bad.push_back(std::move(each));
  }
  if (!in.ok() || !in.at_end()) {
    return Error{Errc::kCorrupt, name_of(ObjectType::kDamage, id) + ": damaged", {}, {}};
  }
  return bad;
}

Result<std::vector<BadPack>> load_damage(Repository& repository) {
  const auto ids = repository.objects().list(ObjectType::kDamage);
  // Repositories of earlier versions have no such folder.
  if (!ids.ok() && ids.error().code == Errc::kNotFound) return std::vector<BadPack>();
  if (!ids.ok()) return ids.error();
  std::vector<BadPack> all;
  for (const Id& id : *ids) {
    auto plain = repository.objects().load(ObjectType::kDamage, id);
    auto bad = plain.ok() ? decode_damage(id, as_bytes(*plain)) : plain.error();
    // Or mended by somebody else since the listing.
    if (!bad.ok() && bad.error().code != Errc::kCorrupt && bad.error().code != Errc::kNotFound) {
      return bad.error();
    }
    if (bad.ok()) all.insert(all.end(), bad->begin(), bad->end());
  }
  return all;
}

Status record_damage(Repository& repository, std::vector<BadPack> found) {
  BACKCAST_TRY(const auto recorded, load_damage(repository));
  std::set<Id> bad_packs;
  std::set<std::pair<Id, Id>> known;
  for (const BadPack& each : recorded) {
    if (each.chunks.empty()) bad_packs.insert(each.pack);
    for (const Id& chunk : each.chunks) known.emplace(each.pack, chunk);
  }
  std::map<Id, std::vector<Id>> chunks;
  std::vector<BadPack> fresh;
  for (const BadPack& each : found) {
    if (each.chunks.empty() && bad_packs.insert(each.pack).second) fresh.push_back(each);
  }
  for (const BadPack& each : found) {
    if (bad_packs.contains(each.pack)) continue;
    for (const Id& chunk : each.chunks) {
      if (known.emplace(each.pack, chunk).second) chunks[each.pack].push_back(chunk);
    }
  }
  for (auto& [pack, ids] : chunks) fresh.push_back({pack, std::move(ids)});
  if (fresh.empty()) return kOk;
  const std::string plain = encode_damage(fresh);
  return repository.objects().publish(ObjectType::kDamage, random_id(), as_bytes(plain));
}

std::vector<PackFault> look_at_packs(Repository& repository, const Index& index) {
  std::vector<PackFault> faults;
  for (std::uint32_t number = 0; number < index.packs().size(); ++number) {
    const PackInfo& pack = index.packs()[number];
    const auto info = repository.folder().stat(name_of(ObjectType::kPack, pack.id));
    if (!info.ok()) {
      const bool is_missing = info.error().code == Errc::kNotFound;
      faults.push_back(
          {number, is_missing ? "missing" : info.error().message, is_missing, is_missing});
    } else if (info->size_bytes != pack.size_bytes) {
      faults.push_back({number,
                        "has " + std::to_string(info->size_bytes) + " bytes, not " +
                            std::to_string(pack.size_bytes),
                        false, true});
    }
  }
  return faults;
}

std::vector<PackFault> distrust_absent(Repository& repository, Index& index, bool record) {
  auto faults = look_at_packs(repository, index);
  std::vector<BadPack> bad, sure;
  for (const PackFault& fault : faults) {
    const PackInfo& pack = index.packs()[fault.pack];
    bad.push_back({pack.id, {}});
    if (fault.is_sure && !pack.is_condemned) sure.push_back(bad.back());
  }
  index.distrust(bad);
  // Failing to record it is no reason not to go on: whoever comes next looks for himself.
  if (record && !sure.empty()) (void)record_damage(repository, std::move(sure));
  return faults;
}

}  // namespace backcast::store
