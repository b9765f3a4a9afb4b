#include "costmodel/bill/usage_check.h"

#include <fmt/format.h>

#include "engine/base/text.h"

namespace backcast::cost {
namespace {

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15ULL;
  return hash ^ (hash >> 31);
}

bool is_interval(UsageKind kind) {
  return kind == UsageKind::kStorage || kind == UsageKind::kInstance;
}

std::string who(const UsageRecord& record) {
  const std::string& name = record.backup.empty() ? record.service : record.backup;
  return (record.backup.empty() ? "service " : "backup ") + printable(name);
}

}  // namespace

UsageCheck::Key UsageCheck::key_of(const UsageRecord& r) {
  Key key{1, 2};
  const auto add_number = [&](std::uint64_t value) {
    key = {mixed(key.low, value), mixed(key.high, ~value)};
  };
  const auto add_text = [&](std::string_view text) {
    add_number(text.size());
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      word = word << 8 | static_cast<unsigned char>(text[i]);
      if (i % 8 == 7) add_number(std::exchange(word, 0));
    }
    add_number(word);
  };
  add_number(static_cast<std::uint64_t>(r.kind));
  for (const std::string* text : {&r.provider, &r.project, &r.service, &r.region, &r.peer_region,
                                  &r.storage_class, &r.backup_kind, &r.backup, &r.operation}) {
    add_text(*text);
  }
  for (const std::string& tag : r.tags) add_text(tag);
  if (!is_interval(r.kind)) {
    add_number(static_cast<std::uint64_t>(r.start.time_since_epoch().count()));
    add_number(static_cast<std::uint64_t>(r.end.time_since_epoch().count()));
    add_number(r.quantity);
  }
  return key;
}

void UsageCheck::forget_before(Instant moment) {
  std::erase_if(seen_, [&](const auto& entry) { return entry.second.end < moment; });
}

Status UsageCheck::add(const UsageRecord& record) {
  if (record.end < record.start) {
    return bad_input(fmt::format("time runs backwards: from {} until {}",
                                 format_instant(record.start), format_instant(record.end)));
  }
  const auto [it, is_new] = seen_.try_emplace(key_of(record), Seen{record.start, record.end});
  if (is_new) return kOk;
  const Seen before = std::exchange(it->second, Seen{record.start, record.end});
  if (!is_interval(record.kind)) {
    return bad_input(fmt::format("counted twice: the same fact of {} at {} came before",
                                 who(record), format_instant(record.start)),
                     "remove the repeated line");
  }
  if (record.start < before.start) {
    return bad_input(fmt::format("time runs backwards: {} at {} comes after {}", who(record),
                                 format_instant(record.start), format_instant(before.start)),
                     "sort the file by \"start\"");
  }
  if (record.start < before.end) {
    return bad_input(
        fmt::format("counted twice: {} from {} was already counted until {}", who(record),
                    format_instant(record.start), format_instant(before.end)),
        "give different backups different ids in \"backup\"");
  }
  return kOk;
}

}  // namespace backcast::cost
