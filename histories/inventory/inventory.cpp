#include "histories/inventory/inventory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "engine/base/text.h"
#include "histories/inventory/amounts.h"
#include "histories/inventory/columns.h"
#include "histories/inventory/table.h"

namespace backcast::inventory {
namespace {

bool is_size(Field field) {
  return field == Field::kSize || field == Field::kUsed;
}

// A place that a spreadsheet shows once for several rows.
bool is_place(Field field) {
  return field == Field::kRegion || field == Field::kZone || field == Field::kSite ||
         field == Field::kProvider || field == Field::kCloud;
}

// "us-east-1a" lies in us-east-1, "us-central1-a" in us-central1, "East US 2" is eastus2.
std::string region_of_zone(std::string_view zone) {
  if (const auto slash = zone.rfind('/'); slash != zone.npos) zone.remove_prefix(slash + 1);
  std::string region(zone);
  const auto is_letter_at = [&](std::size_t i) {
    return std::islower(static_cast<unsigned char>(region[i])) != 0;
  };
  const auto is_digit_at = [&](std::size_t i) {
    return std::isdigit(static_cast<unsigned char>(region[i])) != 0;
  };
  const std::size_t n = region.size();
  if (n > 2 && is_letter_at(n - 1) && is_digit_at(n - 2)) return region.substr(0, n - 1);
  if (n > 3 && is_letter_at(n - 1) && region[n - 2] == '-' && is_digit_at(n - 3)) {
    return region.substr(0, n - 2);
  }
  return region;
}

std::string azure_region(std::string_view location) {
  std::string region;
  for (const char c : location) {
    if (c != ' ') region += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return region;
}

bool is_sum_name(std::string_view name) {
  const std::string plain = plain_heading(name);
  constexpr std::array<std::string_view, 12> kSums{
      "total", "totals", "sum",   "summe",    "gesamt",      "gesamtsumme",
      "suma",  "totale", "somme", "subtotal", "grand total", "sub total"};
  if (std::find(kSums.begin(), kSums.end(), plain) != kSums.end()) return true;
  return plain.starts_with("total ") || plain.starts_with("grand total") ||
         plain.starts_with("summe ");
}

// What stands in memory or in an image has no data of its own.
bool is_pseudo(std::string_view name) {
  constexpr std::array<std::string_view, 10> kNames{"tmpfs",    "devtmpfs", "udev", "overlay",
                                                    "efivarfs", "none",     "shm",  "ramfs",
                                                    "squashfs", "devfs"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         name.starts_with("/dev/loop");
}

class Reader {
 public:
  Reader(const ReadOptions& options, Table table, Columns columns)
      : options_(options), table_(std::move(table)), columns_(std::move(columns)) {
    inventory_.form = columns_.form;
    inventory_.provider = columns_.provider;
    other_name_ = columns_.find(Field::kOtherName);
    name_ = columns_.has(Field::kName) ? columns_.find(Field::kName) : other_name_;
  }

  Result<Inventory, Errors> read() {
    shape_rows();
    if (options_.fill_down) fill_down();
    const Amounts amounts(options_, table_.rows, columns_);
    if (!amounts.errors().empty()) return amounts.errors();
    size_ = amounts.size_column();
    inventory_.notes.insert(inventory_.notes.end(), amounts.notes().begin(), amounts.notes().end());
    for (const Row& row : table_.rows) read_row(row, amounts);
    say_columns();
    say_blanks();
    for (auto& [key, left] : left_out_) inventory_.left_out.push_back(std::move(left));
    std::sort(inventory_.left_out.begin(), inventory_.left_out.end(),
              [](const LeftOut& a, const LeftOut& b) { return a.lines.front() < b.lines.front(); });
    return std::move(inventory_);
  }

 private:
  void leave_out(int line, const std::string& reason, const std::string& hint = {},
                 bool is_expected = false) {
    LeftOut& left = left_out_[reason];
    left.reason = reason;
    left.hint = hint;
    left.is_expected = is_expected;
    left.lines.push_back(line);
  }

  // As many cells as headings in each row, or the row is left out.
  void shape_rows() {
    const std::size_t width = columns_.all.size();
    std::vector<Row> rows;
    for (Row& row : table_.rows) {
      while (row.cells.size() > width && row.cells.back().empty()) row.cells.pop_back();
      if (!row.fault.empty()) {
        leave_out(row.line, row.fault, "close it, or double a quote that belongs to the text");
      } else if (row.cells.size() > width) {
        leave_out(row.line, "more cells than headings",
                  "put a cell that holds the separator in quotes: \"1,5\"");
      } else if (table_.is_df && row.cells.size() < width) {
        leave_out(row.line, "fewer cells than headings");
      } else {
        row.cells.resize(width);
        rows.push_back(std::move(row));
      }
    }
    table_.rows = std::move(rows);
  }

  void fill_down() {
    for (std::size_t c = 0; c < columns_.all.size(); ++c) {
      const Field field = columns_.all[c].field;
      if (field == Field::kName || field == Field::kOtherName || is_size(field)) continue;
      std::vector<int> lines;
      std::string above;
      for (Row& row : table_.rows) {
        if (!row.cells[c].empty()) {
          above = row.cells[c];
        } else if (!above.empty() && !is_sum_name(row.cells[name_])) {
          row.cells[c] = above;
          lines.push_back(row.line);
        }
      }
      if (lines.empty()) continue;
      inventory_.notes.push_back(fmt::format("{} is taken from the row above on {}",
                                             printable(columns_.all[c].heading),
                                             lines_text(lines)));
    }
  }

  const std::string& cell(const Row& row, Field field) const {
    static const std::string kNone;
    const std::size_t c = columns_.find(field);
    return c < columns_.all.size() ? row.cells[c] : kNone;
  }

  // Empty though it is given elsewhere in the column: a merged cell, or nobody knows.
  bool lacks_place(const Row& row, std::string& heading) {
    for (std::size_t c = 0; c < columns_.all.size(); ++c) {
      const Field field = columns_.all[c].field;
      if (!is_place(field) || !row.cells[c].empty() || !is_filled(c)) continue;
      const bool is_known =
          options_.has_region && field != Field::kProvider && field != Field::kCloud;
      if (is_known) continue;
      heading = columns_.all[c].heading;
      return true;
    }
    return false;
  }
  bool is_filled(std::size_t c) {
    auto [found, is_new] = filled_.try_emplace(c, false);
    if (is_new) {
      found->second = std::any_of(table_.rows.begin(), table_.rows.end(),
                                  [c](const Row& row) { return !row.cells[c].empty(); });
    }
    return found->second;
  }

  bool is_sum(const std::string& name, std::uint64_t size) const {
    if (is_sum_name(name)) return true;
    if (!name.empty() || inventory_.items.size() < 2) return false;
    // Without a name, and as large as all above it together, up to rounding.
    const std::uint64_t apart = size > sum_ ? size - sum_ : sum_ - size;
    return apart <= sum_ / 100;
  }

  void read_row(const Row& row, const Amounts& amounts) {
    std::string name = row.cells[name_];
    if (name.empty() && other_name_ < columns_.all.size()) name = row.cells[other_name_];
    if (columns_.form == "df" && is_pseudo(cell(row, Field::kOtherName))) {
      return leave_out(row.line, "no data of its own: memory, or an image", {}, true);
    }
    const auto size = amounts.size_of(row);
    if (size.ok() ? is_sum(name, *size) : is_sum_name(name)) {
      return leave_out(row.line, "a sum of other rows", {}, true);
    }
    if (name.empty()) return leave_out(row.line, "no name", "give it one, or delete the row");
    if (row.cells[size_].empty()) {
      return leave_out(row.line,
                       fmt::format("no size under {}", printable(columns_.all[size_].heading)),
                       "write a size such as 20 GB");
    }
    if (!size.ok()) return leave_out(row.line, size.error().message, size.error().hint);
    if (auto apart = amounts.check_apart(row, *size); !apart.ok()) {
      return leave_out(row.line, apart.error().message, apart.error().hint);
    }
    std::string heading;
    if (lacks_place(row, heading)) {
      return leave_out(
          row.line, fmt::format("nothing under {}, which other rows state", printable(heading)),
          "a spreadsheet leaves merged cells empty: --fill-down takes the one above; or write it "
          "in every row");
    }
    const auto shares = amounts.shares_of(row);
    if (!shares.ok()) return leave_out(row.line, shares.error().message, shares.error().hint);
    add(row, std::move(name), *size, *shares);
  }

  void add(const Row& row, std::string name, std::uint64_t size, const Shares& shares) {
    // Disks of one server bear its name; they have an id besides.
    if (other_name_ < columns_.all.size() && columns_.form != "df" && names_.contains(name) &&
        !row.cells[other_name_].empty()) {
      name += "-" + row.cells[other_name_];
    }
    const auto [first, is_new] = names_.try_emplace(name, row.line);
    if (!is_new) {
      return leave_out(
          row.line,
          fmt::format("{} is the name of line {} already", printable(name), first->second),
          "give it a name of its own, or delete one of the two");
    }
    Item item;
    item.line = row.line;
    item.name = std::move(name);
    item.size_bytes = size;
    item.region = cell(row, Field::kRegion);
    if (item.region.empty()) item.region = region_of_zone(cell(row, Field::kZone));
    if (columns_.form == "Azure disks") item.region = azure_region(item.region);
    item.site = cell(row, Field::kSite);
    item.provider = cell(row, Field::kProvider);
    item.cloud = cell(row, Field::kCloud);
    item.kind = columns_.form == "df" ? "" : cell(row, Field::kKind);
    item.project = cell(row, Field::kProject);
    item.schedule = cell(row, Field::kSchedule);
    item.policy = cell(row, Field::kPolicy);
    item.growth = shares.growth;
    item.change = shares.change;
    add_tags(row, item);
    sum_ += size;
    items_.insert(row.line);
    inventory_.items.push_back(std::move(item));
  }

  void add_tags(const Row& row, Item& item) const {
    for (std::size_t c = 0; c < columns_.all.size(); ++c) {
      const Column& column = columns_.all[c];
      if (row.cells[c].empty()) continue;
      if (column.field == Field::kTag) {
        item.tags.push_back(plain_heading(column.heading) + ":" + row.cells[c]);
      } else if (column.field == Field::kTags) {
        std::string_view rest = row.cells[c];
        while (!rest.empty()) {
          const std::size_t end = std::min(rest.find_first_of(";,|"), rest.size());
          if (const auto tag = trim(rest.substr(0, end)); !tag.empty()) item.tags.emplace_back(tag);
          rest.remove_prefix(std::min(end + 1, rest.size()));
        }
      }
    }
  }

  void say_columns() {
    std::string left, tags, sizes;
    std::size_t left_count = 0;
    for (std::size_t c = 0; c < columns_.all.size(); ++c) {
      const Column& column = columns_.all[c];
      const auto add_to = [&](std::string& list) {
        list += (list.empty() ? "" : ", ") + printable(column.heading, 40);
      };
      if (column.field == Field::kLeftOut && !column.heading.empty() && ++left_count <= 12) {
        add_to(left);
      }
      if (column.field == Field::kTag) add_to(tags);
      if (is_size(column.field) && c != size_) add_to(sizes);
    }
    auto& notes = inventory_.notes;
    if (!sizes.empty()) {
      notes.push_back(fmt::format("the size of each is what stands under {}, not {}",
                                  printable(columns_.all[size_].heading), sizes));
    }
    if (!tags.empty()) notes.push_back("columns kept as tags: " + tags);
    if (!left.empty() && columns_.form != "df") {
      notes.push_back(
          fmt::format("columns that say nothing of backups: {}{}", left,
                      left_count > 12 ? fmt::format(" and {} more", left_count - 12) : ""));
    }
  }

  // Cells that are empty where others of their column say something of the policy.
  void say_blanks() {
    for (std::size_t c = 0; c < columns_.all.size(); ++c) {
      const Field field = columns_.all[c].field;
      const bool counts = field == Field::kSchedule || field == Field::kPolicy ||
                          field == Field::kGrowth || field == Field::kChange ||
                          field == Field::kProject;
      if (!counts || !is_filled(c)) continue;
      std::vector<int> lines;
      for (const Row& row : table_.rows) {
        if (row.cells[c].empty() && items_.contains(row.line)) lines.push_back(row.line);
      }
      if (lines.empty()) continue;
      inventory_.notes.push_back(
          fmt::format("nothing under {} on {}: they get what is chosen (--fill-down takes the "
                      "cell above)",
                      printable(columns_.all[c].heading), lines_text(lines)));
    }
  }

  const ReadOptions& options_;
  Table table_;
  Columns columns_;
  std::size_t size_ = 0, name_ = 0, other_name_ = 0;
  std::map<std::size_t, bool> filled_;
  std::unordered_set<int> items_;  // their lines
  std::unordered_map<std::string, int> names_;
  std::map<std::string, LeftOut> left_out_;
  std::uint64_t sum_ = 0;  // of all items
  Inventory inventory_;
};

bool tells_enough(const Columns& columns) {
  return (columns.has(Field::kName) || columns.has(Field::kOtherName)) &&
         (columns.has(Field::kSize) || columns.has(Field::kUsed));
}

}  // namespace

Result<Inventory, Errors> read_inventory(std::string_view text, const ReadOptions& options) {
  auto table = read_table(text, options, [](const std::vector<std::string>& cells) {
    return tells_enough(columns_of(cells));
  });
  if (!table.ok()) return Errors{std::move(table).error()};
  Columns columns =
      table->is_df ? df_columns(table->headings.cells) : columns_of(table->headings.cells);
  if (!tells_enough(columns)) {
    return Errors{Error{Errc::kBadInput,
                        "this output of df tells no sizes",
                        {options.name, "", table->headings.line, 0},
                        "give the output of df -k, or df -h"}};
  }
  return Reader(options, std::move(*table), std::move(columns)).read();
}

std::string lines_text(const std::vector<int>& lines, std::size_t most) {
  std::string text;
  std::size_t spans = 0, shown = 0;
  for (std::size_t i = 0; i < lines.size() && spans < most; ++spans) {
    std::size_t end = i;
    while (end + 1 < lines.size() && lines[end + 1] == lines[end] + 1) ++end;
    text += (text.empty() ? "" : ", ") + std::to_string(lines[i]);
    if (end > i) text += (end == i + 1 ? ", " : "-") + std::to_string(lines[end]);
    shown += end - i + 1;
    i = end + 1;
  }
  const std::string rest =
      shown < lines.size() ? fmt::format(" and {} more", lines.size() - shown) : "";
  return (lines.size() == 1 ? "line " : "lines ") + text + rest;
}

}  // namespace backcast::inventory
