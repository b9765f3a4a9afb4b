// The streams of a NATS server, each by its own snapshot call
// (https://docs.nats.io/reference/reference-protocols/nats_api_reference), in one compressed tar.
#include <fmt/format.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/base/document.h"
#include "engine/base/text.h"
#include "engine/kinds/capture/nats_client.h"
#include "engine/kinds/capture/sources.h"
#include "engine/kinds/formats/gzip.h"
#include "engine/kinds/formats/json_fields.h"
#include "engine/kinds/formats/tar_folder.h"
#include "engine/source/tar.h"

namespace backcast::kinds {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr const char* kFile = "nats.tar.gz";
constexpr const char* kStreamFile = "stream.json";
constexpr const char* kSnapshotFile = "snapshot.tar.s2";
constexpr std::size_t kChunkBytes = 128 << 10;
constexpr std::uint64_t kMaxPasswordBytes = 4096;
constexpr int kStreamNotFound = 10059;  // JSStreamNotFoundErr

// An answer of the JetStream API, or the error it tells.
Result<json> answer_of(const NatsMessage& message, const std::string& about) {
  json answer = json::parse(message.payload, nullptr, false);
  if (!answer.is_object()) return failed(about + ": the NATS server answered something unexpected");
  if (!answer.contains("error")) return answer;
  const json& error = object_in(answer, "error");
  const auto code = number_in(error, "err_code");
  return Error{code == kStreamNotFound ? Errc::kNotFound : Errc::kFailed,
               fmt::format("{}: {} (error {} of the NATS server)", about,
                           text_in(error, "description"), code),
               {},
               ""};
}

Result<json> ask(NatsClient& client, const std::string& subject, const json& request,
                 const std::string& about) {
  BACKCAST_TRY(const NatsMessage message,
               client.request("$JS.API." + subject, request.is_null() ? "" : dumped(request)));
  return answer_of(message, about);
}

// All streams with their settings and state.
Result<std::vector<json>> list_streams(NatsClient& client) {
  std::vector<json> streams;
  while (true) {
    BACKCAST_TRY(const json page,
                 ask(client, "STREAM.LIST", {{"offset", streams.size()}}, "the streams"));
    const json list = list_in(page, "streams");
    if (list.empty()) break;
    for (const json& stream : list) {
      BACKCAST_CHECK(check_name("the stream", text_in(object_in(stream, "config"), "name")));
      streams.push_back(stream);
    }
    if (streams.size() >= count_in(page, "total")) break;
  }
  return streams;
}

std::string name_of(const json& stream) {
  return text_in(object_in(stream, "config"), "name");
}

// Of a stream that was written to while its snapshot was read: it may hold messages beyond `state`.
constexpr const char* kGrew = "grew";

// What a capture of these would hold; `state` is of the snapshot where there is one.
std::string describe_streams(const std::vector<json>& streams, const std::string& version) {
  json collections = json::array();
  for (const json& stream : streams) {
    const json& state = object_in(stream, "state");
    collections.push_back({{"name", name_of(stream)},
                           {"rows", count_in(state, "messages")},
                           {"rows_are_estimated", flag_in(stream, kGrew)},
                           {"bytes", count_in(state, "bytes")},
                           {"first", count_in(state, "first_seq")},
                           {"last", count_in(state, "last_seq")},
                           {"consumers", count_in(state, "consumer_count")}});
  }
  return dumped({{"version", version},
                 {"databases", {{{"name", "jetstream"}, {"collections", collections}}}}});
}

Status add_file(source::TarWriter& tar, const std::string& name, const Path& file) {
  BACKCAST_TRY(const std::uint64_t size, file_bytes(file));
  source::Node node;
  node.mode = 0600;
  node.size_bytes = size;
  BACKCAST_TRY(const bool has_content, tar.begin(name, node));
  std::ifstream in(file, std::ios::binary);
  std::string part(kChunkBytes, '\0');
  while (has_content && in.read(part.data(), static_cast<std::streamsize>(part.size())),
         has_content && in.gcount() > 0) {
    const auto got = static_cast<std::size_t>(in.gcount());
    BACKCAST_CHECK(tar.write(as_bytes(std::string_view(part).substr(0, got))));
  }
  return tar.end();
}

class Nats : public ClusterSource {
 public:
  Nats(NatsServer server, Path password_file)
      : server_(std::move(server)), password_file_(std::move(password_file)) {}

