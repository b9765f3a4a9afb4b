// What the driver leaves out for as long as it fails, each with its reason. To be switched on with
// the mend.
#pragma once

namespace backcast::model {

// When the newest snapshot is lost, the next backup takes its number and the place of its head:
// from then on check misses nothing.
inline constexpr bool kLostSnapshotsStayTold = false;

}  // namespace backcast::model
