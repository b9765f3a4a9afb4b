// Presence tables from files, plain or gzip.
#pragma once

#include <zlib.h>

#include <string>

#include "engine/base/error.h"
#include "sim/fit/history.h"

namespace fidelity {

inline backcast::Result<std::string> read_file(const char* path) {
  constexpr std::size_t kMaxBytes = 256U << 20;
  gzFile file = gzopen(path, "rb");  // reads plain files as they are
  if (file == nullptr) return backcast::bad_input("cannot open " + std::string(path));
  std::string text;
  char buffer[1 << 16];
  int count = 0;
  while ((count = gzread(file, buffer, sizeof buffer)) > 0 && text.size() < kMaxBytes) {
    text.append(buffer, static_cast<std::size_t>(count));
  }
  const bool damaged = count < 0 || text.size() >= kMaxBytes;
  gzclose(file);
  if (damaged) return backcast::bad_input(std::string(path) + " is damaged or above 256 MiB");
  return text;
}

inline backcast::Result<backcast::sim::PresenceTable> read_table(const char* path) {
  BACKCAST_TRY(const std::string text, read_file(path));
  return backcast::sim::parse_presence_table(text, path);
}

}  // namespace fidelity
