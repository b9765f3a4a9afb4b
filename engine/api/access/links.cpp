#include "engine/api/access/links.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <charconv>

#include "engine/env/env.h"

namespace backcast::api {

Links::Links() {
  env::posix_env().random(key_);
}

std::string Links::signature(std::string_view path, std::string_view expires) const {
  const std::string text = fmt::format("{}\n{}", expires, path);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  std::string out;
  for (unsigned i = 0; i < size; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

std::string Links::sign(std::string_view path, Instant expires) const {
  const std::string when = std::to_string(unix_seconds(expires));
  return fmt::format("{}?expires={}&signature={}", path, when, signature(path, when));
}

bool Links::allows(const Request& request, Instant now) const {
  const auto expires = find(request.query, "expires");
  const auto given = find(request.query, "signature");
  if (request.method != "GET" || !expires || !given) return false;
  std::int64_t seconds = 0;
  const auto end = expires->data() + expires->size();
  const auto read = std::from_chars(expires->data(), end, seconds);
  if (read.ec != std::errc() || read.ptr != end || seconds < unix_seconds(now)) return false;
  const std::string wanted =
      signature(request.target.substr(0, request.target.find('?')), *expires);
  return wanted.size() == given->size() &&
         CRYPTO_memcmp(wanted.data(), given->data(), wanted.size()) == 0;
}

}  // namespace backcast::api
