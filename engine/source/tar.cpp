#include "engine/source/tar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/base/text.h"

namespace backcast::source {
namespace {

constexpr std::size_t kBlockBytes = 512;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::string_view kMagic{
    "ustar\0"
    "00",
    8};
constexpr std::uint64_t kMaxOctal7 = 07777777, kMaxOctal11 = 077777777777;

// The header of POSIX.1-1988 ustar: fixed fields, numbers in octal.
struct Header {
  std::array<char, kBlockBytes> bytes{};

  void text(std::size_t at, std::size_t width, std::string_view value) {
    std::copy_n(value.begin(), std::min(value.size(), width), bytes.begin() + at);
  }
  void octal(std::size_t at, std::size_t width, std::uint64_t value) {
    text(at, width, fmt::format("{:0{}o}", value, width - 1));
  }
  std::string_view sealed() {
    text(148, 8, "        ");
    unsigned sum = 0;
    for (const char c : bytes) sum += static_cast<unsigned char>(c);
    text(148, 8, fmt::format("{:06o}\0 ", sum));
    bytes[154] = '\0';
    bytes[155] = ' ';
    return {bytes.data(), bytes.size()};
  }
};

char type_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::kFolder:
      return '5';
    case NodeKind::kSymlink:
      return '2';
    case NodeKind::kFifo:
      return '6';
    case NodeKind::kCharDevice:
      return '3';
    case NodeKind::kBlockDevice:
      return '4';
    default:
      return '0';
  }
}

// "27 path=…\n": the number counts itself.
void add_record(std::string& records, std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t size = rest + 1;
  while (std::to_string(size).size() + rest != size) size = std::to_string(size).size() + rest;
  records += fmt::format("{} {}=", size, key);
  records += value;
  records += '\n';
}

std::string decimal_time(std::int64_t time_ns) {
  const bool negative = time_ns < 0;
  const auto magnitude =
      negative ? 0 - static_cast<std::uint64_t>(time_ns) : static_cast<std::uint64_t>(time_ns);
  return fmt::format("{}{}.{:09}", negative ? "-" : "", magnitude / kNsPerSecond,
                     magnitude % kNsPerSecond);
}

// What does not fit the fixed fields.
std::string records_of(const std::string& name, const std::string& target, const Node& node,
                       std::uint64_t size_bytes) {
  std::string records;
  const bool long_name = name.size() > 100, long_target = target.size() > 100;
  if ((long_name && !is_valid_utf8(name)) || (long_target && !is_valid_utf8(target))) {
    add_record(records, "hdrcharset", "BINARY");
  }
  if (long_name) add_record(records, "path", name);
  if (long_target) add_record(records, "linkpath", target);
  if (size_bytes > kMaxOctal11) add_record(records, "size", std::to_string(size_bytes));
  if (node.uid > kMaxOctal7) add_record(records, "uid", std::to_string(node.uid));
  if (node.gid > kMaxOctal7) add_record(records, "gid", std::to_string(node.gid));
  if (node.user.size() > 31) add_record(records, "uname", node.user);
  if (node.group.size() > 31) add_record(records, "gname", node.group);
  const std::int64_t seconds = node.mtime_ns / kNsPerSecond;
  if (node.mtime_ns % kNsPerSecond != 0 || node.mtime_ns < 0 ||
      static_cast<std::uint64_t>(seconds) > kMaxOctal11) {
    add_record(records, "mtime", decimal_time(node.mtime_ns));
  }
  for (const Attribute& attribute : node.attributes) {
    // A key ends at "=": such a name cannot be written.
    if (attribute.name.find('=') != std::string::npos) continue;
    add_record(records, "SCHILY.xattr." + attribute.name, attribute.value);
  }
  return records;
}

std::size_t padding(std::uint64_t size_bytes) {
  return static_cast<std::size_t>((kBlockBytes - size_bytes % kBlockBytes) % kBlockBytes);
}

std::string extended_header(const std::string& records) {
  Header header;
  header.text(0, 100, "@PaxHeader");
  header.octal(100, 8, 0600);
  header.octal(108, 8, 0);
  header.octal(116, 8, 0);
  header.octal(124, 12, records.size());
  header.octal(136, 12, 0);
  header.bytes[156] = 'x';
  header.text(257, 8, kMagic);
  std::string out(header.sealed());
  out += records;
  out.append(padding(records.size()), '\0');
  return out;
}

}  // namespace

bool TarWriter::DepthFirst::operator()(const std::string& a, const std::string& b) const {
  // Byte order, but "/" before everything else.
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto rank = [](char c) { return c == '/' ? -1 : int{static_cast<unsigned char>(c)}; };
    return rank(x) < rank(y);
  });
}

