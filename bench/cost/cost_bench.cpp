// How long a bill takes: a million usage records of 1,000 services over a year.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "costmodel/bill/invoice.h"
#include "scenarios/document/shipped.h"

namespace {

using namespace backcast;

std::shared_ptr<const cost::PriceBook> zilliz() {
  const auto document =
      Document::parse(*scenario::shipped_text("prices/zilliz.json"), "zilliz.json");
  return std::make_shared<const cost::PriceBook>(*cost::load_price_book(*document));
}

// Backups kept for 30 days, each in two regions, and the transfer between them.
std::vector<UsageRecord> make_usage(std::size_t count) {
  std::vector<UsageRecord> usage;
  usage.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    UsageRecord r;
    const bool is_transfer = i % 3 == 2;
    r.kind = is_transfer ? UsageKind::kTransfer : UsageKind::kStorage;
    r.start = from_unix_seconds(1'767'225'600 + static_cast<std::int64_t>(i / 3 % 365) * 86400);
    r.end = is_transfer ? r.start : r.start + 30 * kDay;
    r.quantity = 1'000'000'000 + i * 7919 % 100'000'000'000;
    r.service = fmt::format("cluster-{}", i / 3 % 1000);
    r.project = fmt::format("project-{}", i / 3 % 20);
    r.backup_kind = "automatic";
    r.backup = fmt::format("backup-{}", i);
    r.region = i % 3 == 1 ? "gcp-us-east4" : "gcp-us-west1";
    if (is_transfer) r.peer_region = "gcp-us-east4";
    usage.push_back(std::move(r));
  }
  return usage;
}

void price_records(benchmark::State& state) {
  const auto book = zilliz();
  const auto usage = make_usage(static_cast<std::size_t>(state.range(0)));
  std::size_t lines = 0;
  for (auto _ : state) {
    cost::Biller biller(book);
    for (const UsageRecord& record : usage) {
      if (!biller.add(record).ok()) state.SkipWithError("a record has no price");
    }
    const auto invoice = biller.finish();
    lines = invoice->lines.size();
    benchmark::DoNotOptimize(lines);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["lines"] = static_cast<double>(lines);
}
BENCHMARK(price_records)->Arg(1000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
