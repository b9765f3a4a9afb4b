// The charset in which libarchive takes and gives names.
#pragma once

#include <locale.h>

namespace backcast::source {

// libarchive takes names in the charset of the locale. Under this one, which the thread has as long
// as this lives, UTF-8 stays as it is, and what is not UTF-8 is written byte by byte.
class Utf8Locale {
 public:
  Utf8Locale() {
    // Read from disk once: for each of many entries it would take longer than they do.
    static const locale_t kUtf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (kUtf8 != nullptr) before_ = uselocale(kUtf8);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  ~Utf8Locale() {
    if (before_ != nullptr) uselocale(before_);
  }

 private:
  locale_t before_ = nullptr;
};

}  // namespace backcast::source
