#include "histories/inventory/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "engine/base/csv_reader.h"
#include "engine/base/text.h"

namespace backcast::inventory {
namespace {

constexpr std::size_t kHeadingLines = 30;  // titles and empty lines may stand above
constexpr int kJoinedLines = 200;          // that a quoted cell may span

Error at_line(const ReadOptions& options, int line, std::string message, std::string hint = {}) {
  return Error{Errc::kBadInput, std::move(message), {options.name, "", line, 0}, std::move(hint)};
}

// Why the text cannot be a table.
Status check_text(std::string_view text, const ReadOptions& options) {
  const auto fault = [&](std::string message, std::string hint) -> Status {
    return at_line(options, 0, std::move(message), std::move(hint));
  };
  if (text.size() > kMaxInventoryBytes) return fault("larger than 256 MiB", "split the file");
  if (text.starts_with("PK")) {
    return fault("a workbook or an archive, not text",
                 "save the sheet as CSV (UTF-8), then give that file");
  }
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return fault("text in UTF-16", "save it as CSV UTF-8, or: iconv -f UTF-16 -t UTF-8");
  }
  if (text.find('\0') != text.npos)
    return fault("not text: it holds zero bytes", "give a CSV file");
  if (is_valid_utf8(text)) return kOk;
  int line = 1;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (!is_valid_utf8(text.substr(0, end))) break;
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line;
  }
  return at_line(options, line, "not UTF-8 text",
                 "save it as CSV UTF-8, or: iconv -f WINDOWS-1252 -t UTF-8");
}

// Lines one after the other, each with its number.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    line = rest_.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    ++number_;
    return true;
  }
  int number() const { return number_; }

 private:
  std::string_view rest_;
  int number_ = 0;
};

template <char separator>
std::vector<std::string> split(std::string& line) {
  using Quotes = io::double_quote_escape<separator, '"'>;
  std::vector<std::string> cells;
  char* begin = line.data();
  for (;;) {
    char* end = begin + (Quotes::find_next_column_end(begin) - begin);
    const bool is_last = *end == '\0';
    *end = '\0';
    char *from = begin, *to = end;
    io::trim_chars<' ', '\t'>::trim(from, to);
    Quotes::unescape(from, to);
    cells.emplace_back(trim(std::string_view(from, static_cast<std::size_t>(to - from))));
    if (is_last || cells.size() > kMaxColumns) return cells;
    begin = end + 1;
  }
}

// Nothing where a quote is not closed.
std::optional<std::vector<std::string>> cells_of(std::string line, char separator) {
  try {
    switch (separator) {
      case ';':
        return split<';'>(line);
      case '\t':
        return split<'\t'>(line);
      case '|':
        return split<'|'>(line);
      default:
        return split<','>(line);
    }
  } catch (const io::error::escaped_string_not_closed&) {
    return std::nullopt;
  }
}

bool is_blank(const std::vector<std::string>& cells) {
  return std::all_of(cells.begin(), cells.end(), [](const std::string& c) { return c.empty(); });
}

