// The ledger of a service, for a bill, and the forecast of its policy beside it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/service/client.h"
#include "costmodel/bill/invoice.h"
#include "scenarios/load/load.h"
#include "study/live/variance.h"

namespace CLI {
class App;
}

namespace backcast::cli {

struct ServiceBillOptions {
  ServerChoice server;
  bool is_asked = false;  // rather than a file
  std::string from, to;   // "" = since the first of the month, or since the policy; until now
  std::string scenario;   // whose forecast is put beside it; "" = none
  std::string applied;    // the same of one that was applied; "" = the only one
  bool is_applied = false;

  bool compares() const { return is_applied || !scenario.empty(); }
};
void add_service_bill_options(CLI::App& verb, ServiceBillOptions& options);

// The policy whose forecast is put beside it.
struct Planned {
  scenario::Loaded loaded;
  scenario::Given given;
  std::string name;
};
// What the service did in the period.
struct ServiceLedger {
  study::Ledger actual;
  Instant from{}, to{};
  std::optional<Planned> planned;
};
Result<ServiceLedger, Errors> fetch_ledger(const ServiceBillOptions& options);

// The forecast of the scenario, within the same period: its ledger, and the prices that it names.
struct Forecast {
  study::Ledger ledger;
  std::shared_ptr<const cost::PriceBook> book;  // null: it names none
  cost::BillOptions options;
  Instant since{};  // when the policy was switched on
};
Result<Forecast, Errors> forecast_of(const ServiceLedger& actual);

}  // namespace backcast::cli
