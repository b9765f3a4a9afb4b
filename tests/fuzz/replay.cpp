// The ordinary build's way through every target: seeds, corpus and a fixed number of mutations.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/fuzz/fuzz_target.h"

namespace backcast::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxInputBytes = 64 << 10;

std::vector<std::string> corpus_of(const std::string& name) {
  std::vector<fs::path> paths;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("tests/fuzz/corpus/" + name, none)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> inputs;
  for (const auto& path : paths) {
    std::ostringstream bytes;
    bytes << std::ifstream(path, std::ios::binary).rdbuf();
    inputs.push_back(bytes.str());
  }
  return inputs;
}

// What breaks parsers: lengths, ends, repetitions, numbers at their limits.
void mutate(std::string& bytes, const std::vector<std::string>& inputs, std::mt19937_64& random) {
  static const std::string kNasty[] = {std::string(1, '\0'),
                                       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                                       "\x80",
                                       "-1",
                                       "0",
                                       "18446744073709551616",
                                       "9223372036854775807",
                                       "1e999",
                                       "\"",
                                       "[[[[[[[[",
                                       "{\"a\":",
                                       "\xf0\x9f",
                                       "%s%n",
                                       "\\u0000",
                                       "2026-02-30",
                                       "*/0",
                                       "99999999999999999999",
                                       ","};
  const std::size_t at = bytes.empty() ? 0 : random() % bytes.size();
  switch (random() % 8) {
    case 0:
      if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
      break;
    case 1:
      if (!bytes.empty()) bytes[at] = static_cast<char>(random());
      break;
    case 2:
      bytes.erase(at, 1 + random() % 16);
      break;
    case 3:
      bytes.insert(at, kNasty[random() % std::size(kNasty)]);
      break;
    case 4:
      bytes.resize(at);
      break;
    case 5:
      bytes.insert(at, bytes.substr(at, 1 + random() % 64));
      break;
    case 6: {
      const std::string& other = inputs[random() % inputs.size()];
      bytes = bytes.substr(0, at) + other.substr(other.empty() ? 0 : random() % other.size());
      break;
    }
    default: {
      // A number becomes another.
      const auto digit = bytes.find_first_of("0123456789", at);
      if (digit == std::string::npos) break;
      const auto end = std::min(bytes.find_first_not_of("0123456789", digit), bytes.size());
      bytes.replace(digit, end - digit, std::to_string(random() >> (random() % 64)));
    }
  }
  if (bytes.size() > kMaxInputBytes) bytes.resize(kMaxInputBytes);
}

class Fuzz : public testing::TestWithParam<std::size_t> {};

TEST_P(Fuzz, EveryInputIsReadOrRefused) {
  const Target& target = targets()[GetParam()];
  std::vector<std::string> inputs = target.seeds();
  ASSERT_FALSE(inputs.empty());
  for (std::string& input : corpus_of(target.name)) inputs.push_back(std::move(input));
  for (const std::string& input : inputs) target.run(as_bytes(input));
  target.run({});
  const char* thorough = std::getenv("BACKCAST_THOROUGH");
  const int mutations = thorough != nullptr && *thorough != '0' ? 1'000'000 : 20'000;
  std::mt19937_64 random(1);
  std::string bytes;
  for (int i = 0; i < mutations; ++i) {
    if (i % 8 == 0) bytes = inputs[random() % inputs.size()];
    mutate(bytes, inputs, random);
    target.run(as_bytes(bytes));
  }
}

INSTANTIATE_TEST_SUITE_P(Parsers, Fuzz, testing::Range(std::size_t{0}, targets().size()),
                         [](const auto& param) {
                           return std::string(targets()[param.param].name);
                         });

}  // namespace
}  // namespace backcast::fuzz
