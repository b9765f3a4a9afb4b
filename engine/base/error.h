// The one error type of Backcast and the value-or-error that carries it. No exception crosses a
// module boundary: a function that can fail returns Result<T>.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/assert.h"

namespace backcast {

// What kind of failure it is. The command line turns it into its exit code (`exit_code`).
enum class Errc : std::uint8_t {
  kFailed,         // the work could not be done
  kBadInput,       // a document, option or value that the user can correct
  kPartialSource,  // part of the source could not be read; the rest is done
  kNoRepository,   // no repository at that place
  kLocked,         // somebody else holds the repository
  kWrongKey,       // wrong passphrase or key
  kInterrupted,    // stopped by the user
  kNotFound,       // a named thing does not exist
  kCorrupt,        // stored bytes are not what was written
  kNoSpace,        // the disk is full
  kExists,         // a name that must be new is taken
};

// Where in the input the error lies; empty and zero fields are unknown.
struct Location {
  std::string file;     // path, or "-" for standard input
  std::string pointer;  // RFC 6901 JSON pointer
  int line = 0;         // 1-based
  int column = 0;       // 1-based, in bytes
};

struct [[nodiscard]] Error {
  Errc code = Errc::kFailed;
  std::string message;  // what is wrong, with the offending value; no trailing full stop
  Location where;
  std::string hint;  // what to do next; may be empty
};

// "file:12:3: /services/0/size: negative size -5; give a size such as \"20 GB\""
std::string to_string(const Error& error);

// The process exit code for an error of this kind: 1, 2, 3, 10, 11, 12 or 130.
int exit_code(Errc code);

inline Error bad_input(std::string message, std::string hint = {}) {
  return Error{Errc::kBadInput, std::move(message), {}, std::move(hint)};
}
inline Error failed(std::string message, std::string hint = {}) {
  return Error{Errc::kFailed, std::move(message), {}, std::move(hint)};
}

// A value or an error. E is Error, or std::vector<Error> where all faults are reported at once.
template <typename T, typename E = Error>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(E error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    BACKCAST_ASSERT(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    BACKCAST_ASSERT(ok());
    return *std::get_if<0>(&state_);
  }
  // By value: `for (auto& x : *list())` must not outlive the result it looks into.
  T value() && {
    BACKCAST_ASSERT(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  E& error() & {
    BACKCAST_ASSERT(!ok());
    return *std::get_if<1>(&state_);
  }
  const E& error() const& {
    BACKCAST_ASSERT(!ok());
    return *std::get_if<1>(&state_);
  }
  E&& error() && {
    BACKCAST_ASSERT(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, E> state_;
};

// Result of a function that has nothing to return: `return kOk;`.
struct Ok {};
inline constexpr Ok kOk{};
using Status = Result<Ok>;
using Errors = std::vector<Error>;

}  // namespace backcast

// BACKCAST_TRY(auto x, f());  declares x from a Result, or returns its error from this function.
// BACKCAST_CHECK(f());        the same for a Status.
#define BACKCAST_CONCAT_INNER(a, b) a##b
#define BACKCAST_CONCAT(a, b) BACKCAST_CONCAT_INNER(a, b)
#define BACKCAST_TRY(declaration, expression) \
  BACKCAST_TRY_IMPL(BACKCAST_CONCAT(result_, __LINE__), declaration, expression)
#define BACKCAST_TRY_IMPL(result, declaration, expression) \
  auto result = (expression);                              \
  if (!result.ok()) return std::move(result).error();      \
  declaration = std::move(result).value()
#define BACKCAST_CHECK(expression)                                                  \
  do {                                                                              \
    if (auto status = (expression); !status.ok()) return std::move(status).error(); \
  } while (false)
