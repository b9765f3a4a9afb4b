// Data that comes from outside: files and addresses that a snapshot is recovered from.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/env/env.h"

namespace backcast::service {

struct ArrivalOptions {
  // Files may be read from CLUSTER/ beneath it, where whoever runs the machine puts them.
  std::filesystem::path folder;
  // HOST or HOST:PORT from which addresses may be read; none: no address.
  std::vector<std::string> hosts;
  std::uint64_t max_bytes = 64ULL << 30;
};

class Arrivals {
 public:
  Arrivals(env::Env& env, ArrivalOptions options) : env_(env), options_(std::move(options)) {}

  // Why a location (file, http, https) may not be read for a cluster. kBadInput: it is no location.
  Status check(const std::string& cluster, const std::string& location) const;
  // What lies there, into a new file. Redirects are followed to hosts that are named alone; the key
  // is sent to the first host alone. Errors: those of check, kNotFound, kBadInput for what is
  // longer than it may be, kFailed for a host that does not answer, or answers with an error.
  Status fetch(const std::string& cluster, const std::string& location, const std::string& api_key,
               const std::string& file, const std::atomic<bool>& stop) const;

 private:
  Result<std::string> path_in(const std::string& cluster, const std::string& location) const;
  Status copy_file(const std::string& cluster, const std::string& path,
                   const std::string& file) const;
  Status load(const std::string& url, const std::string& api_key, const std::string& file,
              const std::atomic<bool>& stop) const;

  env::Env& env_;
  ArrivalOptions options_;
};

}  // namespace backcast::service
