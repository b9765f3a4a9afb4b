#include "histories/inventory/columns.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <set>

#include "engine/base/bytes.h"
#include "histories/inventory/numbers.h"

namespace backcast::inventory {
namespace {

struct Synonyms {
  Field field;
  std::initializer_list<std::string_view> headings;
};

// Units, "per year" and the like are taken off before one is looked for. The most telling first.
const std::initializer_list<Synonyms>& synonyms() {
  static const std::initializer_list<Synonyms> kAll = {
      {Field::kName, {"name",         "server",          "server name",   "servername",
                      "host",         "host name",       "hostname",      "vm",
                      "vm name",      "virtual machine", "machine",       "service",
                      "service name", "instance",        "instance name", "system",
                      "computer",     "computer name",   "asset",         "database",
                      "volume name",  "disk name",       "share",         "cluster name",
                      "rechner",      "bezeichnung",     "nom",           "serveur"}},
      {Field::kOtherName, {"volume id", "volumeid", "instance id", "id"}},
      {Field::kUsed,
       {"used", "used size", "used space", "space used", "in use", "inuse", "consumed",
        "used capacity", "used storage", "data", "data size", "live data", "belegt", "benutzt",
        "utilise"}},
      {Field::kSize,
       {"size", "capacity", "provisioned", "provisioned size", "provisioned space", "allocated",
        "storage", "storage size", "total size", "disk size", "volume size", "disk", "volume",
        "grosse", "größe", "groesse", "speicher", "kapazität", "taille"}},
      {Field::kRegion, {"region", "location", "aws region", "cloud region", "azure region"}},
      {Field::kZone, {"zone", "availability zone", "availabilityzone", "az"}},
      {Field::kSite,
       {"site", "datacenter", "data center", "data centre", "datacentre", "dc", "standort",
        "rechenzentrum"}},
      {Field::kProvider,
       {"provider", "vendor", "cloud provider", "backup provider", "backup target", "anbieter"}},
      {Field::kCloud, {"cloud"}},
      {Field::kKind, {"kind", "service type", "engine"}},
      {Field::kProject, {"project", "projekt", "projet"}},
      {Field::kSchedule,
       {"schedule", "backup schedule", "cron", "frequency", "backup frequency", "zeitplan"}},
      {Field::kPolicy,
       {"policy", "backup policy", "retention", "retention policy", "backup retention", "keep",
        "keep days", "retention days", "aufbewahrung"}},
      {Field::kGrowth,
       {"growth", "growth rate", "data growth", "yearly growth", "annual growth", "daily growth",
        "wachstum"}},
      {Field::kChange,
       {"change", "change rate", "changes", "daily change", "daily change rate", "churn",
        "daily churn", "änderungsrate"}},
      {Field::kTags, {"tags", "labels"}},
  };
  return kAll;
}

// Headings as they are looked for: without the unit and the time that they are per.
std::string bare_heading(std::string_view heading) {
  static const std::set<std::string, std::less<>> kDropped{
      "in", "per",     "day", "year", "daily", "yearly", "annual", "a",
      "p",  "percent", "d",   "y",    "pro",   "jahr",   "tag"};
  const std::string plain = plain_heading(heading);
  std::string bare, word;
  bool is_first = true;
  const auto take = [&] {
    const bool is_dropped = !is_first && (kDropped.contains(word) || unit_bytes(word));
    if (!word.empty() && !is_dropped) bare += (bare.empty() ? "" : " ") + word;
    if (!word.empty()) is_first = false;
    word.clear();
  };
  for (const char c : plain + " ") {
    if (c == ' ') {
      take();
    } else {
      word += c;
    }
  }
  return bare;
}

bool contains_word(const std::string& plain, std::string_view word) {
  return (" " + plain + " ").find(" " + std::string(word) + " ") != std::string::npos;
}

Field field_of(const std::string& plain, const std::string& bare) {
  for (const std::string& heading : {plain, bare}) {
    for (const Synonyms& one : synonyms()) {
      if (std::find(one.headings.begin(), one.headings.end(), heading) != one.headings.end()) {
        return one.field;
      }
    }
  }
  return Field::kTag;
}

Column column_of(const std::string& heading) {
  Column column;
  column.heading = heading;
  const std::string plain = plain_heading(heading);
  column.field = field_of(plain, bare_heading(heading));
  if (const std::string unit = unit_in_heading(heading); !unit.empty()) {
    column.unit = unit_bytes(unit).value_or(0);
  }
  column.is_share = heading.find('%') != std::string::npos || contains_word(plain, "percent");
  column.is_per_day = contains_word(plain, "day") || contains_word(plain, "daily");
  return column;
}

struct Form {
  std::string_view name, provider;
  std::vector<std::string_view> needs;                     // headings, plain
  std::vector<std::pair<std::string_view, Field>> fields;  // what they are here
  std::vector<std::string_view> tags;                      // the others that say something
  std::uint64_t unit = 0;                                  // of sizes
  bool keeps_unknown = true;                               // as tags
};

// As their tools export them; "*" at the end stands for anything.
std::vector<Form> machine_forms() {
  return {
      // VMware's MB are 2^20 bytes; newer versions write MiB.
      {"RVTools",
       "",
       {"vm", "provisioned mi*", "in use mi*", "datacenter"},
       {{"vm", Field::kName},
        {"provisioned mi*", Field::kSize},
        {"in use mi*", Field::kUsed},
        {"datacenter", Field::kSite}},
       {"cluster", "powerstate", "template", "folder", "resource pool"},
       kMiB,
       false},
      {"RVTools",
       "",
       {"vm", "provisioned mb", "in use mb", "datacenter"},
       {{"vm", Field::kName},
        {"provisioned mb", Field::kSize},
        {"in use mb", Field::kUsed},
        {"datacenter", Field::kSite}},
       {"cluster", "powerstate", "template", "folder", "resource pool"},
       kMiB,
       false},
  };
}

std::vector<Form> disk_forms() {
  return {
      // Elastic block storage is sized in GiB, whatever the console calls them.
      {"AWS volumes",
       "aws",
       {"volume id", "size*", "availability zone"},
       {{"name", Field::kName},
        {"volume id", Field::kOtherName},
        {"size*", Field::kSize},
        {"availability zone", Field::kZone}},
       {"type", "volume type", "volume state", "state"},
       kGiB,
       true},
      {"AWS volumes",
       "aws",
       {"volumeid", "size*", "availabilityzone"},
       {{"name", Field::kName},
        {"volumeid", Field::kOtherName},
        {"size*", Field::kSize},
        {"availabilityzone", Field::kZone}},
       {"volumetype", "state"},
       kGiB,
       true},
      {"Azure disks",
       "azure",
       {"name", "size*", "resource group", "location"},
       {{"name", Field::kName}, {"size*", Field::kSize}, {"location", Field::kRegion}},
       {},
       kGiB,
       true},
      {"Azure disks",
       "azure",
       {"name", "sizegb", "resourcegroup", "location"},
       {{"name", Field::kName}, {"sizegb", Field::kSize}, {"location", Field::kRegion}},
       {},
       kGiB,
       true},
      {"GCP disks",
       "gcp",
       {"name", "zone", "size gb", "type"},
       {{"name", Field::kName}, {"size gb", Field::kSize}, {"zone", Field::kZone}},
       {},
       kGiB,
       true},
      {"GCP disks",
       "gcp",
       {"name", "location", "size gb", "type"},
       {{"name", Field::kName}, {"size gb", Field::kSize}, {"location", Field::kZone}},
       {},
       kGiB,
       true},
      {"GCP disks",
       "gcp",
       {"name", "zone", "sizegb", "type"},
       {{"name", Field::kName}, {"sizegb", Field::kSize}, {"zone", Field::kZone}},
       {},
       kGiB,
       true},
  };
}

const std::vector<Form>& forms() {
  static const std::vector<Form> kForms = [] {
    std::vector<Form> all = machine_forms();
    for (Form& form : disk_forms()) all.push_back(std::move(form));
    return all;
  }();
  return kForms;
}

bool fits(std::string_view pattern, std::string_view heading) {
  if (!pattern.ends_with('*')) return pattern == heading;
  return heading.starts_with(pattern.substr(0, pattern.size() - 1));
}

void put_form(const Form& form, Columns& columns) {
  columns.form = form.name;
  columns.provider = form.provider;
  for (Column& column : columns.all) {
    const std::string plain = plain_heading(column.heading);
    const auto field = std::find_if(form.fields.begin(), form.fields.end(),
                                    [&](const auto& f) { return fits(f.first, plain); });
    const bool is_tag = std::find(form.tags.begin(), form.tags.end(), plain) != form.tags.end();
    if (field != form.fields.end()) {
      column.field = field->second;
    } else if (is_tag || form.keeps_unknown) {
      column.field = Field::kTag;
    } else {
      column.field = Field::kLeftOut;
    }
    if (column.field == Field::kSize || column.field == Field::kUsed) {
      column.unit = form.unit;
      column.has_fractions = false;
    }
  }
}

// One column each; a second one of the same heading's meaning is a tag.
void keep_first(Columns& columns) {
  std::set<Field> seen;
  for (Column& column : columns.all) {
    const bool may_repeat = column.field == Field::kTag || column.field == Field::kLeftOut ||
                            column.field == Field::kSize || column.field == Field::kUsed;
    if (!may_repeat && !seen.insert(column.field).second) column.field = Field::kTag;
  }
}

}  // namespace

std::size_t Columns::find(Field field) const {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Column& c) { return c.field == field; });
  return static_cast<std::size_t>(found - all.begin());
}

