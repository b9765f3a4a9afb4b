// Parsers of stored bytes. What they accept must be what the writers write: one encoding each.
#include <sodium.h>
#include <zstd.h>

#include "engine/base/assert.h"
#include "engine/env/fault_env.h"
#include "engine/source/node.h"
#include "engine/store/format/codec.h"
#include "engine/store/format/index.h"
#include "engine/store/format/keys.h"
#include "engine/store/repository/config.h"
#include "engine/store/repository/damage.h"
#include "engine/store/repository/journal.h"
#include "engine/store/repository/label.h"
#include "engine/store/repository/mark.h"
#include "engine/store/snapshots/snapshot.h"
#include "tests/fuzz/fuzz_target.h"

namespace backcast::fuzz {
namespace {

using namespace store;

source::Node sample_node(source::NodeKind kind) {
  source::Node node;
  node.kind = kind;
  node.name = "name\xff";
  node.mode = 0755;
  node.user = "user";
  node.mtime_ns = -5;
  node.links = 2;
  node.inode = 77;
  node.attributes = {{"user.a", "1"}, {"user.b", std::string(300, 'x')}};
  if (kind == source::NodeKind::kSymlink) node.target = "../target";
  if (kind == source::NodeKind::kFile) {
    node.size_bytes = 1 << 20;
    node.sparse = true;
    node.data = {{0, 4096}, {65536, 10}};
    node.content = "\x05";
  }
  return node;
}

const Register kNode({"node",
                      [](ByteView bytes) {
                        WireReader in(bytes);
                        while (in.ok() && !in.at_end()) {
                          const std::size_t before = in.rest().size();
                          const auto node = source::read_node(in);
                          if (!node.ok()) return;
                          std::string again;
                          source::append_node(again, *node);
                          const std::size_t used = before - in.rest().size();
                          BACKCAST_ASSERT(again ==
                                          as_text(bytes.subspan(bytes.size() - before, used)));
                        }
                      },
                      [] {
                        std::vector<std::string> seeds;
                        for (const auto kind : {source::NodeKind::kFile, source::NodeKind::kFolder,
                                                source::NodeKind::kSymlink}) {
                          source::append_node(seeds.emplace_back(), sample_node(kind));
                        }
                        return seeds;
                      }});

Pack sample_pack() {
  Pack pack;
  pack.id = random_id();
  pack.created = from_unix_seconds(1'700'000'000);
  pack.size_bytes = 4 << 20;
  pack.keys = {DataKey{}, DataKey::derived(random_id())};
  std::uint32_t at = kPackHeaderBytes;
  for (int i = 0; i < 5; ++i) {
    Blob blob;
    blob.id = random_id();
    blob.kind = static_cast<BlobKind>(i % 3);
    blob.key = static_cast<std::uint16_t>(i % 2);
    blob.offset_bytes = at;
    blob.plain_bytes = 1000;
    blob.stored_bytes = static_cast<std::uint32_t>(1000 + kTagBytes - 10 * i);
    at += blob.stored_bytes;
    pack.blobs.push_back(blob);
  }
  return pack;
}

const Register kPacks({"packs",
                       [](ByteView bytes) {
                         const auto packs = decode_packs(bytes);
                         if (!packs.ok()) return;
                         BACKCAST_ASSERT(encode_packs(*packs) == as_text(bytes));
                         Index index;
                         for (const Pack& pack : *packs) index.add(pack, pack.id, false);
                         for (const Pack& pack : *packs) {
                           for (const Blob& blob : pack.blobs) {
                             BACKCAST_ASSERT(index.find(blob.id) != nullptr);
                           }
                         }
                       },
                       [] {
                         return std::vector{encode_packs({}), encode_packs({sample_pack()}),
                                            encode_packs({sample_pack(), sample_pack()})};
                       }});

const Register kPackTable({"pack_table",
                           [](ByteView bytes) {
                             WireReader in(bytes);
                             const auto pack = read_table(in);
                             if (!pack.ok()) return;
                             std::string again;
                             append_table(again, *pack);
                             BACKCAST_ASSERT(again ==
                                             as_text(bytes.first(bytes.size() - in.rest().size())));
                           },
                           [] {
                             std::vector<std::string> seeds(1);
                             append_table(seeds[0], sample_pack());
                             return seeds;
                           }});

const Register kSnapshot({"snapshot",
                          [](ByteView bytes) {
                            const auto snapshot = decode_snapshot(Id{}, bytes);
                            if (snapshot.ok()) {
                              BACKCAST_ASSERT(encode_snapshot(*snapshot) == as_text(bytes));
                            }
                          },
                          [] {
                            Snapshot snapshot;
                            snapshot.host = "host";
                            snapshot.paths = {"/a", "/b"};
                            snapshot.tags = {"t"};
                            snapshot.time = snapshot.received = from_unix_seconds(1'700'000'000);
                            snapshot.tree = {random_id(), random_id()};
                            snapshot.references = {random_id()};
                            return std::vector{encode_snapshot({}), encode_snapshot(snapshot)};
                          }});

const Register kDamage({"damage",
                        [](ByteView bytes) {
                          const auto bad = decode_damage(Id{}, bytes);
                          if (bad.ok()) BACKCAST_ASSERT(encode_damage(*bad) == as_text(bytes));
                        },
                        [] {
                          const std::vector<BadPack> bad = {
                              {random_id(), {}}, {random_id(), {kPackFrame, random_id()}}};
                          return std::vector{encode_damage({}), encode_damage(bad)};
                        }});

const Register kLabel(
    {"label",
     [](ByteView bytes) {
       const auto label = decode_label(Id{}, bytes);
       if (label.ok()) BACKCAST_ASSERT(encode_label(*label) == as_text(bytes));
     },
     [] {
       return std::vector{encode_label({}), encode_label({random_id(), 7, "text"})};
     }});

const Register kMark({"mark",
                      [](ByteView bytes) {
                        const auto mark = decode_mark(Id{}, bytes);
                        if (mark.ok()) BACKCAST_ASSERT(encode_mark(*mark) == as_text(bytes));
                      },
                      [] {
                        Mark mark;
                        mark.made = from_unix_seconds(1'700'000'000);
                        mark.packs = {random_id(), random_id()};
                        return std::vector{encode_mark({}), encode_mark(mark)};
                      }});

const Register kJournal({"journal",
                         [](ByteView bytes) {
                           const auto entry = decode_journal(Id{}, bytes);
                           if (entry.ok())
                             BACKCAST_ASSERT(encode_journal(*entry) == as_text(bytes));
                         },
                         [] {
                           JournalEntry entry;
                           entry.time = from_unix_seconds(1'700'000'000);
                           entry.deletions = {
                               {ObjectType::kSnapshot, random_id(), entry.time, 500},
                               {ObjectType::kPack, random_id(), entry.time, 1ULL << 40}};
                           return std::vector{encode_journal({}), encode_journal(entry)};
                         }});

const Register kConfig({"config",
                        [](ByteView bytes) {
                          const std::string text(as_text(bytes));
                          static const Secret key = Secret::random();
                          const auto config = decode_config(text);
                          if (config.ok()) {
                            BACKCAST_ASSERT(!verify_config(text, key).ok());  // not our key's
                          }
                        },
                        [] {
                          const Keys keys = Keys::generate();
                          const Config config{random_id(), keys.project, keys.public_keys,
                                              from_unix_seconds(1'700'000'000)};
                          return std::vector{encode_config(config, keys.config_key())};
                        }});

const Register kKeyFile({"key_file",
                         [](ByteView bytes) {
                           static env::FaultEnv env;
                           static const auto folder = *env.open_folder("/r", true);
                           const Id slot{};
                           env.set_bytes("/r/keys/" + to_hex(slot), std::string(as_text(bytes)));
                           (void)KeySlots(env, *folder, Id{}).list();
                         },
                         [] {
                           env::FaultEnv env;
                           env.set_bytes("/r/keys/x", "");
                           const auto folder = *env.open_folder("/r", true);
                           const Keys keys = Keys::generate();
                           const auto slot = KeySlots(env, *folder, keys.project)
                                                 .add(keys, "pass", "label", kStretchingFloor);
                           return std::vector{env.bytes("/r/keys/" + to_hex(*slot))};
                         }});

const Register kWriterKey(
    {"writer_key", [](ByteView bytes) { (void)parse_writer_key(as_text(bytes)); },
     [] { return std::vector{std::string(writer_key_text(Keys::generate()).view())}; }});

// Whatever the bytes announce, no more than the recorded length is written or allocated.
const Register kDecompress({"decompress",
                            [](ByteView bytes) {
                              if (bytes.empty()) return;
                              static Decompressor decompressor;
                              // The first byte says how long the record is.
                              std::vector<std::uint8_t> out(std::size_t{bytes[0]} * 64 + 16, 0xA5);
                              const std::size_t size = out.size() - 16;
                              (void)decompressor.decompress(bytes.subspan(1),
                                                            ByteSpan(out).first(size));
                              for (std::size_t i = size; i < out.size(); ++i) {
                                BACKCAST_ASSERT(out[i] == 0xA5);
                              }
                            },
                            [] {
                              std::vector<std::string> seeds;
                              for (const std::size_t size : {64, 6400, 1 << 24}) {
                                const std::string plain(size, 'x');
                                std::string packed(ZSTD_compressBound(size), '\0');
                                packed.resize(ZSTD_compress(packed.data(), packed.size(),
                                                            plain.data(), size, 1));
                                seeds.push_back("\x64" + packed);
                              }
                              return seeds;
                            }});

}  // namespace
}  // namespace backcast::fuzz
