// A program that this process runs for what it prints.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/wire.h"
#include "engine/env/unique_fd.h"

namespace backcast::env {

// Fills `into` unless the stream ends; 0 = end. `name` is for the message.
Result<std::size_t> read_stream(int descriptor, ByteSpan into, const std::string& name);
inline constexpr int kStandardInput = 0;

class Child {
 public:
  // Runs a program found in PATH with its arguments, without a shell; its messages go to our
  // stderr.
  static Result<Child> start(const std::vector<std::string>& arguments);
  Child(Child&& other) noexcept;
  // Abandoned before its end: it is stopped, for nobody reads what it still has to say.
  ~Child();

  Result<std::size_t> read(ByteSpan into) { return read_stream(output_.get(), into, name_); }
  // Waits for its end. kFailed if it did not exit with 0.
  Status finish();

 private:
  Child(UniqueFd output, pid_t process, std::string name);
  int wait_for_end();

  UniqueFd output_;
  pid_t process_;
  std::string name_;
};

}  // namespace backcast::env
