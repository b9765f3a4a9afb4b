#include "engine/policy/calendar.h"
