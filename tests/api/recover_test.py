#!/usr/bin/env python3
"""Snapshots go back into clusters: from what the service has, a file, an address or an upload.

usage: recover_test.py BACKCAST
"""

import http.server
import json
import os
import shutil
import socket
import subprocess
import tarfile
import threading
import time
import unittest

from served import Served, rows_of, write_cluster
from snapshot_case import Curl, SnapshotsCase, tree_of, write_storage


class RecoverTest(SnapshotsCase):
    def snapshot(self, curl, place="/collections/articles/snapshots"):
        """Its description and its file."""
        made = curl.need("POST", place)
        file = self.served.root / made["name"]
        self.assertEqual(curl.run("GET", f"{place}/{made['name']}", output=file)[0], 200)
        return made, file

    def upload(self, curl, file, query="", place="/collections/articles/snapshots"):
        return curl.run("POST", f"{place}/upload{query}", "-F", f"snapshot=@{file}")

    def recover(self, curl, body, query="", place="/collections/articles/snapshots"):
        return curl.run("PUT", f"{place}/recover{query}", "-H", "Content-Type: application/json",
                        "-d", json.dumps(body))

    def done(self, answered):
        self.assertEqual(answered[0], 200, answered)
        answer = json.loads(answered[1])
        self.assertEqual((answer["result"], answer["status"]), (True, "ok"))

    def leftovers(self):
        return [file for name in ("uploads", "scratch", "adopted", "spool")
                for file in (self.served.home / name).iterdir()]

    def test_three_ways_bring_back_the_same_rows_Q_SNP_03(self):
        cluster, curl, data = self.folder("ways", {"articles": 300, "notes": 7})
        before = rows_of(data)
        made, file = self.snapshot(curl)
        # A snapshot of its own, where the vendor's documents say that it lies.
        write_cluster(data, {"articles": 2, "notes": 9}, generation=2)
        now = rows_of(data)
        self.done(self.recover(curl, {
            "location": f"file:///qdrant/snapshots/articles/{made['name']}"}))
        self.assertEqual(rows_of(data)[("default", "articles")], before[("default", "articles")])
        self.assertEqual(rows_of(data)[("default", "notes")], now[("default", "notes")])
        # A file that whoever runs the service put there.
        place = self.served.home / "snapshots" / cluster
        place.mkdir()
        shutil.copy(file, place / "mine.snapshot")
        write_cluster(data, {"articles": 2, "notes": 9}, generation=5)
        self.done(self.recover(curl, {"location": f"file://{place}/mine.snapshot"}))
        self.assertEqual(rows_of(data)[("default", "articles")], before[("default", "articles")])
        # An upload, also of a collection that is not there, under another name.
        write_cluster(data, {"notes": 9}, generation=8)
        self.done(self.upload(curl, file, "?priority=snapshot&checksum=" + made["checksum"]))
        self.done(self.upload(curl, file, place="/collections/copy/snapshots"))
        after = rows_of(data)
        self.assertEqual(after[("default", "articles")], before[("default", "articles")])
        self.assertEqual(after[("default", "copy")], before[("default", "articles")])
        # What came in is a snapshot now, too.
        (copy,) = curl.need("GET", "/collections/copy/snapshots")
        self.assertRegex(copy["checksum"], "^[0-9a-f]{64}$")
        self.assertIn("mine.snapshot", [one["name"] for one in
                                        curl.need("GET", "/collections/articles/snapshots")])
        self.assertEqual(self.leftovers(), [])

    def test_a_servers_own_tar_with_sparse_entries_comes_in_Q_SNP_03(self):
        _, curl, data = self.storage("sparse", {"articles": "now"})
        other = self.served.root / "other"
        write_storage(other, {"articles": "then"})
        log = other / "collections/articles/0/wal/open-1"
        with log.open("r+b") as wal:
            wal.truncate(1 << 20)
        tree = tree_of(other / "collections/articles")
        work = self.served.root / "work"
        subprocess.run(["cp", "-a", "--sparse=always", other / "collections/articles", work],
                       check=True)
        for segment in work.glob("*/segments/*"):
            subprocess.run(["tar", "-C", segment, "--transform", "s,^./,snapshot/files/,",
                            "-cf", f"{segment}.tar", "."], check=True)
            shutil.rmtree(segment)
        file = self.served.root / "sparse.snapshot"
        subprocess.run(f"tar --sparse --format=gnu -C {work} -cf {file} $(ls {work})", shell=True,
                       check=True)
        self.assertLess(file.stat().st_size, 1 << 20)
        self.done(self.upload(curl, file))
        self.assertEqual(tree_of(data / "collections/articles"), tree)

    def test_the_snapshot_wins_where_there_is_no_other_replica_Q_SNP_04(self):
        _, curl, data = self.folder("wins", {"articles": 50})
        before = rows_of(data)
        made, file = self.snapshot(curl)
        place = f"file:///qdrant/snapshots/articles/{made['name']}"
        for generation, priority in enumerate(("no_sync", "snapshot", "replica", None)):
            write_cluster(data, {"articles": 2}, generation=10 + 3 * generation)
            body = {"location": place, **({"priority": priority} if priority else {})}
            self.done(self.recover(curl, body))
            self.assertEqual(rows_of(data), before, priority)
            write_cluster(data, {"articles": 2}, generation=12 + 3 * generation)
            self.done(self.upload(curl, file, f"?priority={priority}" if priority else ""))
            self.assertEqual(rows_of(data), before, priority)
        self.refused(400, "priority", self.recover(curl, {"location": place, "priority": "mine"}))
        self.refused(400, "priority", self.upload(curl, file, "?priority=mine"))

    def test_which_side_wins_where_other_replicas_are_active_Q_SNP_04(self):
        _, source, _ = self.storage("replica-source", {"articles": "then"},
                                    peers={"7": "Active", "1": "Active"})
        file = self.snapshot(source)[1]
        for now, priority, after in (
                ({"7": "Active", "8": "Active", "9": "Dead"}, "no_sync",
                 {"7": "Active", "8": "Active", "9": "Dead"}),
                ({"7": "Dead", "8": "Active"}, "no_sync", {"7": "Active", "8": "Active"}),
                ({"7": "Active", "8": "Active", "9": "Partial"}, "snapshot",
                 {"7": "Active", "8": "Dead", "9": "Dead"}),
                ({"7": "Active", "8": "Active"}, None, {"7": "Active", "8": "Dead"}),
                ({"7": "Active", "8": "Active"}, "replica", {"7": "Dead", "8": "Active"}),
                # None other is active: this one is, whatever the priority.
                ({"7": "Dead", "8": "Dead"}, "replica", {"7": "Active", "8": "Dead"}),
                ({"7": "Active", "8": "Dead"}, "snapshot", {"7": "Active", "8": "Dead"})):
            _, curl, data = self.storage(f"replicas-{self.made}", {"articles": "now"}, peers=now)
            self.done(self.upload(curl, file, f"?priority={priority}" if priority else ""))
            shard = data / "collections" / "articles" / "1"
            self.assertIn("then", next(shard.rglob("vectors.dat")).read_text())
            state = json.loads((shard / "replica_state.json").read_text())
            self.assertEqual(state["peers"], after, (now, priority))

    def test_a_wrong_checksum_changes_nothing_Q_SNP_05(self):
        _, curl, data = self.folder("sums", {"articles": 50})
        made, file = self.snapshot(curl)
        write_cluster(data, {"articles": 3}, generation=2)
        before = rows_of(data)
        wrong = "0" * 64
        place = f"file:///qdrant/snapshots/articles/{made['name']}"
        self.refused(400, "checksum mismatch", self.upload(curl, file, f"?checksum={wrong}"))
        self.refused(400, "checksum mismatch",
                     self.recover(curl, {"location": place, "checksum": wrong}))
        self.refused(400, "checksum mismatch",
                     self.upload(curl, file, f"?checksum={wrong}",
                                 place="/collections/absent/snapshots"))
        self.refused(400, "64 hexadecimal", self.upload(curl, file, "?checksum=abc"))
        self.assertEqual(rows_of(data), before)
        self.assertEqual(curl.run("GET", "/collections/absent/snapshots")[0], 404)
        self.assertEqual(len(curl.need("GET", "/collections/articles/snapshots")), 1)
        # Case and blanks do not count.
        self.done(self.recover(curl, {"location": place,
                                      "checksum": f" {made['checksum'].upper()} "}))
        self.assertNotEqual(rows_of(data), before)
        self.assertEqual(self.leftovers(), [])

    def test_what_does_not_fit_changes_nothing_Q_SNP_06(self):
        _, curl, _ = self.storage("fit", {"articles": "first"})
        made, file = self.snapshot(curl)
        for name, words, shape in (("wider", "vectors", {"size": 8}), ("more", "shards",
                                                                       {"shards": 3})):
            _, other, data = self.storage("fit-" + name, {"articles": "other"}, **shape)
            before = tree_of(data)
            self.refused(400, words, self.upload(other, file))
            self.assertEqual(tree_of(data), before)
            self.assertEqual(other.need("GET", "/collections/articles/snapshots"), [])
        _, curl, data = self.folder("fit-folder", {"articles": 5})
        made, file = self.snapshot(curl)
        schema = data / "default" / "articles" / "collection.json"
        schema.write_text('{"dimension": 2}')
        before = rows_of(data)
        self.refused(400, "vectors", self.upload(curl, file))
        self.refused(400, "vectors", self.recover(
            curl, {"location": f"file:///qdrant/snapshots/articles/{made['name']}"}))
        self.assertEqual(rows_of(data), before)
        # Of another kind of cluster.
        self.refused(400, "no collection of a cluster in a folder",
                     self.upload(curl, self.stored_file()))

    def stored_file(self):
        _, curl, _ = self.storage(f"stored-{self.made}", {"articles": "first"})
        return self.snapshot(curl)[1]

    def test_a_shard_is_recovered_alone_Q_SNP_07(self):
        _, curl, data = self.storage("shards", {"articles": "then"})
        place = "/collections/articles/shards/1/snapshots"
        made, file = self.snapshot(curl, place)
        shards = data / "collections" / "articles"
        for bring in (lambda: self.recover(curl, {"location": made["name"]}, place=place),
                      lambda: self.upload(curl, file, place=place)):
            before = tree_of(shards / "1")
            write_storage(data, {"articles": "now"})
            other = tree_of(shards / "0")
            self.done(bring())
            self.assertEqual(tree_of(shards / "1"), before)
            self.assertEqual(tree_of(shards / "0"), other)
        self.refused(400, "one shard alone", self.upload(curl, file))
        whole = self.snapshot(curl)[1]
        self.refused(400, "not a shard", self.upload(curl, whole, place=place))
        self.refused(404, "Shard 9", self.upload(curl, file, place=place.replace("1", "9")))
        self.refused(400, "doesn't exist",
                     self.recover(curl, {"location": "none.snapshot"}, place=place))

    def test_an_answer_before_the_work_is_done_Q_SNP_11(self):
        _, curl, data = self.folder("later", {"articles": 300})
        before = rows_of(data)
        made, file = self.snapshot(curl)
        for generation, bring in enumerate((
                lambda: self.upload(curl, file, "?wait=false"),
                lambda: self.recover(curl, {"location": "file:///qdrant/snapshots/articles/" +
                                                        made["name"]}, "?wait=false"))):
            write_cluster(data, {"articles": 3}, generation=20 + 3 * generation)
            status, answer = bring()
            self.assertEqual((status, json.loads(answer)["status"]), (202, "accepted"))
            for _ in range(300):
                if rows_of(data) == before:
                    break
                time.sleep(0.1)
            self.assertEqual(rows_of(data), before)

    def test_each_node_is_recovered_by_a_call_of_its_own_Q_SNP_12(self):
        nodes = []
        for node in range(3):
            _, curl, data = self.storage(f"part-{node}", {"articles": "then"}, shards=3,
                                         only=[node])
            nodes.append((curl, data, self.snapshot(curl)[1], tree_of(data), node))
        for _, data, _, _, node in nodes:
            write_storage(data, {"articles": "now"}, shards=3, only=[node])
        lost = [tree_of(data) for _, data, _, _, _ in nodes]
        self.done(self.upload(nodes[0][0], nodes[0][2]))
        self.assertEqual(tree_of(nodes[0][1]), nodes[0][3])
        self.assertEqual([tree_of(data) for _, data, _, _, _ in nodes[1:]], lost[1:])
        for curl, data, file, before, _ in nodes[1:]:
            self.done(self.upload(curl, file))
            self.assertEqual(tree_of(data), before)

    def test_a_snapshot_of_another_version_is_refused(self):
        data = self.served.root / "data" / "version"
        write_storage(data, {"articles": "then"})
        cluster, curl = self.register("version", "qdrant", {"storage": str(data)})
        self.served.need("PUT", "/v1/projects/plain", {"rules": "plain"})
        made, file = self.snapshot(curl)
        other = self.served.root / "data" / "newer"
        write_storage(other, {"articles": "now"})
        before = tree_of(other)
        newer = self.served.need("POST", "/v1/clusters", {
            "name": "newer", "project": "plain", "region": "eu", "kind": "qdrant",
            "version": "1.10.0", "source": {"storage": str(other)}})["id"]
        self.refused(400, "version", self.upload(Curl(self.served, self.token(newer)), file))
        self.assertEqual(tree_of(other), before)
        self.assertTrue(cluster and made)

    def test_paths_with_tricks_lead_nowhere(self):
        cluster, curl, data = self.folder("tricks", {"articles": 50})
        _, file = self.snapshot(curl)
        before = rows_of(data)
        own = self.served.home / "snapshots" / cluster
        own.mkdir()
        (own / "link.snapshot").symlink_to(file)
        (own / "out").symlink_to(self.served.root)
        os.mkfifo(own / "pipe.snapshot")
        for location in (f"file://{file}", "file:///etc/passwd", f"file://{own}/../../owner.token",
                         f"file://{own}/%2e%2e/%2e%2e/owner.token", f"file://{own}",
                         f"file://{self.served.home}/snapshots/other/x.snapshot",
                         "file:///qdrant/snapshots/../../etc/passwd"):
            self.refused(403, "", self.recover(curl, {"location": location}))
        for location in (f"file://{own}/none.snapshot", f"file://{own}/link.snapshot",
                         f"file://{own}/out/{file.name}", f"file://{own}/pipe.snapshot",
                         "file:///qdrant/snapshots/articles/none.snapshot",
                         "file:///qdrant/snapshots/articles/..%2Fx", "nothing", "ftp://host/x"):
            self.refused(400, "", self.recover(curl, {"location": location}))
        self.refused(400, "location", self.recover(curl, {}))
        self.assertEqual(curl.run("PUT", "/collections/articles/snapshots/recover", "-d", "{")[0],
                         400)
        for name in ("..%2Fout", ".hidden", "%2Fetc"):
            self.assertEqual(self.upload(curl, file, place=f"/collections/{name}/snapshots")[0],
                             400, name)
        self.assertEqual(rows_of(data), before)
        self.assertEqual(self.leftovers(), [])

    def test_what_is_no_snapshot_is_refused(self):
        _, curl, data = self.folder("bad", {"articles": 500})
        _, file = self.snapshot(curl)
        _, stored, storage = self.storage("bad-stored", {"articles": "first"})
        inner = self.snapshot(stored)[1]
        before, tree = rows_of(data), tree_of(storage)
        cut = self.served.root / "cut.snapshot"
        cut.write_bytes(file.read_bytes()[:3000])
        text = self.served.root / "text.snapshot"
        text.write_text("no tar at all, but long enough to be looked at")
        evil = self.served.root / "evil.snapshot"
        with tarfile.open(file) as good, tarfile.open(evil, "w") as bad:
            for entry in good.getmembers():
                if entry.name.endswith(".payload"):
                    entry = tarfile.TarInfo(entry.name)
                    entry.type = tarfile.SYMTYPE
                    entry.linkname = str(self.served.home / "owner.token")
                    bad.addfile(entry)
                else:
                    bad.addfile(entry, good.extractfile(entry) if entry.isfile() else None)
        for bad in (cut, text, evil):
            self.assertEqual(self.upload(curl, bad)[0], 400, bad)
        self.refused(400, "", self.upload(curl, inner))
        # A link within a segment, which would lead out of the storage.
        folder = self.served.root / "segment"
        with tarfile.open(inner) as good:
            good.extractall(folder)
        (segment,) = list((folder / "0" / "segments").glob("*.tar"))
        with tarfile.open(segment, "a") as bad:
            entry = tarfile.TarInfo("snapshot/files/token")
            entry.type, entry.linkname = tarfile.SYMTYPE, str(self.served.home / "owner.token")
            bad.addfile(entry)
        with tarfile.open(evil, "w") as bad:
            for path in sorted(folder.iterdir()):
                bad.add(path, path.name)
        self.assertEqual(self.upload(stored, evil)[0], 500)
        self.assertEqual((rows_of(data), tree_of(storage)), (before, tree))
        # Forms that are none.
        place = "/collections/articles/snapshots/upload"
        for more in (["-F", f"other=@{file}"], ["--data-binary", f"@{file}"],
                     ["-H", "Content-Type: multipart/form-data", "--data-binary", f"@{file}"],
                     ["-H", "Content-Type: multipart/form-data; boundary=x", "--data-binary",
                      f"@{file}"], []):
            self.assertEqual(curl.run("POST", place, *more)[0], 400, more)
        self.assertEqual(rows_of(data), before)

    def test_an_upload_that_breaks_off_leaves_nothing(self):
        _, curl, data = self.folder("broken", {"articles": 500})
        before = rows_of(data)
        with socket.create_connection(("127.0.0.1", self.served.port)) as sender:
            sender.sendall((f"POST /collections/articles/snapshots/upload HTTP/1.1\r\nHost: x\r\n"
                            f"api-key: {curl.token}\r\nContent-Length: 1000000\r\n"
                            "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
                            "--x\r\nContent-Disposition: form-data; name=\"snapshot\"\r\n\r\n"
                            + "v" * 100000).encode())
            for _ in range(100):
                if self.leftovers():
                    break
                time.sleep(0.05)
            self.assertEqual(len(self.leftovers()), 1)
        for _ in range(100):
            if not self.leftovers():
                break
            time.sleep(0.05)
        self.assertEqual(self.leftovers(), [])
        self.assertEqual(rows_of(data), before)
        self.assertEqual(curl.need("GET", "/collections/articles/snapshots"), [])

    def test_who_may_recover(self):
        cluster, curl, data = self.folder("guarded", {"articles": 5})
        made, file = self.snapshot(curl)
        _, other, others = self.folder("guarded-other", {"articles": 6})
        before = rows_of(data), rows_of(others)
        location = {"location": f"file:///qdrant/snapshots/articles/{made['name']}"}
        viewer = Curl(self.served, self.token(cluster, "view"))
        self.refused(403, "manage", self.recover(viewer, location))
        self.refused(403, "manage", self.upload(viewer, file))
        self.refused(401, "no token", self.recover(Curl(self.served, ""), location))
        self.refused(400, "doesn't exist", self.recover(other, location))
        self.assertEqual((rows_of(data), rows_of(others)), before)


