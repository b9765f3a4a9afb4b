#!/usr/bin/env python3
"""`backcast serve` with real data: clusters are backed up, lost, restored and compared row by row,
through the API and the command line.

usage: serve_test.py BACKCAST
"""

import contextlib
import json
import pathlib
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest

from served import PROGRAM, Served, rows_of, write_cluster

class ServeTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.served = Served().start()
        cls.served.need("PUT", "/v1/projects/proj-a", {"rules": "zilliz", "plan": "dedicated"})
        cls.served.need("PUT", "/v1/projects/plain", {"rules": "plain"})

    @classmethod
    def tearDownClass(cls):
        assert cls.served.stop() == 0
        log = (cls.served.root / "log").read_text()
        assert cls.served.token not in log
        cls.served.folder.cleanup()

    def cluster(self, name, collections, project="proj-a"):
        data = self.served.root / "data" / name
        write_cluster(data, collections)
        made = self.served.need("POST", "/v1/clusters", {
            "name": name, "project": project, "region": "aws-us-east-1", "kind": "folder",
            "version": "2.5.4", "cu": 8, "source": {"path": str(data)}})
        return made["id"], data

    def backup(self, cluster, **more):
        made = self.served.need("POST", f"/v2/clusters/{cluster}/backups/create",
                                {"backupType": "CLUSTER", **more})
        job = self.served.job(made["jobId"])
        self.assertEqual(job["state"], "SUCCESSFUL", job)
        return made["backupId"]

    def restored_data(self, cluster):
        return self.served.home / "clusters" / cluster

    def test_what_is_secret_is_for_nobody_else(self):
        for name in ("owner.token", "service.key"):
            self.assertEqual((self.served.home / name).stat().st_mode & 0o777, 0o600)
        self.assertEqual((self.served.home / "spool").stat().st_mode & 0o777, 0o700)
        data = b"".join(p.read_bytes() for p in self.served.home.glob("catalogue*"))
        self.assertNotIn(self.served.token.encode(), data)

    def test_a_full_restore_makes_a_new_cluster_Z_RES_01(self):
        cluster, data = self.cluster("whole", {"articles": 1000, "notes": 10})
        before = rows_of(data)
        backup = self.backup(cluster)
        write_cluster(data, {"articles": 1}, generation=2)
        made = self.served.need(
            "POST", f"/v2/clusters/{cluster}/backups/{backup}/restoreCluster",
            {"targetProjectId": "proj-a", "clusterName": "whole-again", "cuSize": 1,
             "collectionStatus": "KEEP"})
        job = self.served.job(made["jobId"])
        self.assertEqual(job["state"], "SUCCESSFUL", job)
        again = self.restored_data(made["clusterId"])
        self.assertEqual(rows_of(again), before)
        self.assertEqual(len(rows_of(data)), 1)  # the source is left alone
        # The new cluster's admin, and fewer shards than the source had.
        catalog = json.loads((again / "cluster.json").read_text())
        self.assertEqual([user["name"] for user in catalog["users"]], ["db_admin"])
        self.assertNotIn(made["password"], json.dumps(catalog))
        self.assertEqual({c["shards"] for c in catalog["databases"][0]["collections"]}, {2})
        loaded = {c["name"]: c["loaded"] for c in catalog["databases"][0]["collections"]}
        self.assertEqual(loaded, {"articles": True, "notes": False})

    def test_collections_come_back_released_Z_RES_05(self):
        cluster, _ = self.cluster("released", {"articles": 5})
        made = self.served.need(
            "POST", f"/v2/clusters/{cluster}/backups/{self.backup(cluster)}/restoreCluster",
            {"projectId": "proj-a", "clusterName": "released-again", "cuSize": 8,
             "collectionStatus": "RELEASE"})
        self.assertEqual(self.served.job(made["jobId"])["state"], "SUCCESSFUL")
        catalog = json.loads((self.restored_data(made["clusterId"]) / "cluster.json").read_text())
        self.assertFalse(catalog["databases"][0]["collections"][0]["loaded"])

    def test_only_a_backup_of_a_cluster_restores_one_Z_RES_02_Z_MAN_02(self):
        cluster, data = self.cluster("some", {"articles": 20, "notes": 10, "drafts": 3})
        backup = self.backup(cluster, backupType="COLLECTION",
                             dbCollections=[{"collectionNames": ["notes", "drafts"]}])
        described = self.served.need("GET", f"/v2/clusters/{cluster}/backups/{backup}")
        self.assertEqual(described["backupType"], "COLLECTION")
        self.assertNotIn("restoreNewInstancePolicies", described)
        self.assertEqual(sorted(c["collectionName"]
                                for c in described["dbCollections"][0]["collections"]),
                         ["drafts", "notes"])
        status, answer = self.served.ask(
            "POST", f"/v2/clusters/{cluster}/backups/{backup}/restoreCluster",
            {"projectId": "proj-a", "clusterName": "never", "cuSize": 1,
             "collectionStatus": "KEEP"})
        self.assertEqual((status, json.loads(answer)["code"]), (200, 96040))
        # Only these come back.
        into, target = self.cluster("some-into", {"other": 1})
        job = self.served.need("POST", f"/v2/clusters/{cluster}/backups/{backup}/restoreCollection",
                               {"destClusterId": into})["jobId"]
        self.assertEqual(self.served.job(job)["state"], "SUCCESSFUL", self.served.job(job))
        before, after = rows_of(data), rows_of(target)
        self.assertEqual(set(after), {("default", name) for name in ("other", "notes", "drafts")})
        self.assertEqual(after[("default", "notes")], before[("default", "notes")])

    def test_collections_get_other_names_and_states_Z_RES_11_Z_RES_12_Z_RES_13(self):
        cluster, data = self.cluster("part", {"articles": 30, "notes": 4})
        into, target = self.cluster("part-into", {"articles": 2})
        backup = self.backup(cluster)
        place = f"/v2/clusters/{cluster}/backups/{backup}/restoreCollection"
        asked = {"destClusterId": into, "dbCollections": [{"destDbName": "old", "collections": [
            {"collectionName": "articles", "destCollectionName": "articles_before",
             "destCollectionStatus": "UNLOADED"}]}]}
        self.assertEqual(self.served.job(self.served.need("POST", place, asked)["jobId"])["state"],
                         "SUCCESSFUL")
        self.assertEqual(rows_of(target)[("old", "articles_before")],
                         rows_of(data)[("default", "articles")])
        # A name that is taken changes nothing.
        before = rows_of(target)
        job = self.served.job(self.served.need("POST", place, asked)["jobId"])
        self.assertEqual(job["state"], "FAILED")
        self.assertIn("articles_before", job["reason"])
        self.assertEqual(rows_of(target), before)
        # Without a list everything, unloaded.
        empty, everything = self.cluster("part-empty", {})
        job = self.served.need("POST", place, {"destClusterId": empty})["jobId"]
        self.assertEqual(self.served.job(job)["state"], "SUCCESSFUL")
        self.assertEqual(rows_of(everything), rows_of(data))
        catalog = json.loads((everything / "cluster.json").read_text())
        self.assertEqual({c["loaded"] for c in catalog["databases"][0]["collections"]}, {False})

    def test_a_description_lists_databases_and_collections_Z_FILE_02(self):
        cluster, _ = self.cluster("described", {"articles": 7, "notes": 1})
        backup = self.backup(cluster)
        described = self.served.need("GET", f"/v2/clusters/{cluster}/backups/{backup}")
        self.assertEqual(described["dbCollections"][0]["dbName"], "default")
        self.assertEqual(
            sorted((c["collectionName"], c["status"])
                   for c in described["dbCollections"][0]["collections"]),
            [("articles", "LOADED"), ("notes", "UNLOADED")])

    def test_a_restore_in_place(self):
        cluster, data = self.cluster("place", {"articles": 50}, "plain")
        before = rows_of(data)
        made = self.served.need("POST", f"/v1/clusters/{cluster}/backups", {"tags": ["good"]})
        self.assertEqual(self.served.job(made["job"])["state"], "SUCCESSFUL")
        write_cluster(data, {"articles": 3, "newer": 2}, generation=2)
        self.served.need("PATCH", f"/v1/clusters/{cluster}", {"version": "2.6.0", "nodes": 5})
        place = f"/v1/backups/{made['backup']}/restore"
        job = self.served.need("POST", place, {"in_place": True})["job"]
        self.assertEqual(self.served.job(job)["state"], "SUCCESSFUL", self.served.job(job))
        self.assertEqual(rows_of(data), before)
        now = self.served.need("GET", f"/v1/clusters/{cluster}")
        self.assertEqual((now["version"], now["nodes"]), ("2.5.4", 1))

    def test_only_a_restore_in_place_takes_anything_away(self):
        cluster, data = self.cluster("kept", {"articles": 50})
        backup = self.backup(cluster)
        write_cluster(data, {"articles": 3, "newer": 2}, generation=2)
        self.served.need("PATCH", f"/v1/clusters/{cluster}", {"version": "2.6.0"})
        before = rows_of(data)
        place = f"/v2/clusters/{cluster}/backups/{backup}/restoreCollection"
        for asked in ({"destClusterId": cluster}, {"destClusterId": cluster, "dbCollections": []}):
            job = self.served.job(self.served.need("POST", place, asked)["jobId"])
            self.assertEqual(job["state"], "FAILED")
            self.assertIn("articles", job["reason"])
        place = f"/v1/backups/{backup}/restore"
        status, answer = self.served.ask("POST", place, {})
        self.assertEqual(status, 400)
        self.assertIn(b"in_place", answer)
        one = {"collections": [{"name": "articles", "to_name": "articles_before"}]}
        job = self.served.need("POST", place, {"choice": one, "in_place": True})["job"]
        self.assertEqual(self.served.job(job)["state"], "FAILED")
        other, _ = self.cluster("kept-other", {})
        status, _ = self.served.ask("POST", place, {"into": other, "in_place": True})
        self.assertEqual(status, 400)
        self.assertEqual(rows_of(data), before)
        # Beside what is there, with the newer version as it is.
        job = self.served.need("POST", place, {"choice": one})["job"]
        self.assertEqual(self.served.job(job)["state"], "SUCCESSFUL", self.served.job(job))
        self.assertEqual({name for _, name in rows_of(data)},
                         {"articles", "newer", "articles_before"})
        self.assertEqual(self.served.need("GET", f"/v1/clusters/{cluster}")["version"], "2.6.0")

    def test_a_copy_in_another_region_restores(self):
        cluster, data = self.cluster("copied", {"articles": 40})
        self.backup(cluster, crossRegionCopies=[{"regionId": "aws-eu-west-1"}])
        for _ in range(200):
            copies = self.served.need("GET", f"/v1/backups?cluster={cluster}&kind=copy"
                                             "&state=AVAILABLE")["backups"]
            if copies:
                break
            time.sleep(0.1)
        made = self.served.need(
            "POST", f"/v2/clusters/{cluster}/backups/{copies[0]['id']}/restoreCluster",
            {"projectId": "proj-a", "clusterName": "copied-again", "cuSize": 1,
             "collectionStatus": "KEEP"})
        self.assertEqual(self.served.job(made["jobId"])["state"], "SUCCESSFUL")
        self.assertEqual(rows_of(self.restored_data(made["clusterId"])), rows_of(data))
        new = self.served.need("GET", "/v1/clusters/" + made["clusterId"])
        self.assertEqual(new["region"], "aws-eu-west-1")

    def test_downloads_are_decrypted_or_age_files(self):
        cluster, _ = self.cluster("loaded", {"articles": 9})
        backup = self.backup(cluster)
        status, data = self.served.ask("GET", f"/v1/backups/{backup}/data")
        self.assertEqual(status, 200)
        listed = subprocess.run(["tar", "-t"], input=data, check=True, capture_output=True)
        self.assertIn(b"s1.vectors", listed.stdout)
        status, data = self.served.ask("GET", f"/v1/backups/{backup}/data?encrypted=true")
        self.assertEqual((status, data[:21]), (200, b"age-encryption.org/v1"))
        self.assertEqual(list((self.served.home / "scratch").iterdir()), [])

    def test_a_source_that_is_gone_fails_the_backup_and_leaves_nothing(self):
        cluster, data = self.cluster("gone", {"articles": 9})
        shutil.rmtree(data)
        made = self.served.need("POST", f"/v2/clusters/{cluster}/backups/create",
                                {"backupType": "CLUSTER"})
        job = self.served.job(made["jobId"])
        self.assertEqual(job["state"], "FAILED")
        self.assertTrue(job["reason"])
        self.assertEqual(self.served.need("GET", f"/v2/backups?clusterId={cluster}")["count"], 0)

    def test_what_is_deleted_goes_from_the_store(self):
        cluster, _ = self.cluster("dropped", {"articles": 2000})
        backup = self.backup(cluster)
        self.served.need("DELETE", f"/v2/clusters/{cluster}/backups/{backup}")
        status, answer = self.served.ask("GET", f"/v1/backups/{backup}/data")
        self.assertEqual(status, 409, answer)

    def test_every_change_is_in_the_audit_log(self):
        cluster, _ = self.cluster("audited", {"articles": 1})
        entries = self.served.need("GET", "/v1/audit?limit=1000")["audit"]
        self.assertIn(("owner", "create_cluster", cluster),
                      [(e["who"], e["action"], e["subject"]) for e in entries])

    def test_status_usage_decisions_and_metrics(self):
        cluster, _ = self.cluster("seen", {"articles": 3})
        self.backup(cluster)
        status = {c["cluster"]: c for c in self.served.need("GET", "/v1/status")["clusters"]}
        self.assertEqual(status[cluster]["backups"], 1)
        usage = self.served.need("GET", "/v1/usage?from=2020-01-01T00:00:00Z"
                                        "&to=2100-01-01T00:00:00Z")["usage"]
        self.assertIn("seen", {record["service"] for record in usage})
        codes = {d["code"] for d in self.served.need("GET", "/v1/decisions")["decisions"]}
        self.assertIn("backup_completed", codes)
        metrics = self.served.ask("GET", "/metrics")[1].decode()
        self.assertIn('backcast_backups_available{cluster="seen",project="proj-a"} 1\n', metrics)


