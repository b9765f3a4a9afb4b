// One connection of the server: reads a request, has it answered, sends the answer, again.
#pragma once

#include <fcntl.h>
#include <unistd.h>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <cctype>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <set>

#include "engine/api/http/server.h"

namespace backcast::api {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Code = beast::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kWorkers = 2;
constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr auto kAskAgain = std::chrono::milliseconds(50);
constexpr auto kDrainTime = std::chrono::seconds(5);

// A connection as the server sees it; touched on the thread that reads and writes alone.
struct Connection {
  virtual ~Connection() = default;
  virtual void close_if_idle() = 0;
  virtual void abort() = 0;
};

struct Core {
  Core(ServerOptions given, Service asked)
      : options(std::move(given)), service(std::move(asked)), tls(asio::ssl::context::tls_server) {}

  ServerOptions options;
  Service service;
  std::set<Connection*> open;
  std::atomic<std::uint32_t> count{0};
  bool stopping = false;
  std::mutex mutex;
  std::condition_variable all_closed;
  std::uint64_t next_upload = 0;
  // Last, so that they end first: what waits in them holds connections.
  asio::ssl::context tls;
  asio::io_context io{1};
  asio::thread_pool workers{kWorkers};
};

inline std::string text_of(beast::string_view text) {
  return {text.data(), text.size()};
}
inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// What a peer may take for the bytes it has moved so far: somebody who sends a byte now and then
// does not hold a connection for ever.
class Pace {
 public:
  explicit Pace(const ServerOptions& options) : options_(&options) {}
  void moved(std::size_t bytes) { bytes_ += bytes; }
  Clock::duration left() const {
    const auto earned = std::chrono::seconds(bytes_ / options_->min_bytes_per_second);
    const auto left = started_ + options_->idle_time + earned - Clock::now();
    return std::min<Clock::duration>(left, options_->idle_time);
  }

 private:
  const ServerOptions* options_;
  Clock::time_point started_ = Clock::now();
  std::uint64_t bytes_ = 0;
};

template <typename Stream>
class Session : public Connection, public std::enable_shared_from_this<Session<Stream>> {
  static constexpr bool kTls = !std::is_same_v<Stream, beast::tcp_stream>;

 public:
  Session(Core& core, Stream stream, std::string peer)
      : core_(core), stream_(std::move(stream)), peer_(std::move(peer)) {
    core_.open.insert(this);
    ++core_.count;
  }
  ~Session() override {
    core_.open.erase(this);
    const std::lock_guard guard(core_.mutex);
    --core_.count;
    core_.all_closed.notify_all();
  }

