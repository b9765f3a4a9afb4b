// A form that came as multipart/form-data (RFC 7578), in a file: what one of its fields holds.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace backcast::api {

struct FormFile {
  std::string file_name;  // as the sender calls it; "" = not said
  std::uint64_t offset = 0, bytes = 0;
};

// Where in `file` the field lies. `content_type` is the request's. Errors: kBadInput for what is no
// such form, has no such field, or ends before it is whole.
Result<FormFile> find_field(const std::string& file, std::string_view content_type,
                            std::string_view field);
// A part of a file as a new file, mode 0600.
Status copy_part(const std::string& from, const FormFile& part, const std::string& to);

}  // namespace backcast::api
