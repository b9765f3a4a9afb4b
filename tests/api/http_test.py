#!/usr/bin/env python3
"""The transport of the API, tried from outside with sockets: who is slow, sends too much, sends
nonsense or has no business here harms nobody else.

usage: http_test.py API_SERVER
"""

import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import select
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = sys.argv.pop(1)


class Running:
    """A server that runs while the test class lives."""

    def __init__(self, *more):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        (self.root / "up").mkdir()
        (self.root / "file").write_bytes(os.urandom(3_000_000))
        self.log = (self.root / "log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen([PROGRAM, self.root / "up", self.root / "file", *more],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True)
        port, self.token = self.process.stdout.readline().split()
        self.port = int(port)

    def stop(self):
        left, _ = self.process.communicate("", 30)
        self.log.seek(0)
        text = self.log.read()
        self.log.close()
        self.folder.cleanup()
        return self.process.returncode, left.strip(), text


class HttpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Running()

    @classmethod
    def tearDownClass(cls):
        code, left, log = cls.server.stop()
        assert (code, left) == (0, "0"), (code, left)
        assert cls.server.token not in log and "signature" not in log, "secrets in the log"
        for line in log.splitlines():
            assert json.loads(line)["event"] == "request"

    def call(self, method, target, body=None, token=True, headers=None, raw=False):
        headers = dict(headers or {})
        if token:
            given = self.server.token if token is True else token
            headers["Authorization"] = f"Bearer {given}"
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data if raw else json.loads(data)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=20)

    def exchange(self, data):
        with self.connect() as peer:
            peer.sendall(data)
            return self.drained(peer)

    def drained(self, peer):
        got = b""
        try:
            while piece := peer.recv(65536):
                got += piece
        except ConnectionResetError:
            pass
        return got

    def head(self, line, *fields):
        return ("\r\n".join([line, "Host: x", f"Authorization: Bearer {self.server.token}",
                             *fields]) + "\r\n\r\n").encode()

    def test_only_health_needs_no_token(self):
        status, health = self.call("GET", "/healthz", token=False)
        self.assertEqual((status, health["status"], sorted(health)),
                         (200, "ok", ["status", "time"]))
        for target in ("/metrics", "/openapi.json", "/v1/tokens", "/v1/nothing", "/"):
            status, answer = self.call("GET", target, token=False)
            self.assertEqual((status, answer["error"]["code"]), (401, "no_token"), target)
            time.sleep(0.05)

    def test_tokens_are_made_listed_and_revoked_at_once(self):
        status, made = self.call("POST", "/v1/tokens",
                                 json.dumps({"name": "watcher", "role": "view"}))
        self.assertEqual(status, 201)
        self.assertEqual(self.call("GET", "/v1/link", token=made["token"])[0], 200)
        self.assertEqual(self.call("GET", "/v1/link", token=False,
                                   headers={"api-key": made["token"]})[0], 200)
        status, answer = self.call("POST", "/v1/echo/a", "{}", token=made["token"])
        self.assertEqual((status, answer["error"]["code"]), (403, "forbidden"))
        self.assertEqual(self.call("GET", "/v1/tokens", token=made["token"])[0], 403)
        listed = self.call("GET", "/v1/tokens")[1]["tokens"]
        self.assertIn(made["name"], [token["name"] for token in listed])
        self.assertNotIn(made["token"], json.dumps(listed))
        self.assertEqual(self.call("DELETE", "/v1/tokens/" + made["name"])[0], 200)
        self.assertEqual(self.call("GET", "/v1/link", token=made["token"])[0], 401)
        self.assertEqual(self.call("DELETE", "/v1/tokens/none")[0], 404)

    def test_tokens_that_cannot_be_are_refused(self):
        for body in ({"name": "", "role": "view"}, {"name": "a\x1b[m", "role": "view"},
                     {"name": "a", "role": "king"}, {"name": "a"},
                     {"name": "a", "role": "project_admin"},
                     {"name": "a", "role": "view", "projects": [1]},
                     {"name": "a", "role": "organization_owner", "projects": ["p"]}):
            status, answer = self.call("POST", "/v1/tokens", json.dumps(body))
            self.assertEqual((status, answer["error"]["code"]), (400, "bad_request"), body)

    def test_two_tokens_in_one_request_are_refused(self):
        self.assertEqual(self.call("GET", "/v1/link", headers={"api-key": "other"})[0], 401)
        self.assertEqual(self.call("GET", "/v1/link", token=False,
                                   headers={"Authorization": "Basic YTpi"})[0], 401)

    def test_errors_come_in_the_words_of_each_family(self):
        for target, answer in (
                ("/v2/echo", {"code": 400, "message": None}),
                ("/collections/echo", {"status": {"error": None}, "time": 0.0}),
                ("/api/rest/public/echo", {"error": {"code": "bad_request", "message": None}}),
                ("/v1/echo/a", {"error": {"code": "bad_request", "message": None}})):
            status, got = self.call("POST", target, '{"a": ')
            holder = got.get("error") or (got["status"] if "status" in got else got)
            text = holder["error"] if "error" in holder else holder["message"]
            self.assertIn("JSON", text)
            holder["error" if "error" in holder else "message"] = None
            self.assertEqual((status, got), (400, answer))
        self.assertEqual(self.call("GET", "/v2/clusters", token="wrong"),
                         (200, {"code": 21119, "message": "this token is unknown or revoked"}))

    def test_json_that_is_no_object_or_goes_too_deep_is_refused(self):
        for body in ("[]", "7", '"a"', "{" * 100, "[" * 100_000, '{"a":1,"a":2}', '{"a":"\xff"}',
                     '{"count": 1.5}', '{"count": 1e30}', '{"count": "1"}', "\x00", "{}{}"):
            status, _ = self.call("POST", "/v1/echo/a", body.encode("latin-1"))
            self.assertEqual(status, 400, body[:20])

    def test_tricks_with_names_stay_names(self):
        for sent, read in (("a%2Fb", "a/b"), ("..%2F..%2Fetc", "../../etc"), ("..", ".."),
                           ("%2e%2e", ".."), ("a%20b", "a b"), ("a+b", "a+b"),
                           ("%F0%9F%90%9F", "\U0001f41f"), ("a;b=c", "a;b=c")):
            self.assertEqual(self.call("POST", "/v1/echo/" + sent, "{}")[1]["name"], read)
        for sent in ("%00", "a%00b", "%", "%2", "%zz", "%ff"):
            self.assertEqual(self.call("POST", "/v1/echo/" + sent, "{}")[0], 400, sent)
        self.assertEqual(self.call("POST", "/v1/echo/a/../../v1/file", "{}")[0], 404)
        self.assertEqual(self.call("PUT", "/v1/echo/a", "{}")[0], 405)

    def test_chunked_bodies(self):
        body = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (b'{"co', b'unt":', b" 5}"))
        sent = self.head("POST /v1/echo/a HTTP/1.1", "Transfer-Encoding: chunked",
                         "Connection: close") + body + b"0\r\n\r\n"
        self.assertIn(b'{"body":{"count":5},"name":"a"}', self.exchange(sent))
        # Byte by byte, as bad networks have it.
        with self.connect() as peer:
            for at in range(len(sent)):
                peer.sendall(sent[at:at + 1])
            self.assertIn(b'"count":5', self.drained(peer))

    def test_chunks_that_are_none_or_too_many_are_refused(self):
        head = self.head("POST /v1/echo/a HTTP/1.1", "Transfer-Encoding: chunked")
        self.assertIn(b" 400 ", self.exchange(head + b"zz\r\n")[:20])
        self.assertIn(b" 400 ", self.exchange(head + b"ffffffffffffffffff\r\n")[:20])
        with self.connect() as peer:
            peer.sendall(head)
            piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
            try:
                for _ in range(300):
                    peer.sendall(piece)
            except OSError:
                pass
            self.assertIn(b" 413 ", self.drained(peer)[:20])

    def test_requests_in_two_minds_about_their_length_are_refused(self):
        for fields in (("Content-Length: 2", "Transfer-Encoding: chunked"),
                       ("Content-Length: 2", "Content-Length: 3"), ("Content-Length: -1",),
                       ("Content-Length: 99999999999999999999",)):
            got = self.exchange(self.head("POST /v1/echo/a HTTP/1.1", *fields) + b"{}")
            self.assertIn(b" 400 ", got[:20], fields)

    def test_a_body_of_100_mb_is_refused_before_it_is_read(self):
        with self.connect() as peer:  # of which nothing is ever sent
            peer.sendall(self.head("POST /v1/echo/a HTTP/1.1", "Content-Length: 100000000"))
            self.assertIn(b" 413 ", peer.recv(100)[:20])
        body = b" " * 100_000_000
        status, answer = self.call("POST", "/v1/echo/a", body)
        self.assertEqual((status, answer["error"]["code"]), (413, "too_long"))
        self.assertEqual(self.call("POST", "/v1/echo/a", body, token="wrong")[0], 401)

    def test_uploads_stream_to_a_file_that_goes_again(self):
        data = os.urandom(40_000_000)
        status, answer = self.call("POST", "/v1/upload", data)
        self.assertEqual((status, answer["sha256"]), (200, hashlib.sha256(data).hexdigest()))
        status, answer = self.call("POST", "/v1/upload", iter([data[:5000], data[5000:9999]]))
        self.assertEqual((status, answer["bytes"]), (200, 9999))
        there = lambda: list((self.server.root / "up").iterdir())
        with self.connect() as peer:  # breaks off in the middle
            peer.sendall(self.head("POST /v1/upload HTTP/1.1", "Content-Length: 100000") + b"half")
            self.eventually(there)
        self.eventually(lambda: not there())

    def test_expect_100_continue(self):
        with self.connect() as peer:
            peer.sendall(self.head("POST /v1/echo/a HTTP/1.1", "Content-Length: 2",
                                   "Expect: 100-continue", "Connection: close"))
            self.assertEqual(peer.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            peer.sendall(b"{}")
            self.assertIn(b" 200 ", self.drained(peer)[:20])
        with self.connect() as peer:
            peer.sendall(self.head("POST /v1/echo/a HTTP/1.1", "Content-Length: 99999999",
                                   "Expect: 100-continue"))
            self.assertIn(b" 413 ", peer.recv(100)[:20])

    def test_header_bombs_are_refused(self):
        for fields in (["X: " + "a" * 20_000], [f"X{i}: a" for i in range(5000)]):
            got = self.exchange(self.head("GET /healthz HTTP/1.1", *fields))
            self.assertIn(b" 431 ", got[:20])
        self.assertIn(b" 431 ", self.exchange(b"GET /" + b"a" * 50_000)[:20])

    def test_what_is_no_http_is_refused(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100 + b"\r\n\r\n",
                     b"hello\r\n\r\n", b"GET /healthz HTTP/9.9\r\n\r\n",
                     b"GET http://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"GET /healthz HTTP/1.1\r\nBad Name: x\r\n\r\n",
                     b"GET /healthz HTTP/1.1\r\nX: a\x01b\r\n\r\n"):
            self.assertIn(b" 400 ", self.exchange(data)[:20], data[:30])

    def test_slow_clients_end_and_hold_nobody_up(self):
        slow = [self.connect() for _ in range(12)]
        for at, peer in enumerate(slow):
            if at % 3 == 0:
                peer.sendall(b"GET /healthz HT")
            elif at % 3 == 1:
                peer.sendall(self.head("POST /v1/echo/a HTTP/1.1", "Content-Length: 100") + b"{")
        started = time.monotonic()
        beside = 0  # answers while all of the slow ones were still waited for
        while time.monotonic() - started < 8:  # a byte now and then does not keep a place
            self.assertEqual(self.call("GET", "/healthz", token=False)[0], 200)
            beside += not select.select(slow, [], [], 0)[0]
            for peer in slow[::3] + slow[1::3]:
                try:
                    peer.sendall(b" ")
                except OSError:
                    pass
            time.sleep(0.3)
        self.assertGreater(beside, 0)
        for peer in slow:
            peer.settimeout(20)
            got = self.drained(peer)
            self.assertTrue(got == b"" or b" 408 " in got[:20] or b" 400 " in got[:20], got)
            peer.close()

    def test_who_does_not_read_ends_too(self):
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(("127.0.0.1", self.server.port))
        peer.sendall(self.head("GET /v1/file HTTP/1.1"))
        time.sleep(5)
        peer.settimeout(5)
        self.assertLess(len(self.drained(peer)), 3_000_000)
        peer.close()

    def test_too_many_connections_are_told(self):
        peers = [self.connect() for _ in range(45)]
        peers[-1].settimeout(20)
        self.assertTrue(self.drained(peers[-1])[:13] in (b"", b"HTTP/1.1 503 "))
        told = sum(1 for peer in peers[40:] if self.answered_503(peer))
        for peer in peers:
            peer.close()
        self.assertGreater(told, 0)
        self.eventually(lambda: self.call("GET", "/healthz", token=False)[0] == 200)

    def eventually(self, holds):
        for _ in range(200):
            if holds():
                return
            time.sleep(0.1)
        self.fail("it never came to hold")

    def answered_503(self, peer):
        try:
            peer.settimeout(5)
            return b" 503 " in peer.recv(100)
        except OSError:
            return False

    def test_answers_that_come_later_hold_no_thread(self):
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            started = time.monotonic()
            answers = list(pool.map(lambda _: self.call("GET", "/v1/later"), range(12)))
            self.assertEqual(answers, [(200, {"late": True})] * 12)
            # Two threads that waited would need six seconds.
            self.assertLess(time.monotonic() - started, 6)

    def test_a_route_that_throws_is_an_answer(self):
        self.assertEqual(self.call("GET", "/v1/broken")[0], 500)

    def test_files_and_addresses_that_expire(self):
        data = (self.server.root / "file").read_bytes()
        self.assertEqual(self.call("GET", "/v1/file", raw=True), (200, data))
        links = self.call("GET", "/v1/link")[1]
        self.assertEqual(self.call("GET", links["url"], token=False, raw=True), (200, data))
        for target in (links["old"], links["url"].replace("signature=", "signature=0"),
                       links["url"].replace("expires=", "expires=9"),
                       links["url"].replace("/v1/file", "/v1/link")):
            self.assertIn(self.call("GET", target, token=False)[0], (401, 403))

    def test_many_requests_on_one_connection(self):
        with self.connect() as peer:
            peer.sendall(self.head("GET /v1/link HTTP/1.1") * 20 +
                         self.head("GET /v1/link HTTP/1.1", "Connection: close"))
            self.assertEqual(self.drained(peer).count(b"HTTP/1.1 200 OK"), 21)

    def test_metrics_and_description(self):
        self.call("GET", "/v1/link")
        text = self.call("GET", "/metrics", raw=True)[1].decode()
        self.assertRegex(text, r'backcast_http_requests_total\{route="/v1/link",method="GET",'
                               r'status="200"\} \d+\n')
        self.assertIn("backcast_http_request_seconds_bucket", text)
        described = self.call("GET", "/openapi.json")[1]
        self.assertEqual(described["paths"]["/healthz"]["get"]["security"], [])
        echo = described["paths"]["/v1/echo/{name}"]["post"]
        self.assertEqual(echo["parameters"][0]["name"], "name")


class RateTest(unittest.TestCase):
    """The server's clock stands still, so that a slow machine counts as a fast one does."""

    def setUp(self):
        self.server = Running("still")
        self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)

    def tearDown(self):
        self.connection.close()
        self.server.stop()

    def statuses(self, token, count):
        told = []
        for _ in range(count):
            self.connection.request("GET", "/v1/link", headers={"Authorization": f"Bearer {token}"})
            answer = self.connection.getresponse()
            answer.read()
            told.append(answer.status)
        return told

    def test_a_token_has_its_share(self):
        # 200 a second, and those of two seconds at once.
        self.assertEqual(self.statuses(self.server.token, 450), [200] * 400 + [429] * 50)
        self.server.process.stdin.write("a second later\n")
        self.server.process.stdin.flush()
        while self.statuses(self.server.token, 1) != [200]:
            time.sleep(0.05)
        self.assertEqual(self.statuses(self.server.token, 250), [200] * 199 + [429] * 51)

    def test_guessing_tokens_is_slowed_down(self):
        told = self.statuses("guess", 100)
        self.assertEqual(told, sorted(told))
        self.assertEqual(set(told), {401, 429})
        self.assertEqual(self.statuses(self.server.token, 1), [200])


