// A scenario: services, schedules, retention, regions, prices and requirements as one document
// (docs/scenarios.md), read and checked.
#pragma once

#include <backcast/result.h>
#include <backcast/time.h>

#include <memory>
#include <string>
#include <vector>

namespace backcast {

// A value that is cheap to copy. May be simulated from several threads at once.
class Scenario {
 public:
  // A file, or the name of one that ships with the library: "zilliz-cross-region". Errors: every
  // fault of the document and of the files it names, with file, line and JSON pointer; an unknown
  // price book or price row.
  static Expected<Scenario> load(const std::string& path_or_name);
  // The same from JSON text. `name` stands in messages.
  static Expected<Scenario> parse(const std::string& json, const std::string& name);

  const std::string& name() const;
  const std::string& title() const;
  Time start() const;
  Time end() const;  // exclusive

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit Scenario(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// The names of the scenarios that ship with the library.
std::vector<std::string> shipped_scenarios();

}  // namespace backcast