class RestartTest(unittest.TestCase):
    def test_two_servers_on_one_catalogue(self):
        served = Served().start()
        second = subprocess.run([PROGRAM, "serve", served.home, "--listen", "127.0.0.1:0"],
                                capture_output=True, text=True, check=False, timeout=30)
        self.assertEqual(second.returncode, 11, second.stderr)
        self.assertIn("one server", second.stderr)
        self.assertEqual(served.stop(), 0)
        served.folder.cleanup()

    def test_a_killed_service_goes_on_where_it_was(self):
        served = Served().start()
        served.need("PUT", "/v1/projects/p", {"rules": "plain"})
        data = served.root / "data"
        write_cluster(data, {"articles": 200_000})
        cluster = served.need("POST", "/v1/clusters", {
            "name": "c", "project": "p", "region": "here", "kind": "folder",
            "source": {"path": str(data)}})["id"]
        for delay in (0.0, 0.1, 0.3, 0.6):
            job = served.need("POST", f"/v1/clusters/{cluster}/backups", {})["job"]
            time.sleep(delay)
            served.kill()
            served.start()
            ended = served.job(job)
            self.assertEqual(ended["state"], "SUCCESSFUL", ended)
        backups = served.need("GET", f"/v1/backups?cluster={cluster}")["backups"]
        self.assertEqual([b["state"] for b in backups], ["AVAILABLE"] * 4)
        self.assertEqual(list((served.home / "spool").iterdir()), [])
        self.assertEqual(served.stop(), 0)
        served.folder.cleanup()

    def test_systemd_is_told(self):
        served = Served()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            place = str(served.root / "notify")
            told.bind(place)
            told.settimeout(20)
            served.start(env={"NOTIFY_SOCKET": place})
            self.assertEqual(told.recv(100), b"READY=1\n")
            self.assertEqual(served.stop(), 0)
            self.assertEqual(told.recv(100), b"STOPPING=1\n")
        served.folder.cleanup()

    def test_the_unit_of_systemd_is_hardened(self):
        unit = pathlib.Path(__file__).parents[2] / "cli/service/deploy/backcast.service"
        told = subprocess.run(["systemd-analyze", "security", "--offline=yes", unit],
                              capture_output=True, text=True, check=False).stdout
        exposure = float(re.search(r"exposure level for backcast.service: ([\d.]+)", told)[1])
        self.assertLess(exposure, 3)

    def test_options_that_cannot_be(self):
        with tempfile.TemporaryDirectory() as folder:
            for more, why in ((["--listen", "0.0.0.0:0"], "plain sight"),
                              (["--listen", "here"], "ADDRESS:PORT"),
                              (["--listen", "127.0.0.1:99999"], "ADDRESS:PORT"),
                              (["--tls-cert", "x"], "go together"),
                              (["--tls-cert", "x", "--tls-key", "y"], "no certificate")):
                done = subprocess.run([PROGRAM, "serve", folder, *more], capture_output=True,
                                      text=True, check=False, timeout=30)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(why, done.stderr)

    def test_a_clock_far_from_the_catalogue_is_not_believed(self):
        served = Served().start()
        served.need("PUT", "/v1/projects/p", {"rules": "plain"})
        data = served.root / "data"
        write_cluster(data, {"a": 3})
        made = served.need("POST", "/v1/clusters", {
            "name": "c", "project": "p", "region": "here", "kind": "folder",
            "source": {"path": str(data)}})
        served.need("POST", f"/v1/clusters/{made['id']}/backups", {})
        served.stop()
        with contextlib.closing(sqlite3.connect(served.home / "catalogue")) as catalogue:
            catalogue.execute("UPDATE decisions SET at = at - 400 * 86400 * 1000000000")
            catalogue.commit()
        command = [PROGRAM, "serve", served.home, "--listen", "127.0.0.1:0"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("--accept-clock", done.stderr)
        served.start("--accept-clock")
        self.assertEqual(served.stop(), 0)
        served.folder.cleanup()

    def test_a_new_owner_token(self):
        served = Served().start()
        first = served.token
        served.stop()
        served.start("--new-owner-token")
        self.assertNotEqual(served.token, first)
        self.assertEqual(len(served.need("GET", "/v1/tokens")["tokens"]), 2)
        served.stop()
        served.folder.cleanup()


if __name__ == "__main__":
    unittest.main(warnings="ignore")
