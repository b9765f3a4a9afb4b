#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "engine/base/embedded.h"
#include "reports/html/html_parts.h"
#include "reports/parts/escape.h"

namespace backcast::reports {

std::span<const EmbeddedFile> page_assets();  // reports/assets
std::span<const EmbeddedFile> plot_assets();  // Dygraphs

namespace {

std::string_view find(std::span<const EmbeddedFile> files, std::string_view ending) {
  const auto at = std::find_if(files.begin(), files.end(),
                               [&](const auto& file) { return file.name.ends_with(ending); });
  return at == files.end() ? std::string_view() : at->text;
}

// "'sha256-…'" of exactly the text between the tags, as Content Security Policy wants it.
std::string csp_hash(std::string_view text) {
  std::array<unsigned char, 32> digest{};
  unsigned int size = 0;
  BACKCAST_ASSERT(
      EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1 &&
      size == digest.size());
  std::array<unsigned char, 45> base64{};
  EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(digest.size()));
  return fmt::format("'sha256-{}'", reinterpret_cast<const char*>(base64.data()));
}

std::string style_text() {
  return std::string(find(plot_assets(), ".css")) + "\n" +
         std::string(find(page_assets(), "report.css"));
}

std::string script_text() {
  return fmt::format("/* Dygraphs, which draws the zoomable lines:\n{}*/\n{}\n{}",
                     find(plot_assets(), "copyright"), find(plot_assets(), ".js"),
                     find(page_assets(), "report.js"));
}

}  // namespace

std::string html_page(const Page& page) {
  const std::string style = style_text(), script = script_text();
  std::string out = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  out += fmt::format(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "script-src {}; style-src {}; base-uri 'none'; form-action 'none'\">\n",
      csp_hash(script), csp_hash(style));
  out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  out += fmt::format("<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
                     xml_text(page.title), style);
  out += page.body;
  out += fmt::format("<script type=\"application/json\" id=\"series\">{}</script>\n",
                     page.series_json);
  out += fmt::format("<script>{}</script>\n</body>\n</html>\n", script);
  return out;
}

}  // namespace backcast::reports
