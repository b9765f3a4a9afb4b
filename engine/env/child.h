// A program that this process runs for what it prints.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/base/wire.h"
#include "engine/env/unique_fd.h"

namespace backcast::env {

// Fills `into` unless the stream ends; 0 = end. `name` is for the message.
Result<std::size_t> read_stream(int descriptor, ByteSpan into, const std::string& name);
inline constexpr int kStandardInput = 0;

struct ChildOptions {
  // Variables set beside those of this process, or instead of them: secrets have no place among
  // arguments, which every user of the machine can list.
  std::vector<std::pair<std::string, std::string>> environment{};
  int input = -1;  // a descriptor it reads instead of our standard input
  // Its messages become part of the error of finish instead of going to our stderr.
  bool keeps_messages = false;
};

class Child {
 public:
  // Runs a program found in PATH with its arguments, without a shell; its messages go to our
  // stderr.
  static Result<Child> start(const std::vector<std::string>& arguments,
                             const ChildOptions& options = {});
  Child(Child&& other) noexcept;
  // Abandoned before its end: it is stopped, for nobody reads what it still has to say.
  ~Child();

  Result<std::size_t> read(ByteSpan into) { return read_stream(output_.get(), into, name_); }
  // One read, of what there is; 0 = end.
  Result<std::size_t> read_some(ByteSpan into);
  // Whether read_some has an answer at once; false when that took longer than `timeout`.
  Result<bool> readable(Duration timeout);
  // Waits for its end. kFailed if it did not exit with 0.
  Status finish();

 private:
  Child(UniqueFd output, UniqueFd messages, pid_t process, std::string name);
  int wait_for_end();
  std::string last_messages();

  UniqueFd output_, messages_;
  pid_t process_;
  std::string name_;
};

}  // namespace backcast::env