Status TarWriter::flush_folders(const std::string* up_to) {
  while (!folders_.empty()) {
    const auto first = folders_.begin();
    if (up_to != nullptr && DepthFirst()(*up_to, first->first)) break;
    BACKCAST_CHECK(put_header(first->first + '/', first->second, 0, '5', ""));
    folders_.erase(first);
  }
  return kOk;
}

Result<bool> TarWriter::begin(const std::string& path, const Node& node) {
  size_bytes_ = position_bytes_ = 0;
  if (const auto slash = path.rfind('/'); slash != std::string::npos) {
    const std::string parent = path.substr(0, slash);
    BACKCAST_CHECK(flush_folders(&parent));
  }
  if (node.kind == NodeKind::kSocket) return false;
  if (node.kind == NodeKind::kFolder) {
    folders_.emplace(path, node);
    return false;
  }
  std::string target = node.target;
  char type = type_of(node.kind);
  if (node.kind == NodeKind::kFile && node.links > 1) {
    const auto [first, fresh] = first_names_.try_emplace({node.device, node.inode}, path);
    if (!fresh) {
      target = first->second;
      type = '1';
    }
  }
  const std::uint64_t size_bytes = type == '0' ? node.size_bytes : 0;
  BACKCAST_CHECK(put_header(path, node, size_bytes, type, target));
  if (type != '0') return false;
  size_bytes_ = size_bytes;
  data_ = node.sparse ? node.data : std::vector<Extent>{{0, size_bytes}};
  extent_ = 0;
  return node.content_bytes() > 0;
}

Status TarWriter::put_header(const std::string& path, const Node& node, std::uint64_t size_bytes,
                             char type, const std::string& target) {
  Header header;
  header.text(0, 100, path);
  header.octal(100, 8, node.mode);
  header.octal(108, 8, std::min<std::uint64_t>(node.uid, kMaxOctal7));
  header.octal(116, 8, std::min<std::uint64_t>(node.gid, kMaxOctal7));
  header.octal(124, 12, std::min(size_bytes, kMaxOctal11));
  const std::int64_t seconds = std::max<std::int64_t>(node.mtime_ns / kNsPerSecond, 0);
  header.octal(136, 12, std::min(static_cast<std::uint64_t>(seconds), kMaxOctal11));
  header.bytes[156] = type;
  header.text(157, 100, target);
  header.text(257, 8, kMagic);
  header.text(265, 31, node.user);
  header.text(297, 31, node.group);
  header.octal(329, 8, std::min<std::uint64_t>(node.device_major, kMaxOctal7));
  header.octal(337, 8, std::min<std::uint64_t>(node.device_minor, kMaxOctal7));
  const std::string records = records_of(path, target, node, size_bytes);
  if (!records.empty()) BACKCAST_CHECK(put(extended_header(records)));
  return put(header.sealed());
}

// Tar files hold no holes: they become zeros.
Status TarWriter::write(ByteView content) {
  while (!content.empty()) {
    if (extent_ == data_.size()) return failed("a file has more content than its entry says");
    const Extent& extent = data_[extent_];
    const std::uint64_t end_bytes = extent.offset_bytes + extent.size_bytes;
    if (position_bytes_ < extent.offset_bytes) {
      BACKCAST_CHECK(zeros(extent.offset_bytes - position_bytes_));
      position_bytes_ = extent.offset_bytes;
    }
    const auto part = static_cast<std::size_t>(
        std::min<std::uint64_t>(content.size(), end_bytes - position_bytes_));
    BACKCAST_CHECK(sink_(content.first(part)));
    position_bytes_ += part;
    content = content.subspan(part);
    if (position_bytes_ == end_bytes) ++extent_;
  }
  return kOk;
}

Status TarWriter::end() {
  if (extent_ < data_.size() && size_bytes_ > 0 &&
      !(data_.size() == 1 && data_[0].size_bytes == 0)) {
    return Error{Errc::kCorrupt, "a file has less content than its entry says", {}, ""};
  }
  BACKCAST_CHECK(zeros(size_bytes_ - position_bytes_ + padding(size_bytes_)));
  size_bytes_ = position_bytes_ = 0;
  data_.clear();
  extent_ = 0;
  return kOk;
}

Status TarWriter::finish() {
  BACKCAST_CHECK(flush_folders(nullptr));
  return zeros(2 * kBlockBytes);
}

Status TarWriter::put(std::string_view bytes) {
  return sink_(as_bytes(bytes));
}

Status TarWriter::zeros(std::uint64_t count) {
  static const std::array<std::uint8_t, 64 << 10> kZeros{};
  while (count > 0) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(count, kZeros.size()));
    BACKCAST_CHECK(sink_(ByteView(kZeros).first(part)));
    count -= part;
  }
  return kOk;
}

}  // namespace backcast::source
