#include "cli/shared/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "engine/env/system_error.h"

namespace backcast::cli {
namespace {

namespace fs = std::filesystem;

Error cannot_write(const std::string& path) {
  return env::system_error("write", path, errno);
}

Error already_there(const std::string& path) {
  return Error{Errc::kExists,
               "something is there already, and is not overwritten",
               {path, "", 0, 0},
               "give another name: -o NAME"};
}

// Where a chain of symbolic links ends, so that a link stays one.
std::string final_place(const std::string& path) {
  std::error_code error;
  const bool is_link = fs::is_symlink(path, error);
  const fs::path target = is_link ? fs::weakly_canonical(path, error) : fs::path(path);
  return error ? path : target.string();
}

}  // namespace

OutputFile::Part::~Part() {
  if (file != nullptr) std::fclose(file);
  if (!temporary.empty()) ::unlink(temporary.c_str());
}

Result<OutputFile> OutputFile::create(const std::string& path) {
  OutputFile output;
  output.part_ = std::make_unique<Part>();
  Part& part = *output.part_;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) {
    errno = EISDIR;
    return cannot_write(path);
  }
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    part.place = path;
    part.file = std::fopen(path.c_str(), "wb");
  } else {
    part.place = final_place(path);
    const std::string name = part.place + ".part-" + std::to_string(::getpid());
    part.file = std::fopen(name.c_str(), "wbx");
    if (part.file != nullptr) part.temporary = name;
  }
  if (part.file == nullptr) return cannot_write(path);
  return output;
}

Status OutputFile::append(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), part_->file) == text.size()) return kOk;
  return cannot_write(part_->place);
}

Status OutputFile::settle() {
  Part& part = *part_;
  if (std::fflush(part.file) != 0) return cannot_write(part.place);
  if (part.temporary.empty()) return kOk;
  if (::fsync(::fileno(part.file)) != 0) return cannot_write(part.place);
  return kOk;
}

Status OutputFile::finish_new() {
  Part& part = *part_;
  BACKCAST_CHECK(settle());
  if (part.temporary.empty()) return already_there(part.place);
  const char *from = part.temporary.c_str(), *to = part.place.c_str();
  // Not every file system has the one, nor the other.
  bool is_moved = ::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0;
  if (!is_moved && errno != EEXIST) is_moved = ::link(from, to) == 0;
  if (!is_moved) return errno == EEXIST ? already_there(part.place) : cannot_write(part.place);
  return kOk;  // a link leaves the temporary name, which goes with the part
}

Status OutputFile::finish() {
  Part& part = *part_;
  BACKCAST_CHECK(settle());
  if (part.temporary.empty()) return kOk;
  if (std::rename(part.temporary.c_str(), part.place.c_str()) != 0) {
    return cannot_write(part.place);
  }
  part.temporary.clear();
  return kOk;
}

Status check_is_new(const std::string& path) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(path, error))) return already_there(path);
  return kOk;
}

Status write_new(const std::string& path, std::string_view text) {
  BACKCAST_CHECK(check_is_new(path));
  BACKCAST_TRY(OutputFile file, OutputFile::create(path));
  BACKCAST_CHECK(file.append(text));
  return file.finish_new();
}

Status write_output(const std::string& path, std::string_view text) {
  BACKCAST_TRY(OutputFile file, OutputFile::create(path));
  BACKCAST_CHECK(file.append(text));
  return file.finish();
}

}  // namespace backcast::cli
