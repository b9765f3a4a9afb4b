// One transaction of the control plane: all of it happens or nothing, and what was thrown inside
// comes out as an Error.
#pragma once

#include <algorithm>

#include "engine/control/plane/control_plane.h"
#include "engine/control/plane/core.h"

namespace backcast::control {

Error error_of(const SQLite::Exception& thrown);

// What cannot be done as things stand, and may be later.
inline Error not_now(std::string message, std::string hint = {}) {
  return Error{Errc::kLocked, std::move(message), {}, std::move(hint)};
}

// A word of an id or name: what labels, paths and lists of words are made of.
Status check_name(const char* what, const std::string& name);

template <typename Act>
auto ControlPlane::transact(Act act) -> decltype(act()) {
  const std::lock_guard lock(mutex_);
  const Instant last = core_->now;
  try {
    database_->begin();
    // Decisions never go back in time, whatever the clock does.
    core_->now =
        std::max(last, Instant(std::chrono::floor<std::chrono::seconds>(options_.clock())));
    auto result = act();
    if (result.ok()) {
      database_->commit();
      outside_.committed();
      return result;
    }
    database_->roll_back();
    outside_.rolled_back();
    return result;
  } catch (const ErrorThrown& thrown) {
    database_->roll_back();
    outside_.rolled_back();
    return thrown.error;
  } catch (const SQLite::Exception& thrown) {
    database_->roll_back();
    outside_.rolled_back();
    return error_of(thrown);
  } catch (const std::exception& thrown) {  // a text of a caller that says something else
    database_->roll_back();
    outside_.rolled_back();
    return bad_input(thrown.what());
  }
}

}  // namespace backcast::control
