// One table, four forms: terminal, CSV, JSON and Markdown. Every verb whose answer is a table
// builds one of these and prints it in the form that was asked for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace backcast::reports {

struct Column {
  std::string key;         // snake_case name in CSV and JSON, unit last: "stored_bytes"
  std::string title;       // heading for people: "Stored"
  bool is_number = false;  // right-aligned; typed as a number in JSON
  bool is_list = false;    // a list of texts in JSON: of each cell its items
};

// A cell holds exact text. For a number, `value` is the exact decimal ("2.80", "20000000000") and
// `shown` what people read ("2.80 USD", "20.00 GB"); `shown` empty means the same as value.
struct Cell {
  std::string value;
  std::string shown;
  std::vector<std::string> items = {};  // of a list
};
// The texts joined by ";" as value, which CSV shows, and by `separator` for people.
Cell list_cell(std::vector<std::string> items, std::string_view separator);

struct Table {
  std::string name;  // snake_case
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
  int version = 1;  // in JSON; raised where what a key means changes
};

// Aligned columns, control characters made harmless.
std::string to_terminal(const Table& table);
// RFC 4180 with a header; text cells that a spreadsheet would run as a formula (leading = + - @)
// get a leading apostrophe, and what is not harmless (engine/base/harmless.h) is \xNN.
std::string to_csv(const Table& table);
// {"table": name, "version": 1, "rows": [{key: value}]}: numbers stay exact JSON numbers, lists are
// lists.
std::string to_json(const Table& table);
std::string to_markdown(const Table& table);

}  // namespace backcast::reports
