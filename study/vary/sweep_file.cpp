#include "study/vary/sweep_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/base/json_number.h"
#include "sim/model/verdict.h"

namespace backcast::study {
namespace {

using json = nlohmann::ordered_json;

constexpr int kFormat = 2;

json header(const SweepPlan& plan) {
  return {{"sweep", kFormat},          {"version", BACKCAST_VERSION},
          {"scenario", plan.scenario}, {"document_hash", plan.document_hash},
          {"vary", plan.vary},         {"design", name(plan.design)},
          {"points", plan.points},     {"replications", plan.replications},
          {"seed", plan.seed},         {"rows", plan.rows.size()}};
}

Result<std::uint64_t> count_of(const json& value, std::uint64_t most, std::string_view what) {
  if (const auto count = count_number(value, most)) return *count;
  return bad_input(fmt::format("{} must be an integer from 0 to {}", what, most));
}

Result<SweepPlan> read_header(const json& object) {
  if (object.at("sweep") != kFormat) {
    return bad_input(fmt::format("not format {} of sweeps", kFormat),
                     "run the sweep again with this version");
  }
  SweepPlan plan;
  plan.scenario = object.at("scenario").get<std::string>();
  plan.document_hash = object.at("document_hash").get<std::string>();
  plan.vary = object.at("vary").get<std::vector<std::string>>();
  BACKCAST_TRY(plan.points, count_of(object.at("points"), kMaxPoints, "points"));
  BACKCAST_TRY(plan.replications,
               count_of(object.at("replications"), sim::kMaxReplications, "replications"));
  BACKCAST_TRY(plan.seed, count_of(object.at("seed"), UINT64_MAX, "seed"));
  BACKCAST_TRY(plan.design, parse_design(object.at("design").get<std::string>()));
  BACKCAST_CHECK(expand(plan));
  if (count_number(object.at("rows")) != plan.rows.size()) {
    return bad_input("the header's rows do not follow from its design");
  }
  return plan;
}

Status read_row(const json& object, SweepRows& into) {
  if (object.contains("partial")) {  // what is missing says itself
    into.interrupted = object.at("partial").get<bool>();
    return kOk;
  }
  if (into.plan.rows.empty()) return bad_input("there are no rows");
  BACKCAST_TRY(const std::uint64_t number,
               count_of(object.at("row"), into.plan.rows.size() - 1, "row"));
  const auto row = static_cast<std::uint32_t>(number);
  sim::Measures measures;
  for (const auto& [key, value] : object.at("measures").items()) {
    measures.push_back({key, value.get<double>()});
  }
  std::vector<sim::Histogram>& spread = into.spread[row];
  for (const sim::Measure& m : measures) {
    const json& told = object.at("counts").at(m.name);
    const bool is_exact = told.contains("values");
    const std::uint64_t most = is_exact ? UINT64_MAX : sim::Histogram::kLastBucket;
    std::map<std::uint64_t, std::uint64_t> counts;
    for (const json& pair : told.at(is_exact ? "values" : "buckets")) {
      BACKCAST_TRY(const std::uint64_t key, count_of(pair.at(0), most, "a value of " + m.name));
      BACKCAST_TRY(counts[key],
                   count_of(pair.at(1), into.plan.replications, "a count of " + m.name));
    }
    if (is_exact && counts.size() > sim::Histogram::kMostExact) {
      return bad_input("more values of " + m.name + " than are kept one by one");
    }
    spread.push_back(sim::Histogram::from_counts(std::move(counts), is_exact));
  }
  into.done[row] = std::move(measures);
  return kOk;
}

Status merge_into(SweepRows& all, const SweepRows& part, const std::string& name) {
  if (header(all.plan) != header(part.plan)) {
    return Error{Errc::kBadInput,
                 "part of another sweep than the files before it",
                 {name, "", 1, 0},
                 "merge parts of one plan, made by one version from one scenario document"};
  }
  for (const auto& [row, measures] : part.done) {
    const auto [at, is_new] = all.done.emplace(row, measures);
    const bool same = std::equal(
        measures.begin(), measures.end(), at->second.begin(), at->second.end(),
        [](const auto& a, const auto& b) { return a.name == b.name && a.value == b.value; });
    const auto& spread = part.spread.at(row);
    const auto known = all.spread.emplace(row, spread).first;
    if (!is_new && !(same && known->second == spread)) {
      return Error{Errc::kBadInput,
                   fmt::format("row {} differs from the one in a file before it", row),
                   {name, "", 0, 0},
                   "one of the files is damaged"};
    }
  }
  return kOk;
}

}  // namespace

std::string to_text(const SweepRows& rows) {
  std::string text = header(rows.plan).dump() + "\n";
  for (const auto& [row, measures] : rows.done) {
    json values = json::object(), numbers = json::object();
    const auto texts = rows.plan.values(row);
    for (std::size_t f = 0; f < texts.size(); ++f) {
      values[rows.plan.factors[f].pointer] = json::parse(texts[f]);
    }
    json counts = json::object();
    const auto& spread = rows.spread.at(row);
    for (std::size_t m = 0; m < measures.size(); ++m) {
      numbers[measures[m].name] = measures[m].value;
      const char* form = spread[m].is_exact() ? "values" : "buckets";
      counts[measures[m].name] = {{form, spread[m].counts()}};
    }
    text +=
        json{{"row", row}, {"values", values}, {"measures", numbers}, {"counts", counts}}.dump() +
        "\n";
  }
  if (rows.interrupted)
    text += json{{"partial", true}, {"rows_done", rows.done.size()}}.dump() + "\n";
  return text;
}

Result<SweepRows> parse_sweep(std::string_view text, const std::string& name) {
  SweepRows result;
  int line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    Status status = kOk;
    // The reader throws on a field of the wrong kind; none leaves this function.
    try {
      const json object = json::parse(line);
      if (line_number == 1) {
        auto plan = read_header(object);
        if (plan.ok())
          result.plan = std::move(*plan);
        else
          status = plan.error();
      } else {
        status = read_row(object, result);
      }
    } catch (const json::exception&) {
      status = bad_input("not a line of a sweep",
                         "the file is cut off, or not what `backcast sweep -o` wrote");
    }
    if (!status.ok()) {
      Error error = status.error();
      error.where = {name, "", line_number, 0};
      return error;
    }
  }
  if (line_number == 0) return Error{Errc::kBadInput, "an empty file", {name, "", 0, 0}, ""};
  return result;
}

Status merge_part(std::optional<SweepRows>& all, std::string_view text, const std::string& name) {
  BACKCAST_TRY(SweepRows part, parse_sweep(text, name));
  part.interrupted = false;
  if (all) return merge_into(*all, part, name);
  all = std::move(part);
  return kOk;
}

}  // namespace backcast::study
