#include "reports/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/escape.h"

namespace backcast::reports {
namespace {

// Code points, which is what a terminal column is for the texts we print.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

const std::string& shown(const Cell& cell) {
  return cell.shown.empty() ? cell.value : cell.shown;
}

std::string csv_field(std::string_view text, bool is_number) {
  std::string field(text);
  constexpr std::string_view kFormulaLeaders = "=+-@\t\r";
  if (!is_number && !field.empty() && kFormulaLeaders.find(field[0]) != std::string_view::npos) {
    field.insert(0, 1, '\'');
  }
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string to_terminal(const Table& table) {
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths;
  for (const Column& column : table.columns) widths.push_back(width(column.title));
  for (const auto& row : table.rows) {
    auto& line = cells.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      line.push_back(terminal_text(shown(row[i])));
      widths[i] = std::max(widths[i], width(line.back()));
    }
  }
  std::string out;
  const auto add_line = [&](const auto& text_of) {
    std::string line;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const std::string& text = text_of(i);
      const std::string padding(widths[i] - width(text), ' ');
      if (i > 0) line += "  ";
      line += table.columns[i].is_number ? padding + text : text + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  };
  add_line([&](std::size_t i) -> const std::string& { return table.columns[i].title; });
  for (const auto& row : cells) {
    add_line([&](std::size_t i) -> const std::string& { return row[i]; });
  }
  return out;
}

std::string to_csv(const Table& table) {
  std::string out;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (i > 0) out += ',';
    out += table.columns[i].key;
  }
  out += "\r\n";
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) out += ',';
      out += csv_field(row[i].value, table.columns[i].is_number);
    }
    out += "\r\n";
  }
  return out;
}

std::string to_json(const Table& table) {
  std::string out = fmt::format("{{\"table\":{},\"version\":1,\"rows\":[", json_text(table.name));
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    out += r > 0 ? ",\n{" : "\n{";
    for (std::size_t i = 0; i < table.rows[r].size(); ++i) {
      const std::string& value = table.rows[r][i].value;
      if (i > 0) out += ',';
      out += json_text(table.columns[i].key) + ':';
      if (!table.columns[i].is_number)
        out += json_text(value);
      else
        out += value.empty() ? "null" : value;
    }
    out += '}';
  }
  return out + "]}\n";
}

std::string to_markdown(const Table& table) {
  std::string out = "|";
  for (const Column& column : table.columns) out += ' ' + column.title + " |";
  out += "\n|";
  for (const Column& column : table.columns) out += column.is_number ? " ---: |" : " --- |";
  for (const auto& row : table.rows) {
    out += "\n|";
    for (const Cell& cell : row) out += ' ' + markdown_text(shown(cell)) + " |";
  }
  return out + '\n';
}

}  // namespace backcast::reports
