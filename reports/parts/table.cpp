#include "reports/parts/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/base/harmless.h"
#include "reports/parts/escape.h"
#include "reports/parts/table_rows.h"

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

std::string json_list(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) {
    if (out.size() > 1) out += ',';
    out += json_text(item);
  }
  return out + ']';
}

std::string csv_field(std::string_view text, bool is_number) {
  std::string field = harmless(text, Lines::kKeep);
  constexpr std::string_view kFormulaLeaders = "=+-@";
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

// Aligned to `widths`; texts are harmless already.
std::string terminal_line(const std::vector<Column>& columns, const std::vector<std::string>& texts,
                          const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::size_t least = i < widths.size() ? widths[i] : 0;
    const std::string padding(least - std::min(least, width(texts[i])), ' ');
    if (i > 0) line += "  ";
    line += columns[i].is_number ? padding + texts[i] : texts[i] + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::string csv_row(const std::vector<Column>& columns, const std::vector<Cell>& row) {
  std::string out;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) out += ',';
    out += csv_field(row[i].value, columns[i].is_number);
  }
  return out + "\r\n";
}

std::string json_row(const std::vector<Column>& columns, const std::vector<Cell>& row) {
  std::string out = "{";
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string& value = row[i].value;
    if (i > 0) out += ',';
    out += json_text(columns[i].key) + ':';
    if (columns[i].is_list)
      out += json_list(row[i].items);
    else if (!columns[i].is_number)
      out += json_text(value);
    else
      out += value.empty() ? "null" : value;
  }
  return out + '}';
}

std::string whole(const Table& table, TableForm form) {
  TableRows rows({table.name, table.columns, {}, table.version}, form);
  std::string out = rows.begin();
  for (const auto& row : table.rows) out += rows.row(row);
  return out + rows.end();
}

}  // namespace

Cell list_cell(std::vector<std::string> items, std::string_view separator) {
  const auto joined = [&](std::string_view between) {
    std::string out;
    for (const std::string& item : items) {
      if (&item != &items.front()) out += between;
      out += item;
    }
    return out;
  };
  Cell cell{joined(";"), joined(separator)};
  cell.items = std::move(items);
  return cell;
}

TableRows::TableRows(Table head, TableForm form, std::vector<std::size_t> widths)
    : head_(std::move(head)), form_(form), widths_(std::move(widths)) {}

std::string TableRows::begin() const {
  std::string out;
  switch (form_) {
    case TableForm::kTerminal: {
      std::vector<std::string> titles;
      for (const Column& column : head_.columns) titles.push_back(column.title);
      return terminal_line(head_.columns, titles, widths_);
    }
    case TableForm::kCsv:
      for (const Column& column : head_.columns) out += (out.empty() ? "" : ",") + column.key;
      return out + "\r\n";
    case TableForm::kJson:
      return fmt::format("{{\"table\":{},\"version\":{},\"rows\":[", json_text(head_.name),
                         head_.version);
    case TableForm::kMarkdown:
      out = "|";
      for (const Column& column : head_.columns) out += ' ' + column.title + " |";
      out += "\n|";
      for (const Column& column : head_.columns) out += column.is_number ? " ---: |" : " --- |";
      return out;
  }
  return out;
}

std::string TableRows::row(const std::vector<Cell>& cells) {
  const bool is_first = std::exchange(is_first_, false);
  switch (form_) {
    case TableForm::kTerminal: {
      std::vector<std::string> texts;
      for (const Cell& cell : cells) texts.push_back(terminal_text(shown(cell)));
      return terminal_line(head_.columns, texts, widths_);
    }
    case TableForm::kCsv:
      return csv_row(head_.columns, cells);
    case TableForm::kJson:
      return (is_first ? "\n" : ",\n") + json_row(head_.columns, cells);
    case TableForm::kMarkdown:
      break;
  }
  std::string out = "\n|";
  for (const Cell& cell : cells) out += ' ' + markdown_text(shown(cell)) + " |";
  return out;
}

std::string TableRows::end() const {
  switch (form_) {
    case TableForm::kJson:
      return "]}\n";
    case TableForm::kMarkdown:
      return "\n";
    case TableForm::kTerminal:
    case TableForm::kCsv:
      break;
  }
  return "";
}

std::string to_terminal(const Table& table) {
  std::vector<std::size_t> widths;
  for (const Column& column : table.columns) widths.push_back(width(column.title));
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width(terminal_text(shown(row[i]))));
    }
  }
  TableRows rows({table.name, table.columns, {}, table.version}, TableForm::kTerminal, widths);
  std::string out = rows.begin();
  for (const auto& row : table.rows) out += rows.row(row);
  return out;
}

std::string to_csv(const Table& table) {
  return whole(table, TableForm::kCsv);
}

std::string to_json(const Table& table) {
  return whole(table, TableForm::kJson);
}

std::string to_markdown(const Table& table) {
  return whole(table, TableForm::kMarkdown);
}

}  // namespace backcast::reports
