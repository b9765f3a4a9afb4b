// Files that a verb writes beside its answer: whole or not at all.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace backcast::cli {

// A file written in pieces under a temporary name beside its place, and moved there by `finish`;
// destroyed before that, it leaves nothing and the old file as it was. What exists and is no
// regular file (a pipe, /dev/stdout) is written to directly. The umask decides who may read it.
class OutputFile {
 public:
  static Result<OutputFile> create(const std::string& path);
  Status append(std::string_view text);
  // It survives a power cut from here on.
  Status finish();
  // The same, unless something has come to stand there: kExists.
  Status finish_new();

 private:
  Status settle();  // what was written is on the disk, under its temporary name
  struct Part {
    std::string place, temporary;  // temporary "": written to directly
    std::FILE* file = nullptr;
    ~Part();
  };
  std::unique_ptr<Part> part_;
};

// For what must not replace anything: kExists if something stands at `path`.
Status check_is_new(const std::string& path);
// A file that was not there before, whole or not at all. Errors: kExists, also if it came to be
// meanwhile.
Status write_new(const std::string& path, std::string_view text);

// Replaces the file at `path`; after any failure the old one is still there.
Status write_output(const std::string& path, std::string_view text);

}  // namespace backcast::cli
