// Every route of the service.
#pragma once

#include "engine/api/routes/backend.h"
#include "engine/api/snapshots/recoveries.h"

namespace backcast::api {

// All of them live longer than `api` serves.
void add_all(Api& api, Backend& backend, Recoveries& recoveries);

}  // namespace backcast::api
