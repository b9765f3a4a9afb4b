// Text from outside (names, reasons, errors) made harmless for the place it is shown in.
#pragma once

#include <string>
#include <string_view>

namespace backcast::reports {

// For a terminal, and for CSV: harmless() of engine/base/harmless.h.
std::string terminal_text(std::string_view text);
// For one cell or line of Markdown: as terminal_text, and nothing in it is markup.
std::string markdown_text(std::string_view text);
// For HTML, SVG and XML, as content or as a quoted attribute: & < > " ' become entities, and what
// XML 1.0 cannot hold (U+FFFE, U+FFFF) or is not harmless becomes U+FFFD; tabs and lines stay.
std::string xml_text(std::string_view text);
// A JSON string with its quotes that may stand inside <script> and on a terminal: < > & and what is
// not harmless as \uNNNN. Nothing is lost: a byte that is no UTF-8 is \udcNN with its value, as
// Python's surrogateescape (PEP 383) writes and reads it.
std::string json_text(std::string_view text);

}  // namespace backcast::reports
