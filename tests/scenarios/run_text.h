// Runs a scenario given as text or by name, for tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string>

#include "costmodel/bill/invoice.h"
#include "scenarios/load/load.h"
#include "sim/requirements/requirements.h"
#include "sim/run/run.h"
#include "sim/words/words.h"

namespace backcast::scenario {

struct Ran {
  sim::Scenario scenario;
  sim::RunResult result;
  std::optional<cost::Invoice> invoice;
};

inline std::string all_messages(const Errors& errors) {
  std::string text;
  for (const Error& error : errors) text += to_string(error) + "\n";
  return text;
}

inline Ran run_loaded(Loaded loaded, unsigned threads = 1) {
  Ran ran;
  std::shared_ptr<const cost::PriceBook> book;
  if (!loaded.pricing.books.empty()) {
    auto found = price_book_of(loaded);
    EXPECT_TRUE(found.ok()) << (found.ok() ? "" : all_messages(found.error()));
    if (found.ok()) book = std::make_shared<const cost::PriceBook>(*found);
  }
  ran.result = sim::run(loaded.scenario, {.threads = threads});
  ran.scenario = loaded.scenario;
  if (book != nullptr) {
    auto invoice = cost::bill(*book, ran.result.billed,
                              {{loaded.pricing.options.begin(), loaded.pricing.options.end()}});
    EXPECT_TRUE(invoice.ok()) << (invoice.ok() ? "" : all_messages(invoice.error()));
    if (invoice.ok()) {
      ran.invoice = std::move(invoice).value();
      sim::check_budgets(ran.scenario, *ran.invoice, ran.result);
    }
  }
  return ran;
}

inline Ran run_shipped(const std::string& name, unsigned threads = 1) {
  auto loaded = load_file(name);
  EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : all_messages(loaded.error()));
  return run_loaded(std::move(loaded).value(), threads);
}

inline Result<Loaded, Errors> load_text(const std::string& text) {
  auto document = Document::parse(text, "test.json");
  if (!document.ok()) return Errors{document.error()};
  return load(*document);
}

inline Ran run_text(const std::string& text, unsigned threads = 1) {
  auto loaded = load_text(text);
  EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : all_messages(loaded.error()));
  return run_loaded(std::move(loaded).value(), threads);
}

inline std::string errors_of(const std::string& text) {
  const auto loaded = load_text(text);
  return loaded.ok() ? "" : all_messages(loaded.error());
}

// Every part stands in what is said of the faults of the document.
inline void expect_fault(const std::string& text, std::initializer_list<const char*> parts) {
  const std::string errors = errors_of(text);
  for (const char* part : parts) EXPECT_NE(errors.find(part), std::string::npos) << errors;
}

inline bool logs(const Ran& ran, const std::string& part) {
  return std::any_of(ran.result.log.begin(), ran.result.log.end(), [&](const auto& event) {
    return log_text(ran.scenario, ran.result, event).find(part) != std::string::npos;
  });
}

inline std::string reason(const Ran& ran, const sim::BackupRecord& backup) {
  return sim::reason_text(ran.scenario, backup);
}

inline const sim::BackupRecord& backup(const sim::RunResult& result, const std::string& id) {
  for (const sim::BackupRecord& record : result.backups) {
    if (record.id == id) return record;
  }
  ADD_FAILURE() << "no backup " << id;
  return result.backups.front();
}

inline Instant at(const char* text) {
  return parse_instant(text)->instant;
}

}  // namespace backcast::scenario