class StopTest(unittest.TestCase):
    def test_what_is_in_flight_is_finished(self):
        server = Running()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", "/v1/later",
                           headers={"Authorization": f"Bearer {server.token}"})
        idle = socket.create_connection(("127.0.0.1", server.port))
        after = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        after.request("GET", "/healthz")  # taken in turn: both before it are there
        self.assertEqual(after.getresponse().status, 200)
        after.close()
        time.sleep(0.3)
        server.process.stdin.close()
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.read()), (200, b'{"late":true}'))
        self.assertEqual(answer.getheader("connection"), "close")
        self.assertEqual(server.process.wait(10), 0)
        self.assertRaises(OSError, socket.create_connection, ("127.0.0.1", server.port))
        idle.close()
        server.process.stdout.close()
        server.log.close()
        server.folder.cleanup()


class TlsTest(unittest.TestCase):
    def test_tls_of_today_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            key, certificate = folder + "/key.pem", folder + "/cert.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
                            certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                            "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
            refused = subprocess.run([PROGRAM, folder, folder, key, key], check=False,
                                     capture_output=True, text=True)
            self.assertIn("no certificate can be read", refused.stderr)
            server = Running(certificate, key)
        context = ssl.create_default_context(cadata=None)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context,
                                                 timeout=20)
        for _ in range(3):
            connection.request("GET", "/v1/file",
                               headers={"Authorization": f"Bearer {server.token}"})
            self.assertEqual(connection.getresponse().read(),
                             (server.root / "file").read_bytes())
        connection.close()
        plain = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertNotIn(b"200", plain.recv(1000))
        plain.close()
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        old = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        self.assertRaises((ssl.SSLError, OSError), context.wrap_socket, old)
        old.close()
        server.stop()


if __name__ == "__main__":
    unittest.main(warnings="ignore")
