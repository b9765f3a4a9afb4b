// A backup of what a program prints: standard input, or a command whose failure must not leave a
// snapshot of half a dump behind.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/wire.h"
#include "engine/source/node.h"

namespace backcast::source {

class PipeSource {
 public:
  virtual ~PipeSource() = default;
  // Fills `into` unless the stream ends; 0 = end.
  virtual Result<std::size_t> read(ByteSpan into) = 0;
  // After the end: kFailed if the command did not exit with 0.
  virtual Status close() = 0;
};

std::unique_ptr<PipeSource> standard_input();
// Runs a program found in PATH with its arguments, without a shell; its messages go to our stderr.
Result<std::unique_ptr<PipeSource>> open_command(const std::vector<std::string>& arguments);

// The node of a stream saved as `name`: a file of mode 0600, ours, modified now.
Node pipe_node(const std::string& name, std::int64_t now_ns);

}  // namespace backcast::source
