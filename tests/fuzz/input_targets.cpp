// Parsers of what users and other tools write.
#include <fstream>
#include <sstream>

#include "costmodel/bill/usage_file.h"
#include "costmodel/book/money.h"
#include "costmodel/book/price_book.h"
#include "engine/base/assert.h"
#include "engine/base/bytes.h"
#include "engine/base/document.h"
#include "engine/base/instant.h"
#include "engine/base/text.h"
#include "engine/policy/retention/retention.h"
#include "engine/policy/schedule/schedule.h"
#include "engine/policy/time/moment.h"
#include "engine/source/exclude.h"
#include "histories/import.h"
#include "histories/inventory/inventory.h"
#include "scenarios/load/load.h"
#include "tests/fuzz/fuzz_target.h"

namespace backcast::fuzz {
namespace {

using Seeds = std::vector<std::string>;

std::string file_text(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

const Register kBaseText({"base_text",
                          [](ByteView bytes) {
                            const std::string_view text = as_text(bytes);
                            (void)parse_bytes(text);
                            (void)parse_duration(text);
                            (void)policy::parse_moment(text, Instant{});
                            (void)printable(text);
                            (void)cost::Decimal::parse(text);
                            const auto instant = parse_instant(text);
                            if (instant.ok()) {
                              const auto again = parse_instant(format_instant(instant->instant));
                              BACKCAST_ASSERT(again.ok() && again->instant == instant->instant);
                            }
                          },
                          [] {
                            return Seeds{"2026-01-31T08:00:00.123456789+02:00",
                                         "1.5 GiB",
                                         "1d12h30m",
                                         "-12.3400",
                                         "20 GB",
                                         "1677-09-21T00:12:43.145224192Z"};
                          }});

const Register kInventory(
    {"inventory",
     [](ByteView bytes) {
       const auto list = inventory::read_inventory(as_text(bytes), {.name = "fuzz"});
       if (!list.ok()) return;
       for (const auto& item : list->items) {
         BACKCAST_ASSERT(item.size_bytes <= inventory::kMaxItemBytes && !item.name.empty());
       }
     },
     [] {
       return Seeds{"name;size (GB);growth\ndb;1,5;20 %\nTotal;1,5;\n",
                    "VM,Provisioned MiB,In Use MiB,Datacenter\nsql,\"1,024\",512,B\n",
                    "Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/sda1 9 5 4 5% /\n"};
     }});

const Register kDocument({"document",
                          [](ByteView bytes) {
                            (void)Document::parse(as_text(bytes), "fuzz", {1 << 20, 64});
                          },
                          [] {
                            return Seeds{"{\"a\": [1, 2.5, null, \"x\\u00e9\"], /* c */ \"b\": {}}",
                                         std::string(5000, '['), "\xef\xbb\xbf{}"};
                          }});

const Register kYaml({"yaml",
                      [](ByteView bytes) {
                        (void)Document::parse_file(as_text(bytes), "fuzz.yaml", {1 << 16, 64});
                      },
                      [] {
                        return Seeds{"a: [1, 2.5, ~, 'x']\nb: &x {c: |\n  text\n}\nd: *x\n",
                                     "- !!str 1\n- ? k\n  : v\n--- # second\n",
                                     std::string(5000, '['), "a: &a [*a]\n"};
                      }});

const Register kSchedule({"schedule",
                          [](ByteView bytes) {
                            const auto schedule = policy::parse_schedule(as_text(bytes));
                            if (!schedule.ok()) return;
                            // What reads well prints so that it reads back, and next() always
                            // returns.
                            const auto again = policy::parse_schedule(policy::print(*schedule));
                            BACKCAST_ASSERT(again.ok() && *again == *schedule);
                            const Instant after = from_unix_seconds(1'767'225'600);
                            if (const auto run = policy::next(*schedule, after, policy::Zone{})) {
                              BACKCAST_ASSERT(*run > after);
                            }
                          },
                          [] {
                            return Seeds{"30 2 * * mon-fri",
                                         "cron: CRON_TZ=Europe/Berlin 30 2 * * *",
                                         "weekly mon,thu 02:30",
                                         "@every 1h30m",
                                         "zilliz: 1,2,3,5 02:00-04:00",
                                         "qdrant: 0 */6 * * *",
                                         "zerops: daily",
                                         "robfig: 0 30 2 * * *",
                                         "cronexpr: 0 2 * * 5L",
                                         "oncalendar: Mon..Fri *-*~03/2 02:30",
                                         "aws: cron(0 2 ? * MON#2 *)",
                                         "kopia: every 1h at 09:00,18:00",
                                         "0 0 30 2 *"};
                          }});

const Register kPolicy({"policy",
                        [](ByteView bytes) {
                          const auto policy = policy::parse_policy(as_text(bytes));
                          if (!policy.ok()) return;
                          const auto again = policy::parse_policy(policy::to_text(*policy));
                          BACKCAST_ASSERT(again.ok());
                          BACKCAST_ASSERT(policy::to_text(*again) == policy::to_text(*policy));
                        },
                        [] {
                          return Seeds{"restic: --keep-daily 7 --keep-weekly 5 --keep-tag prod",
                                       "borg: --keep-within 2d --keep-monthly -1",
                                       "restic: --keep-within-daily 1y2m3d4h"};
                        }});

const Register kHistory(
    {"history",
     [](ByteView bytes) {
       const std::string_view text = as_text(bytes);
       policy::ImportOptions options;
       options.name = "fuzz";
       for (const auto tool : policy::import_tools()) {
         (void)policy::import_history(tool, text, options);
       }
       (void)policy::recognise_tool(text);
     },
     [] {
       return Seeds{R"([{"time":"2026-01-31T08:00:00.1+02:00","tree":"ab","paths":["/a"],)"
                    R"("hostname":"h","username":"u","id":"0123abcd","short_id":"0123"}])",
                    R"({"archives":[{"name":"a","time":"2026-01-31T08:00:00.000000"}]})",
                    "time,size_bytes,id\n2026-01-31T08:00:00Z,100,a\n",
                    "pool/a@autosnap_2026-01-31_08:00:00_daily\t1769846400\t10\t20\n"};
     }});

const Register kPrices({"prices",
                        [](ByteView bytes) {
                          const auto document = Document::parse(as_text(bytes), "fuzz");
                          if (document.ok()) (void)cost::load_price_book(*document);
                        },
                        [] {
                          return Seeds{file_text("scenarios/prices/zerops.json"),
                                       file_text("scenarios/prices/b2.json")};
                        }});

const Register kUsage({"usage",
                       [](ByteView bytes) {
                         std::istringstream in{std::string(as_text(bytes))};
                         (void)cost::read_usage(in, "fuzz",
                                                [](const UsageRecord&) -> Status { return kOk; });
                       },
                       [] {
                         UsageRecord record;
                         record.quantity = 5;
                         record.service = "db";
                         record.end = from_unix_seconds(86400);
                         return Seeds{cost::to_json_line(record),
                                      "kind,start,end,quantity\nstorage,2026-01-01,2026-02-01,5\n"};
                       }});

const Register kScenario({"scenario",
                          [](ByteView bytes) {
                            const auto document = Document::parse(as_text(bytes), "fuzz");
                            if (document.ok()) (void)scenario::load(*document);
                          },
                          [] { return Seeds{file_text("scenarios/zilliz-cross-region.json")}; }});

const Register kExcludes({"excludes",
                          [](ByteView bytes) {
                            const auto excludes =
                                source::Excludes::compile(source::exclude_lines(as_text(bytes)));
                            if (excludes.ok()) (void)excludes->excludes("home/me/a/b/c.o", false);
                          },
                          [] { return Seeds{"*.o\n# c\n!/home/**/x[a-z]\ncache/\n"}; }});

}  // namespace
}  // namespace backcast::fuzz
