#include "scenarios/document/size_csv.h"

#include <fmt/format.h>

#include <filesystem>
#include <sstream>

#include "engine/base/bytes.h"
#include "engine/base/csv_reader.h"
#include "engine/base/document.h"
#include "engine/base/text.h"

namespace backcast::scenario {
namespace {

using Reader = io::CSVReader<2, io::trim_chars<' ', '\t', '\r'>, io::double_quote_escape<',', '"'>>;

Error at_line(const std::string& path, unsigned line, std::string message) {
  Error error = bad_input(std::move(message));
  error.where.file = path;
  error.where.line = static_cast<int>(line);
  return error;
}

Result<std::vector<sim::SizePoint>> read_rows(const std::string& path, Reader& reader) {
  std::vector<sim::SizePoint> points;
  std::string time, size;
  while (reader.read_row(time, size)) {
    auto at = parse_instant(time);
    if (!at.ok()) return at_line(path, reader.get_file_line(), at.error().message);
    auto size_bytes = parse_bytes(size);
    if (!size_bytes.ok()) return at_line(path, reader.get_file_line(), size_bytes.error().message);
    if (!points.empty() && points.back().at >= at->instant) {
      return at_line(path, reader.get_file_line(), "times must rise from row to row");
    }
    points.push_back({at->instant, *size_bytes});
  }
  if (points.empty()) return at_line(path, 1, "no rows: give the columns time,size_bytes");
  return points;
}

using HistoryReader =
    io::CSVReader<3, io::trim_chars<' ', '\t', '\r'>, io::double_quote_escape<',', '"'>>;

Result<std::vector<RecordedBackup>> read_history(const std::string& path, HistoryReader& reader) {
  std::vector<RecordedBackup> backups;
  std::string time, size, added;
  while (reader.read_row(time, size, added)) {
    const auto fault = [&](std::string message) {
      return at_line(path, reader.get_file_line(), std::move(message));
    };
    const auto at = parse_instant(time);
    if (!at.ok()) return fault(at.error().message);
    const auto size_bytes = parse_bytes(size), new_bytes = parse_bytes(added);
    if (!size_bytes.ok()) return fault(size_bytes.error().message);
    if (!new_bytes.ok()) return fault(new_bytes.error().message);
    if (*new_bytes > *size_bytes) return fault("a backup adds more than its own size");
    if (!backups.empty() && backups.back().at >= at->instant) {
      return fault("times must rise from row to row");
    }
    backups.push_back({at->instant, *size_bytes, *new_bytes});
  }
  if (backups.size() < 2) {
    return at_line(path, 1, "fewer than two rows: give the columns time,size_bytes,new_bytes");
  }
  return backups;
}

}  // namespace

Result<std::vector<RecordedBackup>> read_history_csv(const std::string& path) {
  BACKCAST_TRY(const std::string text, read_text_file(path, 64 << 20));
  if (!is_valid_utf8(text)) return at_line(path, 1, "not UTF-8 text");
  std::istringstream stream(text);
  try {
    HistoryReader reader(path, stream);
    reader.read_header(io::ignore_extra_column, "time", "size_bytes", "new_bytes");
    return read_history(path, reader);
  } catch (const std::exception& e) {
    return at_line(path, 0, fmt::format("not a history: {}", printable(e.what(), 200)));
  }
}

Result<std::vector<sim::SizePoint>> read_size_csv(const std::string& path) {
  BACKCAST_TRY(const std::string text, read_text_file(path, 64 << 20));
  if (!is_valid_utf8(text)) return at_line(path, 1, "not UTF-8 text");
  std::istringstream stream(text);
  try {
    Reader reader(path, stream);
    reader.read_header(io::ignore_extra_column, "time", "size_bytes");
    return read_rows(path, reader);
  } catch (const std::exception& e) {
    return at_line(path, 0, fmt::format("not a table of sizes: {}", printable(e.what(), 200)));
  }
}

std::string beside(const std::string& document_name, const std::string& path) {
  const std::filesystem::path given(path);
  if (given.is_absolute()) return path;
  return (std::filesystem::path(document_name).parent_path() / given).string();
}

}  // namespace backcast::scenario
