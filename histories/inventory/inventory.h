// Lists of servers, disks and file systems, as people and other tools keep them, read into one
// form. Pure: text in, rows out. Nothing that is read is dropped in silence: a row is an item or
// stands among those left out, a column is a field, a tag or in the notes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace backcast::inventory {

inline constexpr std::uint64_t kMaxInventoryBytes = 256ULL << 20;  // of text
inline constexpr std::size_t kMaxRows = 1'000'000, kMaxColumns = 1000, kMaxCellBytes = 64 << 10;
inline constexpr std::uint64_t kMaxItemBytes = 1'000'000'000'000'000'000;  // 1 EB

struct Item {
  int line = 0;      // of the text, from 1
  std::string name;  // as it stands there
  std::uint64_t size_bytes = 0;
  // As they stand there, "" where nothing does. A site is a place of one's own, no region of a
  // cloud.
  std::string region, site, provider, cloud, kind, project, schedule, policy;
  std::string growth;               // "20%" a year, or "5 GB/day"
  std::string change;               // "1%" a day
  std::vector<std::string> tags{};  // "team:search"; with the heading of their column
};

// Rows that are no item, for one reason.
struct LeftOut {
  std::string reason, hint;
  std::vector<int> lines;    // rising
  bool is_expected = false;  // a sum, or what holds no data: nothing is wrong
};

struct Inventory {
  std::string form;      // "table", "RVTools", "df", "AWS volumes", "Azure disks", "GCP disks"
  std::string provider;  // that such a list implies; ""
  std::vector<Item> items;
  std::vector<LeftOut> left_out;
  std::vector<std::string> notes;  // how it was read, a line each
};

enum class Decimal : std::uint8_t { kUnknown, kPoint, kComma };

struct ReadOptions {
  std::string name;                     // of the file, for messages
  Decimal decimal = Decimal::kUnknown;  // what "1,500" is where no cell of its column tells
  bool fill_down = false;               // an empty cell is as the one above: merged cells
  bool has_region = false;              // one is known for rows that state none
};

// A table with headings, parted by comma, semicolon, tab or bar, or what df prints. Errors: no
// text; no headings that tell name and size; sizes without a unit; "1,500" that can be two numbers,
// with both; beyond the limits above.
Result<Inventory, Errors> read_inventory(std::string_view text, const ReadOptions& options);

// "lines 3-5 and 9", at most `most` of them in full.
std::string lines_text(const std::vector<int>& lines, std::size_t most = 20);

}  // namespace backcast::inventory
