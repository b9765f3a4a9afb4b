#include "engine/source/pipe.h"

#include "engine/env/accounts.h"
#include "engine/env/child.h"

namespace backcast::source {
namespace {

class StandardInput final : public PipeSource {
 public:
  Result<std::size_t> read(ByteSpan into) override {
    return env::read_stream(env::kStandardInput, into, "standard input");
  }
  Status close() override { return kOk; }
};

class Command final : public PipeSource {
 public:
  explicit Command(env::Child child) : child_(std::move(child)) {}
  Result<std::size_t> read(ByteSpan into) override { return child_.read(into); }
  Status close() override { return child_.finish(); }

 private:
  env::Child child_;
};

}  // namespace

std::unique_ptr<PipeSource> standard_input() {
  return std::make_unique<StandardInput>();
}

Result<std::unique_ptr<PipeSource>> open_command(const std::vector<std::string>& arguments) {
  BACKCAST_TRY(env::Child child, env::Child::start(arguments));
  return std::unique_ptr<PipeSource>(std::make_unique<Command>(std::move(child)));
}

Node pipe_node(const std::string& name, std::int64_t now_ns) {
  Node node;
  node.name = name;
  node.mode = 0600;
  node.uid = env::effective_user();
  node.gid = env::effective_group();
  node.mtime_ns = now_ns;
  node.ctime_ns = now_ns;
  return node;
}

}  // namespace backcast::source
