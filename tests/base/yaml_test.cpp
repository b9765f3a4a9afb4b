// YAML is read as the same document in JSON would be, and what it would guess at stays text.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/base/document.h"

namespace backcast {
namespace {

using nlohmann::json;

Result<Document> read(const std::string& text) {
  return Document::parse_file(text, "plan.yaml");
}

std::string error_of(const std::string& text) {
  const auto document = read(text);
  return document.ok() ? "read: " + document->root().dump() : to_string(document.error());
}

TEST(Yaml, PlainScalarsAreWhatJsonWouldWrite) {
  const auto document = read(
      "a: 1\nb: -2.5e3\nc: true\nd: null\ne: ~\nf:\ng: text\nh: 22:30\ni: no\nj: 0x1F\nk: 012\n"
      "l: 2026-01-01\nm: '1'\nn: \"true\"\no: .5\np: 1_000\nq: [1, {r: s}]\nt: |\n  two\n  lines\n"
      "u: !!str 7\n7: eight\n");
  ASSERT_TRUE(document.ok()) << to_string(document.error());
  const json expected = {{"a", 1},
                         {"b", -2500.0},
                         {"c", true},
                         {"d", nullptr},
                         {"e", nullptr},
                         {"f", nullptr},
                         {"g", "text"},
                         {"h", "22:30"},
                         {"i", "no"},
                         {"j", "0x1F"},
                         {"k", "012"},
                         {"l", "2026-01-01"},
                         {"m", "1"},
                         {"n", "true"},
                         {"o", ".5"},
                         {"p", "1_000"},
                         {"q", {1, {{"r", "s"}}}},
                         {"t", "two\nlines\n"},
                         {"u", "7"},
                         {"7", "eight"}};
  EXPECT_EQ(document->root(), expected);
}

TEST(Yaml, EveryValueHasItsPlace) {
  const auto document = *read("a: 1\nb:\n  - x\n  - c: y\n    d: [1, 2]\n");
  const auto place = [&](std::string_view pointer) {
    const Location where = document.locate(pointer);
    return std::to_string(where.line) + ':' + std::to_string(where.column);
  };
  EXPECT_EQ(place("/a"), "1:4");
  EXPECT_EQ(place("/b/0"), "3:5");
  EXPECT_EQ(place("/b/1/c"), "4:8");
  EXPECT_EQ(place("/b/1/d/1"), "5:12");
  EXPECT_EQ(place("/b/1/missing"), place("/b/1"));
}

TEST(Yaml, AnAliasIsWhatItsAnchorNames) {
  const auto document = read("a: &x {b: 1, c: [2]}\nd: *x\ne: [&y 3, *y]\n");
  ASSERT_TRUE(document.ok()) << to_string(document.error());
  EXPECT_EQ(document->root(), json::parse(R"({"a": {"b": 1, "c": [2]}, "d": {"b": 1, "c": [2]},
                                              "e": [3, 3]})"));
}

TEST(Yaml, WhatWouldBeGuessedAtIsRefused) {
  EXPECT_EQ(error_of("a: 1\nb: 2\na: 3\n"), "plan.yaml:3:1: field \"a\" is given twice");
  EXPECT_EQ(error_of("a:\n\tb: 1\n"),
            "plan.yaml:2:1: a tab in the indentation; indent with spaces");
  EXPECT_EQ(error_of("a: &x {b: 1}\nc:\n  <<: *x\n"),
            "plan.yaml:3:3: fields cannot be merged with <<; write them out, or use \"defaults\"");
  EXPECT_EQ(error_of("a: 1\n---\nb: 2\n").substr(0, 12), "plan.yaml:2:");
  EXPECT_EQ(error_of("? [a, b]\n: 1\n").substr(0, 15), "plan.yaml:1:3: ");
  EXPECT_EQ(error_of("a: !!binary aGk=\n").substr(0, 15), "plan.yaml:1:4: ");
  EXPECT_EQ(error_of(""), "plan.yaml:1:1: the document is empty");
  EXPECT_NE(error_of("a: [1, 2\nb: 3\n").find("plan.yaml:"), std::string::npos);
  EXPECT_NE(error_of("a: *nobody\n").find("plan.yaml:1"), std::string::npos);
}

TEST(Yaml, HostileTextEnds) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int n = 0; n < 8; ++n) bomb += ", " + last;
    bomb += "]\n";
  }
  EXPECT_NE(error_of(bomb).find("the aliases add up to too much"), std::string::npos);
  EXPECT_FALSE(read(std::string(100'000, '[')).ok());
  EXPECT_FALSE(read(std::string(100'000, '{')).ok());
  std::string deep;
  for (int i = 0; i < 2'000; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_FALSE(read(deep).ok());
  EXPECT_FALSE(read("a: \xff").ok());
  EXPECT_NE(error_of("a: " + std::string(5 << 20, 'x')).find("larger than the limit"),
            std::string::npos);
  EXPECT_FALSE(read("a: &x [*x]\n").ok());
}

// What JSON says, YAML says in the same words.
TEST(Yaml, ReadsJsonAsJson) {
  const std::string text = R"({"a": [1, 2.5, null, true, "x: y"], "b": {"c": "d\u00e9", "e": []}})";
  const auto yaml = read(text);
  ASSERT_TRUE(yaml.ok()) << to_string(yaml.error());
  EXPECT_EQ(yaml->root(), Document::parse(text, "plan.json")->root());
}

}  // namespace
}  // namespace backcast
