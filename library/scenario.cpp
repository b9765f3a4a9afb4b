#include "library/scenario.h"

#include "library/problems.h"
#include "scenarios/document/shipped.h"

namespace backcast {
namespace {

Expected<std::shared_ptr<const Scenario::Impl>> prepared(Result<scenario::Loaded, Errors> loaded) {
  if (!loaded.ok()) return library::problems_of(loaded.error());
  auto ready = study::prepare(*loaded);
  if (!ready.ok()) return library::problems_of(ready.error());
  return std::make_shared<const Scenario::Impl>(
      Scenario::Impl{*std::move(loaded), *std::move(ready)});
}

}  // namespace

Expected<Scenario> Scenario::load(const std::string& path_or_name) {
  auto impl = prepared(scenario::load_file(path_or_name));
  if (!impl.ok()) return impl.problems();
  return Scenario(*std::move(impl));
}

Expected<Scenario> Scenario::parse(const std::string& json, const std::string& name) {
  const auto document = Document::parse(json, name);
  if (!document.ok()) return library::problems_of(document.error());
  auto impl = prepared(scenario::load(*document));
  if (!impl.ok()) return impl.problems();
  return Scenario(*std::move(impl));
}

const std::string& Scenario::name() const {
  return impl_->prepared.loaded.scenario.name;
}
const std::string& Scenario::title() const {
  return impl_->prepared.loaded.scenario.title;
}
Time Scenario::start() const {
  return impl_->prepared.loaded.scenario.start;
}
Time Scenario::end() const {
  return impl_->prepared.loaded.scenario.end;
}

std::vector<std::string> shipped_scenarios() {
  const auto names = scenario::shipped_names("");
  return {names.begin(), names.end()};
}

}  // namespace backcast