  Result<std::string> describe() override {
    Progress progress;
    BACKCAST_TRY(NatsClient client, connect(progress));
    BACKCAST_TRY(const auto streams, list_streams(client));
    return describe_streams(streams, client.server_version());
  }

  Result<Captured> capture(const Path& into, Progress& progress) override {
    BACKCAST_TRY(NatsClient client, connect(progress));
    BACKCAST_TRY(auto streams, list_streams(client));
    Captured captured;
    BACKCAST_TRY(GzipWriter gzip, GzipWriter::create(into / kFile));
    source::TarWriter tar([&](ByteView bytes) { return gzip.append(bytes); });
    std::vector<json> kept;
    for (json& stream : streams) {
      const std::string name = name_of(stream);
      if (text_in(object_in(stream, "config"), "storage") == "memory") {
        captured.warnings.push_back("the stream " + name +
                                    " lies in memory alone: it is not part of the backup");
        continue;
      }
      const Aside aside(into / "stream");
      BACKCAST_CHECK(make_folders(aside.path()));
      BACKCAST_TRY(json snapshot, take_snapshot(client, name, aside.path(), progress));
      BACKCAST_CHECK(add_file(tar, name + '/' + kStreamFile, aside.path() / kStreamFile));
      BACKCAST_CHECK(add_file(tar, name + '/' + kSnapshotFile, aside.path() / kSnapshotFile));
      kept.push_back(std::move(snapshot));
    }
    BACKCAST_CHECK(tar.finish());
    BACKCAST_CHECK(gzip.finish());
    if (kept.size() > 1) {
      captured.warnings.emplace_back(
          "each stream is of one moment of its own: the server has no snapshot of several");
    }
    captured.contents = describe_streams(kept, client.server_version());
    BACKCAST_TRY(captured.logical_bytes, folder_bytes(into));
    return captured;
  }

  // All streams, or none: what came before one that failed goes again.
  Status restore(const Path& from, const RestoreChoice& choice, Progress& progress) override {
    BACKCAST_CHECK(only_whole(choice, "nats"));
    const Aside aside(from / "unpacked");
    BACKCAST_CHECK(unpack(from / kFile, aside.path()));
    BACKCAST_TRY(NatsClient client, connect(progress));
    BACKCAST_TRY(const auto there, list_streams(client));
    std::map<std::string, json> saved;
    for (const auto& entry : fs::directory_iterator(aside.path())) {
      json stream = json::parse(std::ifstream(entry.path() / kStreamFile), nullptr, false);
      if (object_in(stream, "config").empty()) {
        return Error{Errc::kCorrupt, "the settings of a stream are damaged", {}, ""};
      }
      saved.emplace(entry.path().filename().string(), std::move(stream));
    }
    BACKCAST_CHECK(make_room(client, there, saved, choice.replace));
    std::vector<std::string> done;
    for (const auto& [name, stream] : saved) {
      const Status put = put_back(client, name, stream, aside.path() / name, progress);
      if (put.ok()) {
        done.push_back(name);
        continue;
      }
      for (const std::string& each : done) (void)remove(client, each);
      return put;
    }
    return kOk;
  }

 private:
  Result<NatsClient> connect(Progress& progress) {
    NatsServer server = server_;
    if (!password_file_.empty()) {
      BACKCAST_TRY(const std::string text,
                   read_text_file(password_file_.string(), kMaxPasswordBytes));
      server.password = trim(text);
    }
    return NatsClient::connect(server, progress);
  }

  // The server sends parts until an empty one, each to be acknowledged.
  static Status take_parts(NatsClient& client, const std::string& inbox, const std::string& name,
                           const ByteSink& sink, Progress& progress) {
    while (true) {
      BACKCAST_TRY(const NatsMessage part, client.next(inbox));
      if (part.payload.empty()) {
        const bool is_end = part.headers.empty() || part.headers.starts_with("NATS/1.0 204");
        if (is_end) return kOk;
        return failed("the snapshot of the stream " + name +
                      " broke off: " + printable(part.headers));
      }
      BACKCAST_CHECK(sink(as_bytes(part.payload)));
      progress.bytes += part.payload.size();
      if (!part.reply.empty()) BACKCAST_CHECK(client.publish(part.reply, "", ""));
    }
  }

