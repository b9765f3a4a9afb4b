// Entries of trees as bytes: one encoding each, and nothing else is accepted.
#include "engine/source/node.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <random>

namespace backcast::source {
namespace {

std::string random_text(std::mt19937_64& random, std::size_t max_bytes) {
  std::string text(random() % (max_bytes + 1), '\0');
  for (char& c : text) {
    do {
      c = static_cast<char>(random());
    } while (c == '\0' || c == '/');
  }
  return text;
}

Node random_node(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto one_in = [&](unsigned n) { return random() % n == 0; };
  Node node;
  node.kind = static_cast<NodeKind>(1 + random() % 7);
  do {
    node.name = random_text(random, 255);
  } while (!is_entry_name(node.name));
  node.mode = static_cast<std::uint16_t>(random() % 010000);
  node.uid = static_cast<std::uint32_t>(random() >> (random() % 64));
  node.gid = static_cast<std::uint32_t>(random() >> (random() % 64));
  if (one_in(2)) node.user = random_text(random, 32);
  if (one_in(2)) node.group = random_text(random, 32);
  node.mtime_ns = static_cast<std::int64_t>(random());
  node.ctime_ns = one_in(4) ? INT64_MIN : static_cast<std::int64_t>(random() >> (random() % 64));
  if (one_in(3)) node.links = random() % 5, node.device = random(), node.inode = random();
  if (node.kind == NodeKind::kSymlink) node.target = "x" + random_text(random, 300);
  if (node.kind == NodeKind::kBlockDevice || node.kind == NodeKind::kCharDevice) {
    node.device_major = static_cast<std::uint32_t>(random() % 5000);
    node.device_minor = static_cast<std::uint32_t>(random());
  }
  for (char name = 'a'; one_in(2); ++name) {
    node.attributes.push_back({"user." + std::string(1, name), random_text(random, 60)});
  }
  if (node.kind == NodeKind::kFile) {
    node.size_bytes = one_in(5) ? INT64_MAX : random() >> (1 + random() % 63);
    node.sparse = one_in(2);
    for (std::uint64_t at = random() % 100; node.sparse && !one_in(4);) {
      const std::uint64_t size = 1 + random() % 100000;
      if (at > node.size_bytes || size > node.size_bytes - at) break;
      node.data.push_back({at, size});
      at += size + 1 + random() % 100000;
    }
    if (one_in(2)) node.content = random_text(random, 80);
  }
  return node;
}

std::string bytes_of(const Node& node) {
  std::string bytes;
  append_node(bytes, node);
  return bytes;
}

RC_GTEST_PROP(Node, WhatIsWrittenIsReadBack, (std::uint64_t seed)) {
  const Node node = random_node(seed);
  const std::string bytes = bytes_of(node) + "next";
  WireReader reader(as_bytes(bytes));
  const auto back = read_node(reader);
  RC_ASSERT(back.ok());
  RC_ASSERT(*back == node);
  RC_ASSERT(as_text(reader.rest()) == "next");
}

// Whatever the bytes are, reading ends, and what it accepts is exactly what writing gives.
RC_GTEST_PROP(Node, DamagedBytesAreRefusedOrAreAnotherNode, (std::uint64_t seed)) {
  std::mt19937_64 random(seed);
  std::string bytes = bytes_of(random_node(seed));
  for (int i = 0; i < 40; ++i) {
    std::string damaged = bytes;
    switch (random() % 4) {
      case 0:
        damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
        break;
      case 1:
        damaged.resize(random() % damaged.size());
        break;
      case 2:
        damaged.insert(random() % damaged.size(), 1 + random() % 9, static_cast<char>(random()));
        break;
      default:
        damaged.erase(random() % damaged.size(), 1 + random() % 9);
    }
    WireReader reader(as_bytes(damaged));
    const auto node = read_node(reader);
    if (!node.ok()) {
      RC_ASSERT(node.error().code == Errc::kCorrupt);
      continue;
    }
    const std::size_t used = damaged.size() - reader.rest().size();
    RC_ASSERT(bytes_of(*node) == damaged.substr(0, used));
  }
}

TEST(Node, EveryTruncationIsRefused) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::string bytes = bytes_of(random_node(seed));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      WireReader reader(as_bytes(std::string_view(bytes).substr(0, size)));
      EXPECT_FALSE(read_node(reader).ok()) << seed << " cut to " << size;
    }
  }
}

TEST(Node, NamesThatLeaveTheirFolderAreRefused) {
  for (const std::string& name :
       {std::string(""), std::string("."), std::string(".."), std::string("a/b"), std::string("/"),
        std::string("a\0b", 3), std::string(kMaxNameBytes + 1, 'x')}) {
    EXPECT_FALSE(is_entry_name(name)) << name;
    Node node;
    node.name = "aaa";
    std::string bytes = bytes_of(node);
    const auto at = bytes.find("aaa");
    std::string length;
    WireWriter(length).varint(name.size());
    bytes.replace(at - 1, 4, length + name);
    WireReader reader(as_bytes(bytes));
    EXPECT_FALSE(read_node(reader).ok()) << name;
  }
  for (const char* name : {"...", "a", "\xff\xfe", " ", "-", "\n"})
    EXPECT_TRUE(is_entry_name(name));
}

TEST(Node, AnAnnouncedHugeLengthAllocatesNothing) {
  std::string bytes;
  WireWriter out(bytes);
  out.varint(0);
  out.u8(1);
  out.varint(UINT64_MAX);
  WireReader reader(as_bytes(bytes));
  EXPECT_FALSE(read_node(reader).ok());
}

TEST(Node, ContentOfASparseFileIsItsData) {
  Node node;
  node.size_bytes = 100;
  EXPECT_EQ(node.content_bytes(), 100u);
  node.sparse = true;
  EXPECT_EQ(node.content_bytes(), 0u);
  node.data = {{10, 5}, {90, 10}};
  EXPECT_EQ(node.content_bytes(), 15u);
}

}  // namespace
}  // namespace backcast::source
