#include "engine/kinds/formats/sha256.h"

#include <fcntl.h>
#include <openssl/evp.h>

#include <array>
#include <vector>

#include "engine/env/child.h"
#include "engine/env/system_error.h"
#include "engine/env/unique_fd.h"
#include "engine/store/format/id.h"

namespace backcast::kinds {
namespace {

constexpr std::size_t kPart = 1 << 20;

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
  BACKCAST_ASSERT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::add(ByteView bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::hex() {
  std::array<std::uint8_t, 32> digest{};
  EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
  return store::to_hex(ByteView(digest));
}

Result<std::string> sha256_of(const Path& file) {
  const env::UniqueFd in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in) return env::system_error("open", file.string(), errno);
  Sha256 sum;
  std::vector<std::uint8_t> part(kPart);
  while (true) {
    BACKCAST_TRY(const std::size_t got, env::read_stream(in.get(), part, file.string()));
    if (got == 0) return sum.hex();
    sum.add(ByteView(part).first(got));
  }
}

}  // namespace backcast::kinds