// A row; a quote that is not closed on its line takes the next ones with it, as a note with several
// lines does. Where none closes it, the line alone is at fault.
Row next_row(Lines& lines, std::string_view line, char separator) {
  Row row;
  row.line = lines.number();
  std::string whole(line);
  auto cells = cells_of(whole, separator);
  Lines ahead = lines;
  std::string_view more;
  for (int joined = 1; !cells && joined < kJoinedLines && whole.size() < kMaxCellBytes; ++joined) {
    if (!ahead.next(more)) break;
    whole += ' ';
    whole += more;
    // Only a line with a quote can close one.
    if (more.find('"') == more.npos) continue;
    cells = cells_of(whole, separator);
    if (cells) lines = ahead;
  }
  if (!cells) {
    row.fault = "a quote is not closed";
  } else if (cells->size() > kMaxColumns) {
    row.fault = fmt::format("more than {} cells", kMaxColumns);
  } else {
    row.cells = std::move(*cells);
  }
  for (const std::string& cell : row.cells) {
    if (cell.size() > kMaxCellBytes) row.fault = "a cell of more than 64 KiB";
  }
  return row;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  while (!(line = trim(line)).empty()) {
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return words;
}

bool is_df_heading(std::string_view line) {
  const auto words = words_of(line);
  if (words.size() < 5) return false;
  return words[0] == "Filesystem" || words[0] == "Dateisystem";
}

// The last column, where it is mounted, may hold blanks; a long name may stand on a line by itself.
Table read_df(Lines lines, std::string_view heading) {
  Table table;
  table.is_df = true;
  table.headings.line = lines.number();
  table.headings.cells = words_of(heading);
  auto& headings = table.headings.cells;
  // "Mounted on", "Eingehängt auf": one heading of two words.
  if (headings.size() >= 2) {
    headings[headings.size() - 2] += " " + headings.back();
    headings.pop_back();
  }
  std::string held;
  std::string_view line;
  int held_line = 0;
  while (lines.next(line)) {
    auto words = words_of(held + " " + std::string(line));
    if (words.empty()) continue;
    Row row;
    row.line = held.empty() ? lines.number() : held_line;
    if (words.size() == 1 && held.empty()) {
      held = words.front();
      held_line = row.line;
      continue;
    }
    held.clear();
    while (words.size() > headings.size()) {
      words[words.size() - 2] += " " + words.back();
      words.pop_back();
    }
    row.cells = std::move(words);
    table.rows.push_back(std::move(row));
  }
  if (!held.empty()) {
    table.rows.push_back({held_line, {held}, {}});
  }
  return table;
}

// What parts the cells of a line, by which of them stands most often outside quotes.
char separator_of(std::string_view line) {
  constexpr std::array<char, 4> kSeparators{',', ';', '\t', '|'};
  std::array<std::size_t, 4> counts{};
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    for (std::size_t i = 0; i < kSeparators.size() && !quoted; ++i) {
      counts[i] += c == kSeparators[i] ? 1 : 0;
    }
  }
  const auto most = std::max_element(counts.begin(), counts.end());
  return kSeparators[static_cast<std::size_t>(most - counts.begin())];
}

}  // namespace

Result<Table> read_table(std::string_view text, const ReadOptions& options,
                         const IsHeadings& is_headings) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  BACKCAST_CHECK(check_text(text, options));
  Lines lines(text);
  std::string_view line;
  std::vector<std::string> first;
  int first_line = 0;
  Table table;
  char separator = ',';
  std::size_t looked = 0;
  while (table.headings.cells.empty() && looked < kHeadingLines && lines.next(line)) {
    if (trim(line).empty() || line.starts_with("sep=")) continue;
    ++looked;
    if (is_df_heading(line)) return read_df(lines, line);
    const char guess = separator_of(line);
    Row row = next_row(lines, line, guess);
    if (first.empty() && row.cells.size() > 1) {
      first = row.cells;
      first_line = row.line;
    }
    if (!row.fault.empty() || !is_headings(row.cells)) continue;
    separator = guess;
    table.headings = std::move(row);
  }
  if (table.headings.cells.empty()) {
    if (first.empty()) return at_line(options, 0, "no table: no line has cells and headings");
    std::string all;
    for (const std::string& cell : first) all += (all.empty() ? "" : ", ") + cell.substr(0, 40);
    return at_line(options, first_line,
                   "no headings that tell a name and a size; here stand: " + printable(all, 400),
                   "call one column \"name\" and one \"size (GB)\"");
  }
  while (lines.next(line)) {
    Row row = next_row(lines, line, separator);
    if (row.fault.empty() && is_blank(row.cells)) continue;
    if (table.rows.size() == kMaxRows) {
      return at_line(options, row.line, "more than 1,000,000 rows", "split the file");
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace backcast::inventory
