// An invoice as the installed headers tell it.
#pragma once

#include <backcast/bill.h>

#include "costmodel/bill/invoice.h"

namespace backcast::library {

Bill bill_of(const cost::Invoice& invoice);

}  // namespace backcast::library
