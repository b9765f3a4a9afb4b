// The CSV reading library as every file of the house must see it: its macro changes what its
// templates are, so two files that disagreed would break the one-definition rule.
#pragma once

// Whatever is read is in memory or read once in order: a thread that reads ahead gains nothing.
#define CSV_IO_NO_THREAD
#include <libfccp/csv.h>
