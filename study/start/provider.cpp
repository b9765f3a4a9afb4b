#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "study/start/frame.h"

namespace backcast::study {

Result<Started, Errors> start_from_provider(const StartChoices& choices) {
  using Json = Draft::Json;
  BACKCAST_TRY(const Footing footing, footing_of(choices.provider, choices.cloud, choices.region));
  const std::string title = footing.profile.document->value("title", footing.provider);
  Draft draft;
  put_head(draft, choices, title + ": a first plan");
  draft.set("/provider", footing.provider);
  put_prices(draft, footing);
  draft.set("/defaults", Json::object());
  put_policy(draft, "/defaults", footing, {});
  draft.set("/services/0/name", "data");
  if (!choices.cloud.empty() && !choices.region.empty() &&
      scenario::cloud_of(footing.profile, choices.region) != choices.cloud) {
    draft.set("/services/0/cloud", choices.cloud);
  }
  const auto put = [&](const std::string& field, const std::string& given, const Json& ours,
                       const char* because) {
    const std::string pointer = "/services/0/" + field;
    if (!given.empty()) return draft.set(pointer, given);
    if (!ours.is_null()) draft.choose(pointer, ours, because);
  };
  put("kind", "", begins_with(footing, "kind"), "one of the kinds the provider backs up");
  put("region", choices.region, begins_with(footing, "region"),
      footing.profile.document->contains("price_book") ? "a region the price book knows"
                                                       : "a name for where the backups are");
  const Json size = begins_with(footing, "size");
  put("size", choices.size, size.is_null() ? Json("100 GB") : size,
      "a round figure: how much data you have");
  put_requirements(draft, footing);
  return finish(draft, fmt::format("A first plan for {}, written by backcast new.", title),
                choices.file);
}

}  // namespace backcast::study
