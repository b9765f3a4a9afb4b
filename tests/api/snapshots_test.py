#!/usr/bin/env python3
"""Snapshots as a Qdrant server makes, lists, gives and deletes them: curl against `backcast serve`
with real data.

usage: snapshots_test.py BACKCAST
"""

import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import time
import unittest

from served import Served, write_cluster
from snapshot_case import Curl, SnapshotsCase


class SnapshotsTest(SnapshotsCase):
    def check_life(self, curl, place, pattern):
        """Made, listed, loaded and deleted; returns what was loaded."""
        made = curl.need("POST", place)
        self.assertRegex(made["name"], pattern)
        self.assertRegex(made["creation_time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")
        self.assertEqual(curl.need("GET", place), [made])
        file = self.served.root / "loaded.snapshot"
        file.unlink(missing_ok=True)
        status, _ = curl.run("GET", f"{place}/{made['name']}", output=file)
        self.assertEqual(status, 200)
        data = file.read_bytes()
        self.assertEqual((made["size"], made["checksum"]),
                         (len(data), hashlib.sha256(data).hexdigest()))
        # Two of one second have names of their own.
        again = curl.need("POST", place)
        self.assertNotEqual(again["name"], made["name"])
        self.assertEqual([one["name"] for one in curl.need("GET", place)],
                         [again["name"], made["name"]])
        self.assertIs(curl.need("DELETE", f"{place}/{made['name']}"), True)
        for method in ("GET", "DELETE"):
            self.refused(404, "Not found: Snapshot", curl.run(method, f"{place}/{made['name']}"))
        self.assertEqual([one["name"] for one in curl.need("GET", place)], [again["name"]])
        return file

    def test_a_collection_of_a_folder_cluster_Q_SNP_01(self):
        _, curl, _ = self.folder("life", {"articles": 100, "notes": 3})
        file = self.check_life(curl, "/collections/articles/snapshots",
                               r"^articles-\d+-\d{4}(-\d\d){5}\.snapshot$")
        names = tarfile.open(file).getnames()
        self.assertTrue(any(name.endswith("s1.vectors") for name in names), names)
        self.assertFalse(any("notes" in name for name in names), names)
        self.assertEqual(curl.need("GET", "/collections/notes/snapshots"), [])

    def test_a_collection_of_a_servers_storage_Q_SNP_01(self):
        _, curl, _ = self.storage("stored", {"docs": "first", "more": "other"})
        file = self.check_life(curl, "/collections/docs/snapshots",
                               r"^docs-\d+-\d{4}(-\d\d){5}\.snapshot$")
        names = tarfile.open(file).getnames()
        self.assertIn("config.json", names)
        self.assertIn("1/segments/0a1b2c3d-0000-4000-8000-000000000001.tar", names)

    def test_a_shard_Q_SNP_07(self):
        _, curl, _ = self.storage("sharded", {"docs": "first"})
        file = self.check_life(curl, "/collections/docs/shards/1/snapshots",
                               r"^docs-shard-1-\d{4}(-\d\d){5}\.snapshot$")
        names = tarfile.open(file).getnames()
        self.assertIn("shard_config.json", names)
        self.assertNotIn("config.json", names)
        self.refused(404, "Shard 7", curl.run("POST", "/collections/docs/shards/7/snapshots"))
        self.refused(400, "a shard is a number",
                     curl.run("POST", "/collections/docs/shards/x/snapshots"))
        _, curl, _ = self.folder("sharded-folder", {"articles": 1})
        self.refused(400, "not kept apart",
                     curl.run("POST", "/collections/articles/shards/0/snapshots"))

    def test_all_storage_with_its_aliases_Q_SNP_08(self):
        _, curl, _ = self.storage("full", {"docs": "first", "more": "other"},
                                  aliases={"current": "docs"})
        file = self.check_life(curl, "/snapshots", r"^full-snapshot-\d{4}(-\d\d){5}\.snapshot$")
        with tarfile.open(file) as tar:
            mapping = json.load(tar.extractfile("config.json"))
            self.assertEqual(mapping["collections_aliases"], {"current": "docs"})
            self.assertEqual(set(mapping["collections_mapping"]), {"docs", "more"})
            self.assertLessEqual(set(mapping["collections_mapping"].values()),
                                 set(tar.getnames()))

    def test_a_request_may_return_before_the_work_is_done_Q_SNP_11(self):
        _, curl, _ = self.folder("async", {"articles": 100})
        place = "/collections/articles/snapshots"
        status, answer = curl.ask("POST", place + "?wait=false")
        self.assertEqual((status, answer["status"]), (202, "accepted"))
        self.assertNotIn("result", answer)
        for _ in range(600):
            listed = curl.need("GET", place)
            if listed:
                break
            time.sleep(0.1)
        self.assertEqual(len(listed), 1)
        self.assertEqual(curl.run("GET", f"{place}/{listed[0]['name']}")[0], 200)
        status, answer = curl.ask("DELETE", f"{place}/{listed[0]['name']}?wait=false")
        self.assertEqual((status, answer["status"]), (202, "accepted"))
        self.assertEqual(curl.need("GET", place), [])
        self.refused(400, "wait", curl.run("POST", place + "?wait=maybe"))

    def test_each_node_has_snapshots_of_its_own_Q_SNP_02(self):
        # A node is a cluster here, and its key says which is meant.
        names = []
        for node in range(3):
            _, curl, _ = self.storage(f"node-{node}", {"docs": f"node {node}"}, shards=3,
                                      only=[node])
            made = curl.need("POST", "/collections/docs/snapshots")
            file = self.served.root / f"node-{node}.snapshot"
            curl.run("GET", f"/collections/docs/snapshots/{made['name']}", output=file)
            shards = {name.split("/")[0] for name in tarfile.open(file).getnames() if "/" in name}
            self.assertEqual(shards, {str(node)})
            names.append(re.match(r"docs-(\d+)-", made["name"]).group(1))
        self.assertEqual(len(set(names)), 3)

    def test_a_snapshot_is_a_backup_like_any_other(self):
        cluster, curl, _ = self.folder("noted", {"articles": 10})
        made = curl.need("POST", "/collections/articles/snapshots")
        backups = self.served.need("GET", f"/v1/backups?cluster={cluster}")["backups"]
        self.assertEqual([(one["name"], one["kind"]) for one in backups],
                         [(made["name"], "manual")])
        entries = self.served.need("GET", "/v1/audit?limit=1000")["audit"]
        self.assertTrue(any(entry["who"].startswith("key-") and entry["subject"] == cluster and
                            entry["action"] == "create_backup" for entry in entries))
        # Other backups of the cluster are no snapshots.
        job = self.served.need("POST", f"/v1/clusters/{cluster}/backups", {"name": "whole"})["job"]
        self.assertEqual(self.served.job(job)["state"], "SUCCESSFUL")
        self.assertEqual(curl.need("GET", "/snapshots"), [])
        self.assertEqual(len(curl.need("GET", "/collections/articles/snapshots")), 1)

    def test_what_is_not_there(self):
        _, curl, data = self.folder("missing", {"articles": 10})
        for method in ("GET", "POST"):
            self.refused(404, "Collection `none` doesn't exist!",
                         curl.run(method, "/collections/none/snapshots"))
        made = curl.need("POST", "/collections/articles/snapshots")["name"]
        for name in ("none.snapshot", "..%2F..%2Fcatalogue", "%2e%2e%2f" + made, "..%5C" + made,
                     "/etc/passwd".replace("/", "%2F")):
            self.refused(404, "Snapshot", curl.run("GET", "/collections/articles/snapshots/" + name,
                                                   "--path-as-is"))
        for name in ("..%2F..", "%2Fetc", "."):
            self.assertIn(curl.run("POST", f"/collections/{name}/snapshots", "--path-as-is")[0],
                          (400, 404))
        self.assertEqual(curl.run("PATCH", "/collections/articles/snapshots")[0], 405)
        # A cluster that is lost: what was saved of it can still be had.
        shutil.rmtree(data)
        self.assertEqual(len(curl.need("GET", "/collections/articles/snapshots")), 1)
        self.assertEqual(curl.run("GET", "/collections/articles/snapshots/" + made)[0], 200)
        self.assertEqual(curl.run("POST", "/collections/articles/snapshots")[0], 404)

    def test_whose_key_may_do_what(self):
        cluster, curl, _ = self.folder("mine", {"articles": 10})
        _, other, _ = self.folder("theirs", {"articles": 20})
        place = "/collections/articles/snapshots"
        made = curl.need("POST", place)["name"]
        self.assertEqual(other.need("GET", place), [])
        self.refused(404, "Snapshot", other.run("GET", f"{place}/{made}"))
        viewer = Curl(self.served, self.token(cluster, "view"))
        self.assertEqual(len(viewer.need("GET", place)), 1)
        for method, path in (("POST", place), ("DELETE", f"{place}/{made}"),
                             ("GET", f"{place}/{made}"), ("POST", "/snapshots")):
            self.refused(403, "privilege manage", viewer.run(method, path))
        for token, words in (("", "no token"), ("bct_wrong", "unknown or revoked")):
            self.refused(401, words, Curl(self.served, token).run("GET", place))
        # A key of a cluster does nothing beyond it.
        for path in ("/v1/clusters", "/v1/backups", "/v1/projects", "/v2/backups", "/metrics",
                     "/openapi.json", f"/v1/backups?cluster={cluster}",
                     "/api/cluster/backup/v1/accounts/points/backups"):
            self.assertEqual(curl.run("GET", path)[0], 403, path)
        # A token of several clusters does not say which is meant.
        self.refused(400, "--cluster", Curl(self.served, self.served.token).run("GET", place))
        status, answer = self.served.ask("POST", "/v1/tokens", {
            "name": "both", "role": "project_admin", "projects": ["points"], "cluster": cluster})
        self.assertEqual(status, 400, answer)
        status, answer = self.served.ask("POST", "/v1/tokens", {
            "name": "nowhere", "role": "view", "cluster": "none"})
        self.assertEqual(status, 404, answer)


class OneClusterTest(unittest.TestCase):
    def test_a_token_of_one_cluster_needs_no_more_words(self):
        served = Served().start()
        try:
            curl = Curl(served, served.token)
            status, answer = curl.ask("GET", "/collections/articles/snapshots")
            self.assertEqual(status, 404, answer)
            served.need("PUT", "/v1/projects/points", {"rules": "plain"})
            data = served.root / "data"
            write_cluster(data, {"articles": 5})
            served.need("POST", "/v1/clusters", {
                "name": "only", "project": "points", "region": "eu", "kind": "folder",
                "source": {"path": str(data)}})
            made = curl.need("POST", "/collections/articles/snapshots")
            self.assertEqual(curl.need("GET", "/collections/articles/snapshots"), [made])
            bearer = subprocess.run(
                ["curl", "-sS", "-H", f"Authorization: Bearer {served.token}",
                 curl.base + "/collections/articles/snapshots"],
                capture_output=True, check=True, text=True)
            self.assertEqual(json.loads(bearer.stdout)["result"], [made])
        finally:
            served.stop()
            served.folder.cleanup()


if __name__ == "__main__":
    unittest.main(warnings="ignore")
