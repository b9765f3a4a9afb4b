// Text from outside (names, reasons, errors) made harmless for the place it is shown in.
#pragma once

#include <string>
#include <string_view>

namespace backcast::reports {

// For a terminal: control characters and invalid UTF-8 become \xNN.
std::string terminal_text(std::string_view text);
// For one cell or line of Markdown: as terminal_text, and nothing in it is markup.
std::string markdown_text(std::string_view text);
// For HTML, SVG and XML, as content or as a quoted attribute: & < > " ' become entities, and what
// XML 1.0 cannot hold (control characters, invalid UTF-8, U+FFFE, U+FFFF) becomes U+FFFD.
std::string xml_text(std::string_view text);
// A JSON string with its quotes that may stand inside <script>: < > & U+2028 and U+2029 as \uNNNN,
// invalid UTF-8 as U+FFFD.
std::string json_text(std::string_view text);

}  // namespace backcast::reports
