#include "engine/base/error.h"

#include <cstdio>
#include <cstdlib>

namespace backcast {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "backcast: internal error: %s (%s:%d). Please report it.\n", condition, file,
               line);
  std::abort();
}

std::string to_string(const Error& error) {
  std::string text;
  if (!error.where.file.empty()) {
    text += error.where.file;
    if (error.where.line > 0) {
      text += ':' + std::to_string(error.where.line);
      if (error.where.column > 0) text += ':' + std::to_string(error.where.column);
    }
    text += ": ";
  } else if (error.where.line > 0) {
    text += "line " + std::to_string(error.where.line) + ": ";
  }
  if (!error.where.pointer.empty()) text += error.where.pointer + ": ";
  text += error.message;
  if (!error.hint.empty()) text += "; " + error.hint;
  return text;
}

int exit_code(Errc code) {
  switch (code) {
    case Errc::kBadInput:
      return 2;
    case Errc::kPartialSource:
      return 3;
    case Errc::kNoRepository:
      return 10;
    case Errc::kLocked:
      return 11;
    case Errc::kWrongKey:
      return 12;
    case Errc::kInterrupted:
      return 130;
    case Errc::kFailed:
    case Errc::kNotFound:
    case Errc::kCorrupt:
    case Errc::kNoSpace:
    case Errc::kExists:
      return 1;
  }
  return 1;
}

}  // namespace backcast
