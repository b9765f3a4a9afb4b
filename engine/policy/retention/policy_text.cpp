#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/policy/retention/dialects/flags.h"
#include "engine/policy/retention/retention.h"

namespace backcast::policy {
namespace {

constexpr std::size_t kMaxPolicyBytes = 64 * 1024;

// Splits as a shell would: blanks, '...' and "..." with \ before " and \.
Result<std::vector<std::string>> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool is_open = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      word.push_back(text[++i]);
      is_open = true;
    } else if (quote != 0) {
      word.push_back(c);
    } else if (c == '\'' || c == '"') {
      quote = c;
      is_open = true;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (is_open) words.push_back(std::move(word));
      word.clear();
      is_open = false;
    } else {
      word.push_back(c);
      is_open = true;
    }
  }
  if (quote != 0)
    return bad_input("the policy has an open quote", fmt::format("close it with {}", quote));
  if (is_open) words.push_back(std::move(word));
  return words;
}

bool contains(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "-d7" as tools with short flags take it.
template <typename P>
const Flag<P>* attached_short_flag(const Dialect<P>& dialect, std::string_view word) {
  if (word.size() < 3 || word[0] != '-' || word[1] == '-') return nullptr;
  for (const Flag<P>& flag : dialect.flags) {
    if (flag.takes_value && flag.alias.size() == 2 && word.starts_with(flag.alias)) return &flag;
  }
  return nullptr;
}

template <typename P>
Error unknown_flag(const Dialect<P>& dialect, std::string_view name) {
  if (contains(dialect.filters, name)) {
    return bad_input(fmt::format("{}: {} chooses which snapshots are considered; it is not a rule",
                                 dialect.name, name),
                     "leave it out and give a history of those snapshots only");
  }
  std::vector<std::string_view> names;
  for (const Flag<P>& flag : dialect.flags) names.push_back(flag.name);
  const std::string_view nearest = nearest_name(name, names);
  std::string hint = nearest.empty() ? fmt::format("it knows {}", fmt::join(names, ", "))
                                     : fmt::format("did you mean {}?", nearest);
  const bool is_flag = name.starts_with('-') || dialect.flags.front().name.front() != '-';
  return bad_input(
      fmt::format("{}: unknown {} {}", dialect.name, is_flag ? "flag" : "word", printable(name)),
      std::move(hint));
}

template <typename P>
struct Reader {
  const Dialect<P>& dialect;
  const std::vector<std::string>& words;
  P policy = dialect.start;
  std::vector<const Flag<P>*> given{};

  Status apply(const Flag<P>& flag, std::string_view value) {
    const bool is_repeated = std::find(given.begin(), given.end(), &flag) != given.end();
    if (is_repeated && !flag.is_repeatable) {
      return bad_input(fmt::format("{}: {} is given twice", dialect.name, flag.name),
                       "leave one of them out");
    }
    given.push_back(&flag);
    Status status = flag.set(policy, value);
    if (status.ok()) return status;
    Error error = std::move(status).error();
    error.message =
        fmt::format("{}: {} {}: {}", dialect.name, flag.name, printable(value), error.message);
    return error;
  }

  // Reads the flag at words[i] with its value, and moves i past both.
  Status read_one(std::size_t& i) {
    std::string_view word = words[i++];
    const std::size_t equals = word.find('=');
    const bool has_value = equals != word.npos;
    const std::string_view name = word.substr(0, equals);
    for (const Flag<P>& flag : dialect.flags) {
      if (name != flag.name && (flag.alias.empty() || name != flag.alias)) continue;
      if (!flag.takes_value) {
        if (!has_value) return apply(flag, "");
        return bad_input(fmt::format("{}: {} takes no value", dialect.name, name));
      }
      if (has_value) return apply(flag, word.substr(equals + 1));
      if (i < words.size() && words[i] == "=") ++i;  // "hourly = 24", as in a configuration file
      if (i == words.size()) {
        return bad_input(fmt::format("{}: {} needs a value", dialect.name, name));
      }
      return apply(flag, words[i++]);
    }
    if (contains(dialect.ignored, name)) return kOk;
    if (const Flag<P>* flag = attached_short_flag(dialect, word)) {
      return apply(*flag, word.substr(2));
    }
    return unknown_flag(dialect, name);
  }
};

template <typename P>
Result<RetentionPolicy> read_policy(const Dialect<P>& dialect,
                                    const std::vector<std::string>& words) {
  Reader<P> reader{dialect, words};
  std::size_t i = 0;
  while (i < words.size() && contains(dialect.verbs, words[i])) ++i;
  while (i < words.size()) BACKCAST_CHECK(reader.read_one(i));
  if (dialect.check) BACKCAST_CHECK(dialect.check(reader.policy));
  return RetentionPolicy(std::move(reader.policy));
}

template <typename P>
std::string write_policy(const Dialect<P>& dialect, const P& policy) {
  std::string text = std::string(dialect.name) + ":";
  if (dialect.write) return text + dialect.write(policy);
  for (const Flag<P>& flag : dialect.flags) {
    if (!flag.get) continue;
    Values values;
    flag.get(policy, values);
    for (const std::string& value : values) {
      text.append(" ").append(flag.name);
      if (flag.takes_value) {
        text.append(flag.name.front() == '-' ? " " : "=").append(quoted_word(value));
      }
    }
  }
  return text;
}

const Dialect<NativePolicy>& dialect_of(const NativePolicy& p) {
  switch (p.words) {
    case NativePolicy::Words::kNative:
      break;
    case NativePolicy::Words::kZerops:
      return zerops_dialect();
    case NativePolicy::Words::kZilliz:
      return zilliz_dialect();
    case NativePolicy::Words::kQdrant:
      return qdrant_dialect();
  }
  return native_dialect();
}
const Dialect<ResticPolicy>& dialect_of(const ResticPolicy&) {
  return restic_dialect();
}
const Dialect<BorgPolicy>& dialect_of(const BorgPolicy&) {
  return borg_dialect();
}
const Dialect<Borg2Policy>& dialect_of(const Borg2Policy&) {
  return borg2_dialect();
}
const Dialect<KopiaPolicy>& dialect_of(const KopiaPolicy&) {
  return kopia_dialect();
}
const Dialect<PbsPolicy>& dialect_of(const PbsPolicy&) {
  return pbs_dialect();
}
const Dialect<SanoidPolicy>& dialect_of(const SanoidPolicy&) {
  return sanoid_dialect();
}
const Dialect<DuplicacyPolicy>& dialect_of(const DuplicacyPolicy&) {
  return duplicacy_dialect();
}
const Dialect<VeeamPolicy>& dialect_of(const VeeamPolicy&) {
  return veeam_dialect();
}
const Dialect<AwsPolicy>& dialect_of(const AwsPolicy&) {
  return aws_dialect();
}

using ReadPolicy = Result<RetentionPolicy> (*)(const std::vector<std::string>&);
struct Named {
  std::string_view name;
  ReadPolicy read;
};
template <typename P, const Dialect<P>& (*Get)()>
Result<RetentionPolicy> read_as(const std::vector<std::string>& words) {
  return read_policy(Get(), words);
}
constexpr Named kDialects[] = {
    {"native", read_as<NativePolicy, native_dialect>},
    {"zerops", read_as<NativePolicy, zerops_dialect>},
    {"zilliz", read_as<NativePolicy, zilliz_dialect>},
    {"qdrant", read_as<NativePolicy, qdrant_dialect>},
    {"restic", read_as<ResticPolicy, restic_dialect>},
    {"borg", read_as<BorgPolicy, borg_dialect>},
    {"borg2", read_as<Borg2Policy, borg2_dialect>},
    {"kopia", read_as<KopiaPolicy, kopia_dialect>},
    {"pbs", read_as<PbsPolicy, pbs_dialect>},
    {"sanoid", read_as<SanoidPolicy, sanoid_dialect>},
    {"duplicacy", read_as<DuplicacyPolicy, duplicacy_dialect>},
    {"veeam", read_as<VeeamPolicy, veeam_dialect>},
    {"aws", read_as<AwsPolicy, aws_dialect>},
};

}  // namespace

