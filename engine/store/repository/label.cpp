#include "engine/store/repository/label.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

namespace backcast::store {
namespace {

constexpr std::uint64_t kMaxTextBytes = 1 << 20;
// Of a label's id, in common with that of its snapshot: one listing of names finds it.
constexpr std::size_t kCommonBytes = 8;

bool names_snapshot(const Id& label, const Id& snapshot) {
  return std::equal(label.bytes.begin(), label.bytes.begin() + kCommonBytes,
                    snapshot.bytes.begin());
}

// A folder that repositories of earlier versions lack.
Result<std::vector<Id>> list_labels(Repository& repository) {
  auto ids = repository.objects().list(ObjectType::kLabel);
  if (!ids.ok() && ids.error().code == Errc::kNotFound) return std::vector<Id>();
  return ids;
}

// Nothing where it was replaced since it was listed.
Result<std::optional<Label>> load_label(Repository& repository, const Id& id) {
  const auto plain = repository.objects().load(ObjectType::kLabel, id);
  if (!plain.ok() && plain.error().code == Errc::kNotFound) return std::optional<Label>();
  if (!plain.ok()) return plain.error();
  BACKCAST_TRY(Label label, decode_label(id, as_bytes(*plain)));
  return std::optional(std::move(label));
}

Status remove_label(Repository& repository, const Id& id) {
  auto removed = repository.objects().remove(ObjectType::kLabel, id);
  if (!removed.ok() && removed.error().code != Errc::kNotFound) return removed;
  return kOk;
}

}  // namespace

std::string encode_label(const Label& label) {
  std::string out;
  WireWriter writer(out);
  writer.fixed(view(label.snapshot));
  writer.varint(label.version);
  writer.bytes(label.text);
  return out;
}

Result<Label> decode_label(const Id& id, ByteView bytes) {
  WireReader in(bytes);
  Label label;
  label.snapshot = read_id(in);
  label.version = in.varint();
  label.text = in.bytes(kMaxTextBytes);
  if (!in.ok() || !in.at_end()) {
    return Error{Errc::kCorrupt, name_of(ObjectType::kLabel, id) + ": damaged", {}, {}};
  }
  return label;
}

Status set_label(Repository& repository, const Id& snapshot, const std::string& text) {
  if (text.size() > kMaxTextBytes) return bad_input("a label has at most 1 MiB");
  BACKCAST_TRY(std::vector<Id> old, list_labels(repository));
  std::erase_if(old, [&](const Id& id) { return !names_snapshot(id, snapshot); });
  Label label{snapshot, 1, text};
  for (const Id& id : old) {
    const auto before = load_label(repository, id);
    if (!before.ok() && before.error().code != Errc::kCorrupt) return before.error();
    if (before.ok() && *before) label.version = std::max(label.version, (*before)->version + 1);
  }
  Id id = random_id(as_bytes(text));
  std::copy_n(snapshot.bytes.begin(), kCommonBytes, id.bytes.begin());
  BACKCAST_CHECK(
      repository.objects().publish(ObjectType::kLabel, id, as_bytes(encode_label(label))));
  for (const Id& each : old) BACKCAST_CHECK(remove_label(repository, each));
  return kOk;
}

Result<std::vector<Label>> load_labels(Repository& repository, std::vector<Error>& damaged) {
  BACKCAST_TRY(const auto ids, list_labels(repository));
  std::map<Id, std::pair<Label, Id>> newest;
  for (const Id& id : ids) {
    auto label = load_label(repository, id);
    if (!label.ok() && label.error().code != Errc::kCorrupt) return label.error();
    if (!label.ok()) damaged.push_back(label.error());
    if (!label.ok() || !*label) continue;
    const auto at = newest.find((*label)->snapshot);
    if (at != newest.end() &&
        std::tie((*label)->version, id) < std::tie(at->second.first.version, at->second.second)) {
      continue;
    }
    const Id snapshot = (*label)->snapshot;
    newest[snapshot] = {**std::move(label), id};
  }
  std::vector<Label> labels;
  for (auto& [snapshot, label] : newest) labels.push_back(std::move(label.first));
  return labels;
}

Status remove_labels_but(Repository& repository,
                         const std::function<Result<std::set<Id>>()>& list_snapshots) {
  BACKCAST_TRY(const auto ids, list_labels(repository));
  BACKCAST_TRY(const std::set<Id> snapshots, list_snapshots());
  for (const Id& id : ids) {
    Id least{};
    std::copy_n(id.bytes.begin(), kCommonBytes, least.bytes.begin());
    const auto at = snapshots.lower_bound(least);
    if (at == snapshots.end() || !names_snapshot(id, *at)) {
      BACKCAST_CHECK(remove_label(repository, id));
    }
  }
  return kOk;
}

}  // namespace backcast::store