class AddressTest(SnapshotsCase):
    """Recovery by address, which is off until hosts are named."""

    @classmethod
    def options(cls):
        return ("--recover-from", f"127.0.0.1:{cls.files.server_port}")

    @classmethod
    def setUpClass(cls):
        case = cls

        class Files(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                case.seen.append((self.path, self.headers.get("api-key")))
                if self.path.startswith("/away"):
                    self.send_response(302)
                    self.send_header("Location", case.away)
                    self.end_headers()
                    return
                data = case.served_files.get(self.path)
                self.send_response(200 if data else 404)
                self.end_headers()
                self.wfile.write(data or b"none")

            def log_message(self, *_):
                pass

        cls.seen, cls.served_files, cls.away = [], {}, ""
        cls.files = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
        cls.thread = threading.Thread(target=cls.files.serve_forever)
        cls.thread.start()
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.files.shutdown()
        cls.thread.join()
        cls.files.server_close()

    def test_an_address_of_a_host_that_is_named_Q_SNP_03(self):
        _, curl, data = self.folder("address", {"articles": 80})
        before = rows_of(data)
        place = "/collections/articles/snapshots"
        made = curl.need("POST", place)
        self.served_files["/s/articles.snapshot"] = curl.run("GET", f"{place}/{made['name']}")[1]
        write_cluster(data, {"articles": 2}, generation=2)
        base = f"http://127.0.0.1:{self.files.server_port}"

        def recover(location, **more):
            return curl.run("PUT", place + "/recover", "-H", "Content-Type: application/json", "-d",
                            json.dumps({"location": location, **more}))

        status, answer = recover(base + "/s/articles.snapshot", api_key="theirs",
                                 checksum=made["checksum"])
        self.assertEqual(status, 200, answer)
        self.assertEqual(rows_of(data), before)
        self.assertIn(("/s/articles.snapshot", "theirs"), self.seen)
        self.assertIn("articles.snapshot", [one["name"] for one in curl.need("GET", place)])
        self.refused(400, "nothing at", recover(base + "/none"))
        self.refused(400, "checksum", recover(base + "/s/articles.snapshot", checksum="1" * 64))
        for other in ("http://localhost/x", "http://127.0.0.1:1/x", "https://127.0.0.1/x",
                      f"http://127.0.0.1:{self.served.port}/healthz", "http://[::1]/x",
                      "http://169.254.169.254/latest", "http://127.0.0.1.example/x"):
            self.refused(403, "not loaded from", recover(other))
        self.refused(400, "no user", recover(base.replace("//", "//user:word@") + "/x"))
        # Nobody is led elsewhere.
        type(self).away = f"http://127.0.0.1:{self.served.port}/healthz"
        self.refused(400, "not loaded from", recover(base + "/away"))
        type(self).away = f"file://{self.served.home}/owner.token"
        self.assertIn(recover(base + "/away")[0], (400, 403))
        type(self).away = base + "/s/articles.snapshot"
        self.assertEqual(recover(base + "/away")[0], 200)
        type(self).away = base + "/away"
        self.refused(500, "redirects", recover(base + "/away"))
        self.assertEqual(rows_of(data), before)

    def test_it_is_off_without_hosts_Q_SNP_03(self):
        served = Served().start()
        try:
            served.need("PUT", "/v1/projects/points", {"rules": "plain"})
            write_cluster(served.root / "data", {"articles": 5})
            served.need("POST", "/v1/clusters", {
                "name": "only", "project": "points", "region": "eu", "kind": "folder",
                "source": {"path": str(served.root / "data")}})
            curl = Curl(served, served.token)
            self.refused(403, "--recover-from", curl.run(
                "PUT", "/collections/articles/snapshots/recover", "-d",
                json.dumps({"location": f"http://127.0.0.1:{self.files.server_port}/x"})))
        finally:
            served.stop()
            served.folder.cleanup()


if __name__ == "__main__":
    unittest.main(warnings="ignore")
