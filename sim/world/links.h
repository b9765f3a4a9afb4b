// The links between regions that copies and restores share.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "engine/base/assert.h"
#include "engine/base/time_math.h"
#include "sim/model/outside/link.h"
#include "sim/world/stage.h"

namespace backcast::sim {

class Links {
 public:
  // Called with the id of each transfer that ends.
  using Ended = std::function<void(std::uint64_t id)>;

  Links(Stage& stage, Ended ended) : stage_(stage), ended_(std::move(ended)) {
    for (const LinkSpec& link : stage.scenario.links) {
      links_.emplace_back(link.rate_bytes_per_second, link.per_transfer_bytes_per_second);
    }
  }

  Link::Handle start(std::uint32_t link, std::uint64_t id, std::uint64_t bytes) {
    settle(link);  // what is over by now must leave the link first
    const Link::Handle handle = links_[link].start(stage_.agenda.now_ns(), id, bytes);
    await(link);
    return handle;
  }
  void cancel(std::uint32_t link, Link::Handle transfer) {
    links_[link].cancel(stage_.agenda.now_ns(), transfer);
    await(link);
  }
  void set_rate(std::uint32_t link, std::uint64_t rate_bytes_per_second) {
    settle(link);
    links_[link].set_rate(stage_.agenda.now_ns(), rate_bytes_per_second);
    await(link);
  }
  // Ends what is over by now.
  void settle(std::uint32_t link) {
    bool any = false;
    while (const auto completion = links_[link].pop(stage_.agenda.now_ns())) {
      any = true;
      ended_(completion->id);
    }
    if (any) await(link);
  }
  bool obey_littles_law() const {
    return std::all_of(links_.begin(), links_.end(),
                       [](const Link& link) { return link.obeys_littles_law(); });
  }

 private:
  // Asks to be called when the link's next transfer ends. An earlier call may find nothing to do.
  void await(std::uint32_t link) {
    if (const auto end_ns = links_[link].next_end_ns()) {
      stage_.agenda.push(plus(stage_.scenario.start, Duration{*end_ns}), Due::kLinkEnds, link);
    }
  }

  Stage& stage_;
  Ended ended_;
  std::vector<Link> links_;  // as Scenario::links
};

}  // namespace backcast::sim