  void start() {
    tcp_layer().expires_after(core_.options.head_time);
    if constexpr (kTls) {
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = self()](Code error) { error ? void() : self->read_head(); });
    } else {
      read_head();
    }
  }
  void turn_away() {
    keep_alive_ = false;
    respond(refusal(503, "too many connections"));
  }
  void close_if_idle() override {
    if (is_idle_) tcp_layer().close();
  }
  void abort() override { tcp_layer().close(); }

 private:
  using Head = http::request_parser<http::empty_body>;
  using TextBody = http::request_parser<http::string_body>;
  using FileBody = http::request_parser<http::file_body>;

  auto self() { return this->shared_from_this(); }
  beast::tcp_stream& tcp_layer() { return beast::get_lowest_layer(stream_); }
  Response refusal(int status, std::string_view what) {
    return core_.service.refuse(request_, status, what);
  }

  void read_head() {
    request_ = {};
    request_.peer = peer_;
    head_.emplace();
    head_->header_limit(core_.options.max_header_bytes);
    head_->body_limit(std::numeric_limits<std::uint64_t>::max());  // none is 0 in Boost 1.74
    is_idle_ = true;
    tcp_layer().expires_after(core_.options.head_time);
    http::async_read_header(stream_, buffer_, *head_, [self = self()](Code error, std::size_t) {
      self->is_idle_ = false;
      self->on_head(error);
    });
  }

  void on_head(Code error) {
    if (error) return refuse_bytes(error);
    const auto& message = head_->get();
    keep_alive_ = message.keep_alive() && !core_.stopping;
    has_body_ = !head_->is_done();
    request_.method = text_of(message.method_string());
    request_.target = text_of(message.target());
    for (const auto& field : message) {
      request_.headers.emplace_back(lower(text_of(field.name_string())), text_of(field.value()));
    }
    if (auto apart = take_apart(request_); !apart.ok()) {
      return give_up(refusal(400, apart.error().message));
    }
    asio::post(core_.workers, [self = self()] {
      BodyPlan plan = self->guarded([&] { return self->core_.service.on_head(self->request_); });
      asio::post(self->core_.io, [self, plan = std::move(plan)] { self->follow(plan); });
    });
  }

  // Whatever escapes from a service is an answer of its own, not the end of the server.
  template <typename Ask>
  auto guarded(Ask ask) -> decltype(ask()) {
    try {
      return ask();
    } catch (const std::exception&) {
      if constexpr (std::is_same_v<decltype(ask()), BodyPlan>) {
        return BodyPlan{refusal(500, "this request cannot be answered"), 0, false};
      } else {
        return refusal(500, "this request cannot be answered");
      }
    }
  }

  void follow(const BodyPlan& plan) {
    if (plan.refusal) return has_body_ ? give_up(*plan.refusal) : respond(*plan.refusal);
    if (!has_body_) return ask();
    const auto length = head_->content_length();
    if (length && *length > plan.max_bytes) return give_up(too_long(plan.max_bytes));
    max_body_ = plan.max_bytes;
    pace_.emplace(core_.options);
    if (plan.to_file) {
      file_.emplace(std::move(*head_));
      file_->body_limit(plan.max_bytes);
      if (!open_upload()) return give_up(refusal(507, "the body cannot be stored"));
    } else {
      text_.emplace(std::move(*head_));
      text_->body_limit(plan.max_bytes);
    }
    if (lower(find(request_.headers, "expect").value_or("")) == "100-continue") {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      tcp_layer().expires_after(core_.options.idle_time);
      asio::async_write(stream_, asio::buffer(kContinue), [self = self()](Code error, std::size_t) {
        if (!error) self->read_on();
      });
      return;
    }
    read_on();
  }

  bool open_upload() {
    request_.body_file = core_.options.upload_folder + "/upload-" + std::to_string(::getpid()) +
                         "-" + std::to_string(core_.next_upload++);
    const int descriptor =
        ::open(request_.body_file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) {
      request_.body_file.clear();
      return false;
    }
    beast::file_posix file;
    file.native_handle(descriptor);
    Code error;
    file_->get().body().reset(std::move(file), error);
    return !error;
  }

  void read_on() { file_ ? read_piece(*file_) : read_piece(*text_); }

  template <typename Parser>
  void read_piece(Parser& parser) {
    if (parser.is_done()) return read_all();
    if (pace_->left() <= Clock::duration::zero()) return too_slow();
    tcp_layer().expires_after(pace_->left());
    http::async_read_some(stream_, buffer_, parser,
                          [self = self(), &parser](Code error, std::size_t bytes) {
                            self->pace_->moved(bytes);
                            if (error) return self->refuse_bytes(error);
                            self->read_piece(parser);
                          });
  }
  void too_slow() { give_up(refusal(408, "the body comes too slowly")); }

  void read_all() {
    if (text_) request_.body = std::move(text_->get().body());
    if (file_) file_->get().body().close();
    ask();
  }

  void ask() {
    asio::post(core_.workers, [self = self()] {
      self->upload_ = self->request_.body_file;
      Response answer =
          self->guarded([&] { return self->core_.service.answer(std::move(self->request_)); });
      asio::post(self->core_.io, [self, answer = std::move(answer)]() mutable {
        self->respond(std::move(answer));
      });
    });
  }

  void ask_again(std::function<std::optional<Response>()> later) {
    timer_.emplace(core_.io, kAskAgain);
    timer_->async_wait([self = self(), later = std::move(later)](Code) mutable {
      asio::post(self->core_.workers, [self, later = std::move(later)]() mutable {
        Response answer = self->guarded([&] {
          std::optional<Response> now = later();
          Response again;
          again.later = std::move(later);
          return now ? std::move(*now) : std::move(again);
        });
        asio::post(self->core_.io, [self, answer = std::move(answer)]() mutable {
          self->respond(std::move(answer));
        });
      });
    });
  }

  Response too_long(std::uint64_t max_bytes) {
    return refusal(413, "the body is longer than " + std::to_string(max_bytes) + " bytes");
  }
  void refuse_bytes(Code error) {
    if (error == http::error::end_of_stream || error == beast::error::timeout) return close();
    if (error == http::error::body_limit) return give_up(too_long(max_body_));
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return give_up(refusal(431, "the head of the request is too long"));
    }
    if (error.category() == make_error_code(http::error::bad_method).category()) {
      return give_up(refusal(400, "not a request of HTTP/1.1: " + error.message()));
    }
    if (file_ && error.category() == boost::system::generic_category()) {
      return give_up(refusal(507, "the body cannot be stored"));
    }
    close();
  }
  // An answer before the whole request has been read: the connection is of no further use.
  void give_up(Response answer) {
    keep_alive_ = false;
    drains_ = true;
    respond(std::move(answer));
  }

  void respond(Response answer) {
    if (answer.later) return ask_again(std::move(answer.later));
    keep_alive_ = keep_alive_ && !core_.stopping;
    if (answer.file.empty()) {
      http::response<http::string_body> message;
      message.body() = std::move(answer.body);
      return send(std::move(message), answer);
    }
    http::response<http::file_body> message;
    Code error;
    message.body().open(answer.file.c_str(), beast::file_mode::scan, error);
    if (answer.removes_file) ::unlink(answer.file.c_str());
    if (error) return respond(refusal(500, "the file to send cannot be read"));
    send(std::move(message), answer);
  }

  template <typename Body>
  void send(http::response<Body> message, const Response& answer) {
    message.result(static_cast<unsigned>(answer.status));
    for (const auto& [name, value] : answer.headers) message.set(name, value);
    message.keep_alive(keep_alive_);
    message.prepare_payload();
    auto whole = std::make_shared<http::response<Body>>(std::move(message));
    auto parts = std::make_shared<http::response_serializer<Body>>(*whole);
    pace_.emplace(core_.options);
    send_piece(whole, parts);
  }
  template <typename Whole, typename Parts>
  void send_piece(Whole whole, Parts parts) {
    if (parts->is_done()) return sent();
    if (pace_->left() <= Clock::duration::zero()) return close();
    tcp_layer().expires_after(pace_->left());
    http::async_write_some(stream_, *parts,
                           [self = self(), whole, parts](Code error, std::size_t bytes) {
                             self->pace_->moved(bytes);
                             if (error) return self->close();
                             self->send_piece(whole, parts);
                           });
  }

  void sent() {
    forget();
    if (keep_alive_) return read_head();
    if constexpr (kTls) {
      tcp_layer().expires_after(kDrainTime);
      stream_.async_shutdown([self = self()](Code) { self->end(); });
    } else {
      end();
    }
  }
  // A connection that is closed with bytes unread is reset, and the answer may be lost with it.
  void end() {
    Code ignored;
    tcp_layer().socket().shutdown(tcp::socket::shutdown_send, ignored);
    if (!drains_) return close();
    if (!drain_until_) drain_until_ = Clock::now() + kDrainTime;
    const auto left = *drain_until_ - Clock::now();
    if (left <= Clock::duration::zero()) return close();
    scratch_.resize(kPieceBytes);
    tcp_layer().expires_after(left);
    tcp_layer().async_read_some(asio::buffer(scratch_), [self = self()](Code error, std::size_t) {
      error ? self->close() : self->end();
    });
  }
  void close() {
    forget();
    tcp_layer().close();
  }
  void forget() {
    for (std::string* file : {&request_.body_file, &upload_}) {
      if (!file->empty()) ::unlink(file->c_str());
      file->clear();
    }
    head_.reset();
    text_.reset();
    file_.reset();
  }

  Core& core_;
  Stream stream_;
  std::string peer_;
  beast::flat_buffer buffer_;
  std::optional<Head> head_;
  std::optional<TextBody> text_;
  std::optional<FileBody> file_;
  std::optional<Pace> pace_;
  std::optional<asio::steady_timer> timer_;
  std::optional<Clock::time_point> drain_until_;
  std::vector<char> scratch_;
  Request request_;
  std::string upload_;  // the request's file, once the request is another's
  std::uint64_t max_body_ = 0;
  bool keep_alive_ = true, has_body_ = false, drains_ = false, is_idle_ = false;
};

}  // namespace backcast::api