std::string plain_heading(std::string_view heading) {
  std::string plain;
  for (const char c : heading) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || byte >= 0x80) {
      plain += static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte);
    } else if (!plain.empty() && plain.back() != ' ') {
      plain += ' ';
    }
  }
  while (plain.ends_with(' ')) plain.pop_back();
  return plain;
}

Columns columns_of(const std::vector<std::string>& headings) {
  Columns columns;
  std::vector<std::string> plain;
  for (const std::string& heading : headings) {
    columns.all.push_back(column_of(heading));
    if (heading.empty()) columns.all.back().field = Field::kLeftOut;
    plain.push_back(plain_heading(heading));
  }
  for (const Form& form : forms()) {
    const bool is_it = std::all_of(form.needs.begin(), form.needs.end(), [&](auto need) {
      return std::any_of(plain.begin(), plain.end(),
                         [&](const std::string& heading) { return fits(need, heading); });
    });
    if (!is_it) continue;
    put_form(form, columns);
    return columns;
  }
  keep_first(columns);
  return columns;
}

Columns df_columns(const std::vector<std::string>& headings) {
  Columns columns;
  columns.form = "df";
  for (std::size_t i = 0; i < headings.size(); ++i) {
    Column column;
    column.heading = headings[i];
    column.field = Field::kLeftOut;
    const std::string plain = plain_heading(headings[i]);
    if (plain == "used" || plain == "benutzt") column.field = Field::kUsed;
    if (plain.find("block") != plain.npos ||
        plain.find("bl\xC3\xB6"
                   "cke") != plain.npos ||
        plain == "size" || plain.starts_with("gr\xC3\xB6\xC3\x9F")) {
      column.field = Field::kSize;
    }
    if (plain == "type" || plain == "typ") column.field = Field::kKind;
    if (i == 0) column.field = Field::kOtherName;
    if (i + 1 == headings.size()) column.field = Field::kName;
    columns.all.push_back(std::move(column));
  }
  // "1K-blocks", "1024-blocks", "1MB-blocks": what a number of it is.
  const std::size_t size = columns.find(Field::kSize);
  if (size == columns.all.size()) return columns;
  std::string_view heading = columns.all[size].heading;
  std::uint64_t count = 0;
  while (!heading.empty() && std::isdigit(static_cast<unsigned char>(heading[0])) != 0) {
    if (count < 1'000'000'000) count = count * 10 + static_cast<std::uint64_t>(heading[0] - '0');
    heading.remove_prefix(1);
  }
  const std::string_view letters = heading.substr(0, std::min(heading.find('-'), heading.size()));
  std::uint64_t unit = 0;
  if (count > 0) unit = count * (letters.empty() ? 1 : unit_bytes(letters).value_or(0));
  for (Column& column : columns.all) {
    if (column.field == Field::kUsed || column.field == Field::kSize) column.unit = unit;
  }
  return columns;
}

}  // namespace backcast::inventory
