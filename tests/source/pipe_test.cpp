#include "engine/source/pipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace backcast::source {
namespace {

using testing::HasSubstr;

TEST(Pipe, ReadsAllThatACommandPrints) {
  const auto command = *open_command({"seq", "1", "100000"});
  std::string text;
  std::vector<std::uint8_t> buffer(10007);
  for (;;) {
    const std::size_t got = *command->read(buffer);
    text += as_text(ByteView(buffer).first(got));
    if (got < buffer.size()) break;
  }
  EXPECT_EQ(text.size(), 588895u);
  EXPECT_TRUE(text.ends_with("\n99999\n100000\n"));
  EXPECT_TRUE(command->close().ok());
}

TEST(Pipe, ACommandThatFailsIsAnError) {
  const auto command = *open_command({"sh", "-c", "echo half; exit 7"});
  std::uint8_t buffer[100];
  EXPECT_EQ(*command->read(buffer), 5u);
  const auto closed = command->close();
  ASSERT_FALSE(closed.ok());
  EXPECT_THAT(to_string(closed.error()), HasSubstr("exit code 7"));
  const auto killed = *open_command({"sh", "-c", "kill -9 $$"});
  EXPECT_EQ(*killed->read(buffer), 0u);
  EXPECT_THAT(to_string(killed->close().error()), HasSubstr("signal 9"));
}

TEST(Pipe, ArgumentsAreNotForAShell) {
  const auto command = *open_command({"printf", "%s", "$HOME; `x` *"});
  std::uint8_t buffer[100];
  EXPECT_EQ(as_text(ByteView(buffer).first(*command->read(buffer))), "$HOME; `x` *");
}

TEST(Pipe, AMissingCommandIsNamed) {
  const auto command = open_command({"no-such-program"});
  ASSERT_FALSE(command.ok());
  EXPECT_THAT(to_string(command.error()), HasSubstr("no-such-program"));
  EXPECT_FALSE(open_command({}).ok());
}

TEST(Pipe, AnAbandonedCommandIsStopped) {
  const auto command = *open_command({"yes"});
  std::uint8_t buffer[4];
  EXPECT_EQ(*command->read(buffer), 4u);
}

}  // namespace
}  // namespace backcast::source
