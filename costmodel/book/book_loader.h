// The parts of the reader of price book documents (load_price_book.cpp), for its sources alone.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "costmodel/book/fields.h"
#include "costmodel/book/price_book.h"

namespace backcast::cost {

// The first day that "2026", "2026-Q2", "2026-08" or "2026-08-01" may mean.
std::optional<std::chrono::sys_days> first_day(std::string_view text);

class BookLoader {
  using json = nlohmann::json;

 public:
  explicit BookLoader(const Document& document)
      : document_(document), faults_(document, Faults::Types::kToldHere) {}

  Result<PriceBook, Errors> load();

 private:
  static constexpr std::size_t kMaxRows = 1'000'000;

  Fields at(const json& value, std::string pointer, std::initializer_list<std::string_view> known) {
    return Fields(value, std::move(pointer), known, faults_);
  }
  template <typename Read>
  void each(const Fields& fields, std::string_view key, Read read) {
    const json* list = fields.array(key);
    if (list == nullptr) return;
    if (list->size() > kMaxRows) return fields.fault_at(key, "more than 1,000,000 entries");
    const std::string base = pointer_child(fields.pointer(), key) + '/';
    for (std::size_t i = 0; i < list->size(); ++i) read((*list)[i], base + std::to_string(i));
  }
  void read_head(const Fields& fields);
  void read_regions(const Fields& fields);
  std::string read_option(const Fields& fields);
  void read_meter(const json& value, const std::string& pointer);
  void read_unit_size(const Fields& fields, const json& value, Meter& meter);
  void read_period(const Fields& fields, Meter& meter);
  // Indices of the meters of that name: the default and its options.
  std::optional<std::size_t> read_meter_name(const Fields& fields, std::string_view key);
  void read_meter_names(const Fields& fields, std::vector<std::size_t>& meters);
  std::optional<std::size_t> find_meter(const Fields& fields, std::string_view key,
                                        const std::string& name);
  Decimal not_negative(const Fields& fields, std::string_view key, bool required);
  void read_row(const json& value, const std::string& pointer);
  void read_rates(const Fields& fields, PriceRow& row);
  void read_tiers(const Fields& fields, PriceRow& row);
  void spread_over_life(const Fields& fields, int months, PriceRow& row);
  void read_conditions(const Fields& fields, PriceRow& row);
  void read_evidence(const Fields& fields, PriceRow& row);
  void read_allowance(const json& value, const std::string& pointer);
  void read_adjustment(const json& value, const std::string& pointer, Adjustment::Kind kind);
  void read_commitment(const json& value, const std::string& pointer);
  void check_unique();

  const Document& document_;
  Faults faults_;
  PriceBook book_;
  Account account_;
  std::map<std::size_t, int> life_months_;  // of the meters whose units are bought
  std::optional<std::chrono::sys_days> book_date_;
};

}  // namespace backcast::cost
