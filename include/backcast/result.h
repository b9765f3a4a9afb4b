// What every call of the library gives back: a value, or what is wrong. Nothing is thrown but by
// taking a value that is not there.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace backcast {

// One fault. `text` is what the program would print: what is wrong, where (file, line, JSON
// pointer) and what to do next.
struct Problem {
  // The program's exit code for it: 1 failed, 2 bad input, 3 source partly unreadable,
  // 10 no repository, 11 locked, 12 wrong passphrase.
  int code = 1;
  std::string text;
};

template <typename T>
class [[nodiscard]] Expected {
 public:
  Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Expected(std::vector<Problem> problems) : state_(std::in_place_index<1>, std::move(problems)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Throw std::bad_variant_access where there is no value.
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  // All faults at once, in the order of the document; empty where there is a value.
  std::vector<Problem> problems() const {
    return ok() ? std::vector<Problem>() : std::get<1>(state_);
  }
  // Their texts, one per line.
  std::string problem_text() const {
    std::string text;
    for (const Problem& problem : problems()) text += problem.text + '\n';
    return text;
  }

 private:
  std::variant<T, std::vector<Problem>> state_;
};

}  // namespace backcast
