#!/usr/bin/env python3
"""What `backcast serve` keeps of its own: a catalogue that is lost is made again from the
repositories and its daily copy, and what a killed service left is put in order.

usage: rebuild_test.py BACKCAST
"""

import contextlib
import shutil
import sqlite3
import subprocess
import time
import unittest

from served import PROGRAM, Served, rows_of, write_cluster

SHOWN = ("id", "cluster", "project", "region", "original", "kind", "schedule", "name", "tags",
         "protected", "state", "born", "available", "expires", "size_bytes", "reason", "contents")


class RebuildTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.served = Served().start()
        self.data = self.served.root / "data"
        write_cluster(self.data, {"articles": 100, "notes": 5})
        self.before = rows_of(self.data)
        self.served.need("PUT", "/v1/projects/shop", {"rules": "plain", "grace_seconds": 7200})
        self.cluster = self.served.need("POST", "/v1/clusters", {
            "name": "vectors", "project": "shop", "region": "eu/north", "kind": "folder",
            "version": "2.5.4", "cpu": 4, "source": {"path": str(self.data)}})["id"]

    def tearDown(self):
        self.served.folder.cleanup()

    def backup(self, **asked):
        made = self.served.need("POST", f"/v1/clusters/{self.cluster}/backups", asked)
        self.assertEqual(self.served.job(made["job"])["state"], "SUCCESSFUL")
        return made["backup"]

    def backups(self):
        found = self.served.need("GET", "/v1/backups")["backups"]
        return [{key: one.get(key) for key in SHOWN} for one in found]

    def until(self, holds):
        for _ in range(600):
            if holds():
                return
            time.sleep(0.1)
        self.fail("it never came to hold")

    def files(self, kind, region="eu%2fnorth"):
        place = self.served.home / "repositories" / "shop" / region / kind
        # Forgotten snapshots have another name until their space is freed.
        return [path for path in place.rglob("*") if path.is_file() and "-" not in path.name]

    def catalogue(self):
        return contextlib.closing(sqlite3.connect(self.served.home / "catalogue"))

    def filled(self):
        """A service with backups of several sorts, stopped; what it showed."""
        first = self.backup(tags=["old"], retention="native: --ttl 7d")
        self.backup(name="before migration", copies=[{"region": "us"}])
        deleted = self.backup()
        self.served.need("PUT", f"/v1/backups/{first}/tags", {"tags": ["kept", "twice"]})
        self.served.need("DELETE", f"/v1/backups/{deleted}")
        self.until(lambda: [b["state"] for b in self.backups()] == ["AVAILABLE"] * 3)
        self.until(lambda: len(self.files("snapshots")) == 2 and
                   len(self.files("snapshots", "us")) == 1)
        shown = self.backups()
        # The last label may still be on its way.
        self.assertEqual(self.served.stop(), 0)
        self.served.start()
        self.until(lambda: len(self.files("labels")) >= 2 and len(self.files("labels", "us")) == 1)
        self.assertEqual(self.served.stop(), 0)
        return shown

    def rebuild(self):
        self.served.start("--rebuild")
        return (self.served.root / "log").read_text()

    def test_all_of_a_catalogue_comes_back_from_the_repositories(self):
        shown = self.filled()
        for path in self.served.home.glob("catalogue*"):
            path.unlink()
        shutil.rmtree(self.served.home / "copies")
        log = self.rebuild()
        self.assertIn("3 backups were taken in, 0 were known, 0 are lost", log)
        self.assertIn("no copy of the catalogue", log)
        self.assertEqual(self.backups(), shown)
        project = self.served.need("GET", "/v1/projects")["projects"][0]
        self.assertEqual((project["id"], project["grace_seconds"]), ("shop", 7200))
        # What comes after has names of its own, and the old ones restore.
        newer = self.backup()
        self.assertNotIn(newer, [b["id"] for b in shown])
        write_cluster(self.data, {"articles": 1}, generation=2)
        job = self.served.need("POST", f"/v1/backups/{shown[-1]['id']}/restore",
                               {"in_place": True})["job"]
        self.assertEqual(self.served.job(job)["state"], "SUCCESSFUL")
        self.assertEqual(rows_of(self.data), self.before)
        self.assertEqual(self.served.stop(), 0)

    def test_a_damaged_catalogue_begins_with_its_copy(self):
        gone, stays = self.backup(), self.backup()
        self.served.stop()
        for path in (self.served.home / "copies").iterdir():
            path.unlink()
        self.served.start()
        self.until(lambda: list((self.served.home / "copies").glob("*.sqlite")))
        # After the copy: one goes, one comes.
        self.served.need("DELETE", f"/v1/backups/{gone}")
        late = self.backup(tags=["late"])
        self.until(lambda: len(self.files("snapshots")) == 2 and len(self.files("labels")) == 3)
        self.assertEqual(self.served.stop(), 0)
        token = self.served.token
        (self.served.home / "catalogue").write_bytes(b"no catalogue" * 1000)
        log = self.rebuild()
        self.assertIn("1 backups were taken in, 1 were known, 1 are lost, 0 snapshots", log)
        self.assertIn("begins with its copy", log)
        self.assertTrue((self.served.home / "catalogue.damaged").exists())
        self.assertEqual(self.served.token, token)
        self.assertEqual({b["id"] for b in self.backups()}, {stays, late})
        self.assertEqual(self.served.stop(), 0)

    def test_what_the_catalogue_knows_better_stays(self):
        backup = self.backup(tags=["old"])
        self.until(lambda: len(self.files("labels")) == 1)
        self.served.stop()
        (label,) = self.files("labels")
        older = label.read_bytes()
        self.served.start()
        self.served.need("PUT", f"/v1/backups/{backup}/tags", {"tags": ["new"]})
        self.until(lambda: [p.read_bytes() for p in self.files("labels")] not in ([], [older]))
        self.served.stop()
        # As if the service had been killed before it could write the newer label.
        for newer in self.files("labels"):
            newer.unlink()
        label.write_bytes(older)
        log = self.rebuild()
        self.assertIn("0 backups were taken in, 1 were known, 0 are lost", log)
        self.assertEqual(self.backups()[0]["tags"], ["new"])
        self.assertEqual(self.served.stop(), 0)

    def test_a_snapshot_that_cannot_be_read_is_not_lost(self):
        backup = self.backup()
        self.until(lambda: len(self.files("labels")) == 1)
        self.served.stop()
        (snapshot,) = self.files("snapshots")
        whole = snapshot.read_bytes()
        snapshot.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        log = self.rebuild()
        self.assertIn("0 are lost", log)
        self.assertIn("cannot be read", log)
        self.assertEqual([b["state"] for b in self.backups()], ["AVAILABLE"])
        self.served.stop()
        snapshot.write_bytes(whole)
        self.served.start()
        job = self.served.need("POST", f"/v1/backups/{backup}/restore", {"in_place": True})["job"]
        self.assertEqual(self.served.job(job)["state"], "SUCCESSFUL")
        self.assertEqual(self.served.stop(), 0)

    def test_a_catalogue_of_the_version_before_goes_on(self):
        backup = self.backup(tags=["kept"])
        self.until(lambda: len(self.files("labels")) == 1)
        self.served.stop()
        with contextlib.closing(sqlite3.connect(self.served.home / "catalogue")) as catalogue:
            catalogue.executescript("""
                DROP TABLE keys;
                ALTER TABLE backups DROP COLUMN changes;
                ALTER TABLE jobs DROP COLUMN warns;
                UPDATE clusters SET key = 'said, and nothing acted on it';
                PRAGMA user_version = 1;""")
        self.served.start()
        self.assertEqual(self.backups()[0]["tags"], ["kept"])
        job = self.served.need("POST", f"/v1/backups/{backup}/restore", {"in_place": True})["job"]
        self.assertEqual(self.served.job(job)["state"], "SUCCESSFUL")
        self.backup()
        self.assertEqual(self.served.stop(), 0)

    def test_a_damaged_catalogue_is_not_served(self):
        self.served.stop()
        (self.served.home / "catalogue").write_bytes(b"no catalogue" * 1000)
        done = subprocess.run([PROGRAM, "serve", self.served.home, "--listen", "127.0.0.1:0"],
                              capture_output=True, text=True, check=False, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("--rebuild", done.stderr)

    def test_what_a_killed_service_left_is_put_in_order(self):
        self.filled()
        for label in self.files("labels"):
            label.unlink()
        with self.catalogue() as catalogue:
            # A job that was stopped after its snapshot was published, before that was noted.
            catalogue.execute("UPDATE backups SET state = 3, snapshot = '' "
                              "WHERE name = 'before migration' AND kind = 'manual'")
            catalogue.commit()
        self.served.start()
        self.until(lambda: len(self.files("snapshots")) == 1 and len(self.files("labels")) == 1)
        self.assertEqual(len(self.files("snapshots", "us")), 1)
        self.assertEqual(self.served.stop(), 0)
        self.assertNotIn("unknown", (self.served.root / "log").read_text())
        # Of a snapshot that it never heard of the catalogue thinks nothing.
        with self.catalogue() as catalogue:
            catalogue.execute("PRAGMA foreign_keys = OFF")
            catalogue.execute("DELETE FROM backups WHERE kind = 'manual'")
            catalogue.commit()
        self.served.start()
        log = self.served.root / "log"
        self.until(lambda: "1 of the snapshots" in log.read_text())
        self.assertEqual(self.served.stop(), 0)
        self.assertEqual(len(self.files("snapshots")), 1)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
