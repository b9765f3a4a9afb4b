// Sizes, instants, durations, names and documents as users write them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "engine/base/document.h"
#include "engine/base/document/node.h"
#include "engine/base/harmless.h"
#include "engine/base/instant.h"
#include "engine/base/json_number.h"
#include "engine/base/text.h"

namespace backcast {
namespace {

TEST(Bytes, ReadsDecimalAndBinaryUnits) {
  EXPECT_EQ(*parse_bytes("20 GB"), 20'000'000'000u);
  EXPECT_EQ(*parse_bytes("5GiB"), 5ull << 30);
  EXPECT_EQ(*parse_bytes("1.5 kB"), 1500u);
  EXPECT_EQ(*parse_bytes("0"), 0u);
  EXPECT_EQ(*parse_bytes("18446744073709551615"), UINT64_MAX);
}

TEST(Bytes, RefusesWhatIsNotASize) {
  for (const char* text : {"", "-5 GB", "GB", "5 gigs", "1.2.3 MB", "1.5 B", "18446744073709551616",
                           "16 EiB", "99999999999999999999999999999999999999999999 GB"}) {
    EXPECT_FALSE(parse_bytes(text).ok()) << text;
  }
}

TEST(Bytes, PrintsTwoDigitsRoundedHalfUp) {
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(20'000'000'000), "20.00 GB");
  EXPECT_EQ(format_bytes(1'995), "2.00 kB");
  EXPECT_EQ(format_bytes(999'999), "1.00 MB");
}

TEST(Instants, ReadOffsetsAndNanoseconds) {
  const auto t = *parse_instant("2024-03-31T02:30:00.123456789+02:00");
  EXPECT_EQ(format_instant(t.instant), "2024-03-31T00:30:00.123456789Z");
  EXPECT_EQ(t.offset, std::chrono::hours(2));
  EXPECT_EQ(format_instant(parse_instant("2024-02-29")->instant), "2024-02-29T00:00:00Z");
  EXPECT_EQ(parse_instant("2024-01-01 10:00:00-14:00")->offset, -std::chrono::hours(14));
}

TEST(Instants, RefuseDatesThatDoNotExist) {
  for (const char* text :
       {"", "2023-02-29", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "0001-01-01",
        "2024-01-01T00:00:00Zjunk", "2024-01-01T00:00:00+25:00", "yesterday"}) {
    EXPECT_FALSE(parse_instant(text).ok()) << text;
  }
}

TEST(Durations, ReadSumsOfUnits) {
  EXPECT_EQ(*parse_duration("1d12h"), kDay + 12 * kHour);
  EXPECT_EQ(*parse_duration("15 min"), 15 * kMinute);
  EXPECT_EQ(format_duration(kDay + 90 * kSecond), "1d 1m 30s");
  for (const char* text : {"", "5", "-1d", "3 fortnights", "99999999999d"}) {
    EXPECT_FALSE(parse_duration(text).ok()) << text;
  }
}

TEST(Text, PrintableEscapesControlsAndBadUtf8) {
  EXPECT_EQ(printable("a\x1b[31m\xff"), "\"a\\x1b[31m\\xff\"");
  EXPECT_EQ(printable("Zürich"), "\"Zürich\"");
}

TEST(Text, NothingFromOutsideSteersATerminalOrTurnsTextAround) {
  EXPECT_EQ(harmless("Zürich 漢字 😀 \xe2\x80\x8d"), "Zürich 漢字 😀 \xe2\x80\x8d");
  EXPECT_EQ(harmless("a\xc2\x9b"
                     "2Jb"),
            "a\\xc2\\x9b2Jb")
      << "U+009B is a CSI of its own";
  EXPECT_EQ(harmless("\x9b"), "\\x9b");
  EXPECT_EQ(harmless("txt.\xe2\x80\xae"
                     "exe"),
            "txt.\\xe2\\x80\\xaeexe")
      << "U+202E";
  EXPECT_EQ(harmless("\xe2\x81\xa6\xe2\x81\xa9\xd8\x9c\xe2\x80\x8f"),
            "\\xe2\\x81\\xa6\\xe2\\x81\\xa9\\xd8\\x9c\\xe2\\x80\\x8f");
  EXPECT_EQ(harmless("\xf3\xa0\x81\x81"), "\\xf3\\xa0\\x81\\x81") << "a tag, not seen";
  EXPECT_EQ(harmless("one\ntwo\r\t"), "one\\x0atwo\\x0d\\x09");
  EXPECT_EQ(harmless("one\ntwo\r", Lines::kKeep), "one\ntwo\\x0d");
  // Every code point: what is shown as it is is neither a control nor direction nor unseen.
  std::size_t shown = 0;
  for (char32_t code = 0; code < 0x110000; ++code) {
    std::string text;
    if (code < 0x80) {
      text = {static_cast<char>(code)};
    } else if (code < 0x800) {
      text = {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
    } else if (code < 0x10000) {
      text = {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 63)),
              static_cast<char>(0x80 | (code & 63))};
    } else {
      text = {static_cast<char>(0xF0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 63)),
              static_cast<char>(0x80 | (code >> 6 & 63)), static_cast<char>(0x80 | (code & 63))};
    }
    const Character c = first_character(text);
    EXPECT_EQ(c.is_valid, code < 0xD800 || code > 0xDFFF);
    if (c.is_valid) {
      EXPECT_EQ(c.code, code);
    }
    EXPECT_EQ(harmless(text) == text, c.is_harmless);
    shown += c.is_harmless;
  }
  EXPECT_EQ(shown, 0x110000u - 2048 - 32 - 33 - 1 - 1 - 2 - 7 - 16 - 1 - 3 - 128);
}

TEST(Text, NearestNameOffersTyposOnly) {
  const std::string_view names[] = {"retention", "schedule"};
  EXPECT_EQ(nearest_name("retenton", names), "retention");
  EXPECT_EQ(nearest_name("zzz", names), "");
}

TEST(JsonNumbers, AreTakenAsWrittenOrNotAtAll) {
  const auto whole = [](const char* text) { return whole_number(nlohmann::json::parse(text)); };
  const auto count = [](const char* text) { return count_number(nlohmann::json::parse(text), 99); };
  EXPECT_EQ(whole("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(whole("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(count("0"), 0u);
  EXPECT_EQ(count("99"), 99u);
  for (const char* text : {"1.0", "1e3", "1e30", "-1e30", "\"1\"", "null", "[1]", "true",
                           "9223372036854775808", "18446744073709551615"}) {
    EXPECT_EQ(whole(text), std::nullopt) << text;
    EXPECT_EQ(count(text), std::nullopt) << text;
  }
  EXPECT_EQ(count("100"), std::nullopt);
  EXPECT_EQ(count("-1"), std::nullopt);
}

TEST(Document, NothingAfterAZeroByteIsIgnored) {
  using namespace std::string_view_literals;
  const auto doc = Document::parse("{}\n\0 {\"more\": 1}"sv, "t.json");
  ASSERT_FALSE(doc.ok());
  EXPECT_EQ(to_string(doc.error()), "t.json:2: a zero byte");
}

TEST(Document, KnowsTheLineOfEveryValue) {
  const auto doc =
      *Document::parse("{ // note\n \"a\": [1,\n  22\n ],\n \"b\": {\"c/d\": \"x\"}\n}", "t.json");
  EXPECT_EQ(doc.locate("/a/0").line, 2);
  EXPECT_EQ(doc.locate("/a/1").line, 3);
  EXPECT_EQ(doc.locate("/b/c~1d").line, 5);
  EXPECT_EQ(doc.locate("/b/missing").line, 5);
}

TEST(Document, KnowsTheColumnOfEveryValue) {
  const auto doc = *Document::parse(
      "{\"a\": [1, -2.5e3,\n 22\n], \"b\\\"\": \"x\\\\\", \"c\": [true, null, \"y\\\"z\", {}],\n"
      " \"d\": 7}",
      "t.json");
  const auto place = [&](std::string_view pointer) {
    const Location where = doc.locate(pointer);
    return std::to_string(where.line) + ':' + std::to_string(where.column);
  };
  EXPECT_EQ(place(""), "1:1");
  EXPECT_EQ(place("/a"), "1:7");
  EXPECT_EQ(place("/a/0"), "1:8");
  EXPECT_EQ(place("/a/1"), "1:11");
  EXPECT_EQ(place("/a/2"), "2:2");
  EXPECT_EQ(place("/b\""), "3:11");
  EXPECT_EQ(place("/c/0"), "3:24");
  EXPECT_EQ(place("/c/1"), "3:30");
  EXPECT_EQ(place("/c/2"), "3:36");
  EXPECT_EQ(place("/c/3"), "3:44");
  EXPECT_EQ(place("/d"), "4:7");
}

TEST(Document, RefusesHostileText) {
  EXPECT_EQ(Document::parse("{\"a\":1,\n\"a\":2}", "t").error().where.line, 2);
  EXPECT_FALSE(Document::parse(std::string(10'000'000, '['), "t").ok());
  EXPECT_EQ(Document::parse("{\n\"a\": \"\xff\"}", "t").error().where.line, 2);
  EXPECT_FALSE(Document::parse("{\"a\": 1", "t").ok());
  EXPECT_EQ(Document::parse("{\"a\": [1, 2,\n ]}", "t").error().hint, "remove the comma before it");
  EXPECT_EQ(Document::parse("{\"a\": 1, }", "t").error().hint, "remove the comma before it");
  EXPECT_EQ(Document::parse("{\"a\": ]", "t").error().hint, "");
  EXPECT_FALSE(Document::parse("", "t").ok());
}

TEST(Documents, EntriesOfListsAreCalledByNameOrPlace) {
  const auto root = nlohmann::json::parse(R"({
    "services": [{"name": "web"}, {"name": "db/1", "size": 1}, {"size": 2}, {"name": "7"},
                 {"name": "same"}, {"name": "same"}],
    "tags": ["web"]})");
  const auto both = [&](const char* by_name, const char* by_place) {
    EXPECT_EQ(pointer_by_place(root, by_name), by_place);
    EXPECT_EQ(pointer_by_place(root, by_place), by_place);
    EXPECT_EQ(pointer_by_name(root, by_place), by_name);
  };
  both("/services/web/size", "/services/0/size");
  both("/services/db~11/job/rate", "/services/1/job/rate");
  both("/services/2/size", "/services/2/size");
  both("/services/3", "/services/3");  // "7" would be a place
  both("/services/4", "/services/4");  // two have that name
  both("/tags/0", "/tags/0");
  for (const char* nothing :
       {"/services/nobody", "/services/same", "/services/-", "/other/web", "", "services/web",
        "/services/99999999999999999999", "/services/0/a~2"}) {
    EXPECT_EQ(pointer_by_place(root, nothing), nothing);
  }
}

}  // namespace
}  // namespace backcast
