// Boost.Beast rather than libmicrohttpd: both keep slow clients and chunked bodies apart from the
// rest, and Beast comes with a package that is needed anyway, lets a service judge the head before
// a body is read, and has one code for plain and TLS connections.
#include "engine/api/http/server.h"

#include <thread>

#include "engine/api/http/session.h"

namespace backcast::api {
namespace {

class BeastServer : public Server {
 public:
  BeastServer(ServerOptions options, Service service)
      : core_(std::move(options), std::move(service)), acceptor_(core_.io), retry_(core_.io) {}
  ~BeastServer() override { stop(Duration(0)); }

  Status open() {
    const ServerOptions& options = core_.options;
    Code error;
    const auto address = asio::ip::make_address(options.address, error);
    if (error) {
      return bad_input("no address to listen at: \"" + options.address + "\"",
                       "give a numeric one, as 127.0.0.1 or ::1");
    }
    is_tls_ = !options.certificate_file.empty();
    if (is_tls_) BACKCAST_CHECK(load_certificate());
    const tcp::endpoint place(address, options.port);
    acceptor_.open(place.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(place, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return Error{error == asio::error::address_in_use ? Errc::kExists : Errc::kFailed,
                   "cannot listen at " + options.address + ":" + std::to_string(options.port) +
                       ": " + error.message(),
                   {},
                   {}};
    }
    port_ = acceptor_.local_endpoint().port();
    accept();
    thread_ = std::thread([this] { core_.io.run(); });
    return kOk;
  }

  std::uint16_t port() const override { return port_; }
  std::uint32_t connections() const override { return core_.count; }

  void stop(Duration grace) override {
    if (!thread_.joinable()) return;
    asio::post(core_.io, [this] {
      core_.stopping = true;
      acceptor_.close();
      retry_.cancel();
      const std::set<Connection*> open = core_.open;
      for (Connection* connection : open) connection->close_if_idle();
    });
    {
      std::unique_lock lock(core_.mutex);
      core_.all_closed.wait_for(lock, grace, [this] { return core_.count == 0; });
    }
    core_.workers.join();
    asio::post(core_.io, [this] {
      const std::set<Connection*> open = core_.open;
      for (Connection* connection : open) connection->abort();
      work_.reset();
    });
    thread_.join();
  }

 private:
  Status load_certificate() {
    const ServerOptions& options = core_.options;
    Code error;
    core_.tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                              asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                              asio::ssl::context::no_tlsv1_1,
                          error);
    core_.tls.use_certificate_chain_file(options.certificate_file, error);
    if (error) {
      return bad_input("no certificate can be read from \"" + options.certificate_file +
                       "\": " + error.message());
    }
    core_.tls.use_private_key_file(options.key_file, asio::ssl::context::pem, error);
    if (error) {
      return bad_input("\"" + options.key_file + "\" holds no key of \"" +
                       options.certificate_file + "\": " + error.message());
    }
    return kOk;
  }

  void accept() {
    acceptor_.async_accept(core_.io, [this](Code error, tcp::socket socket) {
      if (core_.stopping || error == asio::error::operation_aborted) return;
      if (error) {  // no descriptors left: those that are open go on, and will end
        retry_.expires_after(std::chrono::milliseconds(100));
        retry_.async_wait([this](Code) { accept(); });
        return;
      }
      take(std::move(socket));
      accept();
    });
  }
  void take(tcp::socket socket) {
    Code error;
    const auto remote = socket.remote_endpoint(error);
    if (error) return;
    socket.set_option(tcp::no_delay(true), error);
    const std::uint32_t limit = core_.options.max_connections;
    const std::uint32_t open = core_.count;
    // Some are told why; a flood is not.
    if (open >= limit + limit / 8 + 1 || (open >= limit && is_tls_)) return;
    const std::string peer = remote.address().to_string();
    if (is_tls_) {
      using Stream = beast::ssl_stream<beast::tcp_stream>;
      std::make_shared<Session<Stream>>(core_, Stream(std::move(socket), core_.tls), peer)->start();
      return;
    }
    auto session = std::make_shared<Session<beast::tcp_stream>>(
        core_, beast::tcp_stream(std::move(socket)), peer);
    open >= limit ? session->turn_away() : session->start();
  }

  Core core_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{core_.io.get_executor()};
  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  std::thread thread_;
  std::uint16_t port_ = 0;
  bool is_tls_ = false;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Service service) {
  auto server = std::make_unique<BeastServer>(std::move(options), std::move(service));
  BACKCAST_CHECK(server->open());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace backcast::api
