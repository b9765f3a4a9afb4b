#include "engine/kinds/formats/gzip.h"

#include <fcntl.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "engine/env/system_error.h"
#include "engine/env/unique_fd.h"

namespace backcast::kinds {
namespace {

constexpr int kGzip = 15 + 16;  // zlib: window of 32 KiB, gzip header and trailer
constexpr int kLevel = 6;
constexpr std::size_t kPart = 256 << 10;
// A hash of the last 64 bytes chooses where compression begins anew, every 64 KiB in the mean and
// never closer than this: of a long run of one byte every place has the same hash.
constexpr std::size_t kMinDistance = 4096;
constexpr int kMarkBits = 16;

// One number for each byte, by splitmix64 (https://prng.di.unimi.it/splitmix64.c).
constexpr std::array<std::uint64_t, 256> gear_table() {
  std::array<std::uint64_t, 256> table{};
  std::uint64_t seed = 0;
  for (std::uint64_t& number : table) {
    std::uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    number = z ^ (z >> 31);
  }
  return table;
}
constexpr std::array<std::uint64_t, 256> kGear = gear_table();

Error damaged(const Path& path, std::string_view why) {
  return Error{Errc::kCorrupt, "cannot read " + path.string() + ": " + std::string(why), {}, ""};
}

}  // namespace

struct GzipWriter::State {
  Path path;
  env::UniqueFd file;
  z_stream stream{};
  std::vector<std::uint8_t> out = std::vector<std::uint8_t>(kPart);
  std::uint64_t hash = 0;
  std::size_t since_mark = 0;

  State(Path p, env::UniqueFd f) : path(std::move(p)), file(std::move(f)) {
    BACKCAST_ASSERT(deflateInit2(&stream, kLevel, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) ==
                    Z_OK);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { deflateEnd(&stream); }

  // How much of `bytes` comes before the next beginning; all of it if there is none.
  std::size_t up_to_mark(ByteView bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      hash = (hash << 1) + kGear[bytes[i]];
      if (++since_mark < kMinDistance || hash >> (64 - kMarkBits) != 0) continue;
      since_mark = 0;
      return i + 1;
    }
    return bytes.size();
  }

  Status deflate_all(ByteView bytes, int flush) {
    stream.next_in = const_cast<std::uint8_t*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream.next_out = out.data();
      stream.avail_out = static_cast<uInt>(out.size());
      ::deflate(&stream, flush);
      BACKCAST_CHECK(
          write_all(file.get(), ByteView(out).first(out.size() - stream.avail_out), path));
    } while (stream.avail_out == 0);
    return kOk;
  }
};

GzipWriter::GzipWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
GzipWriter::GzipWriter(GzipWriter&&) noexcept = default;
GzipWriter::~GzipWriter() = default;

Result<GzipWriter> GzipWriter::create(const Path& path) {
  env::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return env::system_error("create", path.string(), errno);
  return GzipWriter(std::make_unique<State>(path, std::move(file)));
}

Status GzipWriter::append(ByteView bytes) {
  while (!bytes.empty()) {
    const ByteView part = bytes.first(std::min(bytes.size(), kPart));
    const std::size_t taken = state_->up_to_mark(part);
    const bool is_mark = taken < part.size();
    BACKCAST_CHECK(state_->deflate_all(part.first(taken), is_mark ? Z_FULL_FLUSH : Z_NO_FLUSH));
    bytes = bytes.subspan(taken);
  }
  return kOk;
}

Status GzipWriter::finish() {
  BACKCAST_CHECK(state_->deflate_all({}, Z_FINISH));
  if (::close(state_->file.release()) != 0) {
    return env::system_error("write", state_->path.string(), errno);
  }
  return kOk;
}

Status gunzip(const Path& path, const ByteSink& sink) {
  const env::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return env::system_error("open", path.string(), errno);
  z_stream stream{};
  BACKCAST_ASSERT(inflateInit2(&stream, kGzip) == Z_OK);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, &inflateEnd);
  std::vector<std::uint8_t> in(kPart), out(kPart);
  int answer = Z_OK;
  while (true) {
    const ssize_t got = ::read(file.get(), in.data(), in.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return env::system_error("read", path.string(), errno);
    if (got == 0) break;
    stream.next_in = in.data();
    stream.avail_in = static_cast<uInt>(got);
    do {
      // Several members one after the other are one content.
      if (answer == Z_STREAM_END && inflateReset(&stream) != Z_OK) return damaged(path, "zlib");
      stream.next_out = out.data();
      stream.avail_out = static_cast<uInt>(out.size());
      answer = ::inflate(&stream, Z_NO_FLUSH);
      if (answer != Z_OK && answer != Z_STREAM_END && answer != Z_BUF_ERROR) {
        return damaged(path, stream.msg == nullptr ? "it is no gzip" : stream.msg);
      }
      BACKCAST_CHECK(sink(ByteView(out).first(out.size() - stream.avail_out)));
    } while (stream.avail_in > 0 || (stream.avail_out == 0 && answer != Z_STREAM_END));
  }
  if (answer != Z_STREAM_END) return damaged(path, "it ends in the middle");
  return kOk;
}

}  // namespace backcast::kinds
