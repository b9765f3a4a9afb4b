// A dialect's vocabulary as a table: each flag knows how to set its part of the policy and how to
// write it again, so that reading, writing and help come from one place.
#pragma once

#include <charconv>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/policy/retention/dialects/parameters.h"

namespace backcast::policy {

using Values = std::vector<std::string>;

template <typename P>
struct Flag {
  std::string_view name;
  std::string_view alias;  // "" = none
  bool takes_value = true;
  bool is_repeatable = false;
  Status (*set)(P&, std::string_view value) = nullptr;
  // Appends one value for each time the flag would be written; an empty text for a bare flag.
  void (*get)(const P&, Values& values) = nullptr;
};

template <typename P>
struct Dialect {
  std::string_view name;
  std::span<const Flag<P>> flags;
  std::vector<std::string_view> ignored;     // flags of the tool that decide nothing here
  std::vector<std::string_view> filters;     // flags that choose snapshots rather than rules
  std::vector<std::string_view> verbs;       // "forget": skipped where the line begins with them
  P start{};                                 // what the flags are applied to
  Status (*check)(P&) = nullptr;             // contradictions, seen once all flags are set
  std::string (*write)(const P&) = nullptr;  // where the order of the flags carries meaning
};

const Dialect<NativePolicy>& native_dialect();
const Dialect<NativePolicy>& zerops_dialect();
const Dialect<NativePolicy>& zilliz_dialect();
const Dialect<NativePolicy>& qdrant_dialect();
const Dialect<ResticPolicy>& restic_dialect();
const Dialect<BorgPolicy>& borg_dialect();
const Dialect<Borg2Policy>& borg2_dialect();
const Dialect<KopiaPolicy>& kopia_dialect();
const Dialect<PbsPolicy>& pbs_dialect();
const Dialect<SanoidPolicy>& sanoid_dialect();
const Dialect<DuplicacyPolicy>& duplicacy_dialect();
const Dialect<VeeamPolicy>& veeam_dialect();
const Dialect<AwsPolicy>& aws_dialect();

// Whole numbers from..to. Errors: kBadInput.
Result<std::int32_t> parse_count(std::string_view text, std::int32_t from, std::int32_t to);
inline constexpr std::int32_t kMaxCount = 1'000'000'000;

// borg's intervals: "12H", "3d", with S M H d w m(31d) y(365d).
Result<Duration> parse_borg_interval(std::string_view text);
std::string borg_interval(Duration d);

// The word as it can stand in a policy's text.
std::string quoted_word(std::string_view word);

// "a,b,c" without empty parts.
std::vector<std::string> split_list(std::string_view text);
std::string join_list(const std::vector<std::string>& parts);

// ---------------------------------------------------------------------------------------------
// Flags for the usual kinds of members. Member is a pointer to a member of P; a value that equals
// the default is not written.

template <typename P, auto Member, std::int32_t From = 0, std::int32_t To = kMaxCount>
constexpr Flag<P> count_flag(std::string_view name, std::string_view alias = "") {
  return {name,
          alias,
          true,
          false,
          [](P& p, std::string_view value) -> Status {
            BACKCAST_TRY(p.*Member, parse_count(value, From, To));
            return kOk;
          },
          [](const P& p, Values& out) {
            if (!(p.*Member == P{}.*Member)) {
              // A plain count, or an optional one.
              if constexpr (requires { *(p.*Member); }) {
                out.push_back(std::to_string(*(p.*Member)));
              } else {
                out.push_back(std::to_string(p.*Member));
              }
            }
          }};
}

template <typename P, auto Member>
constexpr Flag<P> switch_flag(std::string_view name, std::string_view alias = "") {
  return {name,
          alias,
          false,
          false,
          [](P& p, std::string_view) -> Status {
            p.*Member = true;
            return kOk;
          },
          [](const P& p, Values& out) {
            if (p.*Member) out.emplace_back();
          }};
}

// A list of names, given as "a,b", repeated, or both.
template <typename P, auto Member>
constexpr Flag<P> names_flag(std::string_view name, std::string_view alias = "") {
  return {name,
          alias,
          true,
          true,
          [](P& p, std::string_view value) -> Status {
            for (std::string& part : split_list(value)) (p.*Member).push_back(std::move(part));
            return kOk;
          },
          [](const P& p, Values& out) {
            if (!(p.*Member).empty()) out.push_back(join_list(p.*Member));
          }};
}

// Tag lists: "a,b" is one list (AND); repeated flags are OR; "" is the list of the empty tag.
template <typename P, auto Member>
constexpr Flag<P> tag_lists_flag(std::string_view name, std::string_view alias = "") {
  return {name,
          alias,
          true,
          true,
          [](P& p, std::string_view value) -> Status {
            if ((p.*Member).size() >= 32) return bad_input("more than 32 tag lists");
            std::vector<std::string> list = split_list(value);
            if (list.empty()) list.emplace_back();
            (p.*Member).push_back(std::move(list));
            return kOk;
          },
          [](const P& p, Values& out) {
            for (const auto& list : p.*Member) out.push_back(join_list(list));
          }};
}

}  // namespace backcast::policy