std::string quoted_word(std::string_view word) {
  const bool is_plain = !word.empty() && word.find_first_of(" \t\n\r'\"\\") == word.npos;
  if (is_plain) return std::string(word);
  std::string text = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') text.push_back('\\');
    text.push_back(c);
  }
  return text + "\"";
}

std::vector<std::string_view> dialect_names() {
  std::vector<std::string_view> names;
  for (const Named& dialect : kDialects) names.push_back(dialect.name);
  return names;
}

Result<RetentionPolicy> parse_policy(std::string_view text) {
  if (text.size() > kMaxPolicyBytes) return bad_input("the policy is longer than 64 KiB");
  if (!is_valid_utf8(text)) return bad_input("the policy is not UTF-8");
  const std::size_t colon = text.find(':');
  const std::string_view name = trim(text.substr(0, colon));
  const std::vector<std::string_view> names = dialect_names();
  for (const Named& dialect : kDialects) {
    if (name != dialect.name) continue;
    const std::string_view rest = colon == text.npos ? "" : text.substr(colon + 1);
    BACKCAST_TRY(const auto words, split_words(rest));
    return dialect.read(words);
  }
  const std::string_view nearest = nearest_name(name, names);
  return bad_input(fmt::format("unknown policy dialect {}", printable(name)),
                   nearest.empty() ? fmt::format("write \"DIALECT: FLAGS\" with one of {}",
                                                 fmt::join(names, ", "))
                                   : fmt::format("did you mean \"{}: ...\"?", nearest));
}

std::string to_text(const RetentionPolicy& policy) {
  return std::visit([](const auto& p) { return write_policy(dialect_of(p), p); }, policy);
}

Result<std::int32_t> parse_count(std::string_view text, std::int32_t from, std::int32_t to) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    return bad_input("not a whole number");
  }
  if (value < from || value > to) {
    return bad_input(to == kMaxCount ? fmt::format("must be {} or more", from)
                                     : fmt::format("must be from {} to {}", from, to));
  }
  return static_cast<std::int32_t>(value);
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    if (const std::string_view part = trim(text.substr(0, comma)); !part.empty()) {
      parts.emplace_back(part);
    }
    if (comma == text.npos) break;
    text.remove_prefix(comma + 1);
  }
  return parts;
}

std::string join_list(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ","));
}

}  // namespace backcast::policy