  static Result<json> take_snapshot(NatsClient& client, const std::string& name, const Path& into,
                                    Progress& progress) {
    const std::string inbox = client.listen();
    BACKCAST_TRY(json answer, ask(client, "STREAM.SNAPSHOT." + name,
                                  {{"deliver_subject", inbox},
                                   {"no_consumers", false},
                                   {"chunk_size", kChunkBytes},
                                   {"jsck", true}},
                                  "the stream " + name));
    json stream{{"config", object_in(answer, "config")}, {"state", object_in(answer, "state")}};
    const std::string text = dumped(stream);
    BACKCAST_CHECK(
        write_file(into / kStreamFile, [&](const ByteSink& sink) { return sink(as_bytes(text)); }));
    const Status written = write_file(into / kSnapshotFile, [&](const ByteSink& sink) {
      return take_parts(client, inbox, name, sink, progress);
    });
    if (!written.ok()) return written.error();
    // The server notes the state first and reads the blocks of messages after it, with what came
    // into them meanwhile (seen with 2.9.10: up to 8 % more, when nobody waits for
    // answers).
    const auto now = ask(client, "STREAM.INFO." + name, nullptr, "the stream " + name);
    const auto last = [](const json& of) { return count_in(object_in(of, "state"), "last_seq"); };
    stream[kGrew] = !now.ok() || last(*now) != last(stream);
    return stream;
  }

  static Status unpack(const Path& file, const Path& into) {
    BACKCAST_CHECK(make_folders(into));
    return read_tar(file, [&](const TarEntry& entry, const auto& content) -> Status {
      const Path path = entry.path;
      const bool known = path.filename() == kStreamFile || path.filename() == kSnapshotFile;
      if (!known || !path.has_parent_path() || path.parent_path().has_parent_path()) {
        return Error{Errc::kCorrupt, printable(entry.path) + " is nothing of a stream", {}, ""};
      }
      BACKCAST_CHECK(make_folders(into / path.parent_path()));
      return write_file(into / path, content);
    });
  }

  static Status remove(NatsClient& client, const std::string& name) {
    const auto gone = ask(client, "STREAM.DELETE." + name, nullptr, "the stream " + name);
    if (!gone.ok() && gone.error().code != Errc::kNotFound) return gone.error();
    return kOk;
  }

  static Status make_room(NatsClient& client, const std::vector<json>& there,
                          const std::map<std::string, json>& saved, bool replace) {
    for (const json& stream : there) {
      const std::string name = name_of(stream);
      if (!replace && saved.count(name) > 0) {
        return Error{
            Errc::kExists,
            "the server has a stream " + printable(name) + " already; nothing was restored",
            {},
            "restore into another server, or let the restore replace what is there"};
      }
    }
    for (const json& stream : there) {
      if (replace) BACKCAST_CHECK(remove(client, name_of(stream)));
    }
    return kOk;
  }

  static Status put_back(NatsClient& client, const std::string& name, const json& stream,
                         const Path& folder, Progress& progress) {
    const std::string about = "the stream " + name;
    BACKCAST_TRY(const json answer, ask(client, "STREAM.RESTORE." + name, stream, about));
    const std::string to = text_in(answer, "deliver_subject");
    if (to.empty()) return failed(about + ": the NATS server does not say where its parts go");
    std::ifstream in(folder / kSnapshotFile, std::ios::binary);
    std::string part(kChunkBytes, '\0');
    while (in.read(part.data(), static_cast<std::streamsize>(part.size())), in.gcount() > 0) {
      const auto got = static_cast<std::size_t>(in.gcount());
      BACKCAST_TRY(const NatsMessage taken,
                   client.request(to, std::string_view(part).substr(0, got)));
      if (!taken.payload.empty()) {
        BACKCAST_TRY([[maybe_unused]] const json fine, answer_of(taken, about));
      }
      progress.bytes += got;
    }
    BACKCAST_TRY(const NatsMessage end, client.request(to, ""));
    BACKCAST_TRY([[maybe_unused]] const json fine, answer_of(end, about));
    return kOk;
  }

  NatsServer server_;
  Path password_file_;
};

}  // namespace

Opened open_nats(const Node& source, env::Env&) {
  only_fields(source, {"host", "port", "user", "password_file"});
  NatsServer server;
  server.host = source.text("host").value_or(server.host);
  const std::int64_t port = source.integer("port").value_or(server.port);
  if (port < 1 || port > UINT16_MAX) source.fault_at("port", "a port is from 1 to 65535");
  server.port = static_cast<std::uint16_t>(port);
  server.user = source.text("user").value_or("");
  const Path password = source.has("password_file") ? path_in(source, "password_file") : Path();
  return std::make_unique<Nats>(std::move(server), password);
}

}  // namespace backcast::kinds
