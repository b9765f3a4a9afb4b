#include "engine/base/lone_bytes.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/base/document.h"

namespace backcast {
namespace {

TEST(LoneBytes, OfLosslessJsonAreReadAndStayDifferent) {
  const std::string text =
      R"({"a": "caf\udce9", "b": "caf\udcE8", "c": "\\udce9", "d": "\ud83d\ude00", "e": "\u00e9"})";
  EXPECT_EQ(with_private_bytes(text).size(), text.size());
  const auto document = Document::parse(text, "x");
  ASSERT_TRUE(document.ok()) << to_string(document.error());
  EXPECT_EQ(document->root()["a"], "caf\xEF\x9F\xA9");
  EXPECT_EQ(document->root()["b"], "caf\xEF\x9F\xA8");
  EXPECT_EQ(document->root()["c"], "\\udce9");
  EXPECT_EQ(document->root()["d"], "\xF0\x9F\x98\x80");
  EXPECT_EQ(document->root()["e"], "\xC3\xA9");
}

TEST(LoneBytes, OtherLoneHalvesAreNoText) {
  for (const char* text :
       {R"(["\udc10"])", R"(["\ud83d"])", R"(["\ude00"])", R"(["\)", R"(["\u)"}) {
    EXPECT_FALSE(Document::parse(text, "x").ok()) << text;
  }
}

}  // namespace
}  // namespace backcast
