#include "rehearsal/with_bytes.h"

namespace backcast::rehearsal {

void add_bytes(const sim::Scenario& scenario, const std::filesystem::path& folder,
               store::SecretText passphrase, TwinOptions& how, AtEnd at_end) {
  std::vector<ClusterPlace> clusters;
  for (const sim::Service& service : scenario.services) {
    clusters.push_back({scenario.projects[service.project].name, service.region,
                        service.key ? scenario.keys[*service.key].name : ""});
  }
  std::vector<std::string> projects;
  for (const sim::Project& project : scenario.projects) projects.push_back(project.name);
  auto bytes = std::make_shared<RealBytes*>(nullptr);
  auto secret = std::make_shared<store::SecretText>(std::move(passphrase));
  how.between = [=](control::Outside& weather) {
    auto made = std::make_unique<RealBytes>(env::posix_env(), folder, std::move(*secret), clusters,
                                            projects, weather);
    *bytes = made.get();
    return made;
  };
  how.at_end = [bytes, at_end = std::move(at_end)](control::ControlPlane& plane) {
    return at_end(**bytes, plane);
  };
}

}  // namespace backcast::rehearsal
