// Programs that are run for what they print.
#include "engine/env/child.h"

#include <gmock/gmock.h>

#include <array>

namespace backcast::env {
namespace {

using testing::HasSubstr;

std::string all_of(Child& child) {
  std::array<std::uint8_t, 4096> bytes{};
  std::string text;
  while (true) {
    const auto got = child.read_some(bytes);
    EXPECT_TRUE(got.ok());
    if (!got.ok() || *got == 0) return text;
    text += as_text(ByteView(bytes).first(*got));
  }
}

TEST(Child, VariablesAreItsOwnAndReplaceOurs) {
  ::setenv("BACKCAST_CHILD", "ours", 1);
  ::setenv("BACKCAST_CHILD_TOO", "ours", 1);
  auto child = Child::start({"sh", "-c", "echo $BACKCAST_CHILD $BACKCAST_CHILD_TOO $NEW"},
                            {.environment = {{"BACKCAST_CHILD", "its"}, {"NEW", "new"}}});
  ASSERT_TRUE(child.ok());
  EXPECT_EQ(all_of(*child), "its ours new\n");
  EXPECT_TRUE(child->finish().ok());
}

TEST(Child, WhatItSaysLastIsInTheError) {
  auto child = Child::start({"sh", "-c", "echo begin >&2; echo no such database >&2; exit 3"},
                            {.keeps_messages = true});
  ASSERT_TRUE(child.ok());
  EXPECT_EQ(all_of(*child), "");
  const Status done = child->finish();
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().message, HasSubstr("exit code 3"));
  EXPECT_THAT(done.error().message, HasSubstr("no such database"));
}

TEST(Child, WaitingForItEnds) {
  auto child = Child::start({"sh", "-c", "sleep 0.3; echo late"});
  ASSERT_TRUE(child.ok());
  EXPECT_FALSE(*child->readable(std::chrono::milliseconds(20)));
  while (!*child->readable(std::chrono::seconds(1))) {
  }
  EXPECT_EQ(all_of(*child), "late\n");
}

TEST(Child, ReadsWhatItIsGiven) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  UniqueFd out(ends[0]), in(ends[1]);
  ASSERT_EQ(::write(in.get(), "given", 5), 5);
  in.reset();
  auto child = Child::start({"cat"}, {.input = out.get()});
  ASSERT_TRUE(child.ok());
  EXPECT_EQ(all_of(*child), "given");
}

}  // namespace
}  // namespace backcast::env
