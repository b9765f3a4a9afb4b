#!/usr/bin/env python3
"""A scenario lived through by the service itself, under the virtual clock, on generated data.

usage: virtual_test.py BACKCAST
"""

import io
import json
import os
import subprocess
import tarfile
import unittest

from served import PROGRAM, Served

VIRTUAL = ("--clock", "virtual")


class VirtualTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.served = Served()

    def tearDown(self):
        self.served.folder.cleanup()

    def run_verb(self, *words, code=0):
        done = subprocess.run(
            [PROGRAM, *words], capture_output=True, text=True, check=False, timeout=120,
            cwd=self.served.root,
            env={**os.environ, "BACKCAST_SERVER": self.address(),
                 "BACKCAST_TOKEN_FILE": str(self.served.home / "owner.token")})
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr if code else done.stdout

    def address(self):
        return f"http://127.0.0.1:{getattr(self.served, 'port', 1)}"

    def live(self, scenario):
        self.served.start(*VIRTUAL, "--scenario", scenario)

    def available(self):
        return self.served.need("GET", "/v1/backups?state=AVAILABLE&limit=1000")["backups"]

    def test_the_worked_example_costs_what_was_foreseen_and_all_of_it_restores(self):
        self.live("zilliz-cross-region")
        self.assertEqual(self.served.need("GET", "/healthz")["time"], "2026-01-31T00:00:00Z")
        held = self.available()
        self.assertEqual(sorted((b["region"], b["kind"], b["size_bytes"]) for b in held),
                         [("gcp-europe-west3", "copy", 20 * 10**9),
                          ("gcp-us-east4", "copy", 20 * 10**9),
                          ("gcp-us-west1", "manual", 20 * 10**9)])
        bill = json.loads(self.run_verb("bill", "--server", self.address(), "--scenario",
                                        "zilliz-cross-region", "--json"))
        self.assertEqual([(row["left"], row["right"]) for row in bill["lines"]["rows"]
                          if row["month"] == "total"], [(2.8, 2.8)])
        contents = [self.files(self.served.ask("GET", f"/v1/backups/{b['id']}/data")[1])
                    for b in held]
        self.assertEqual(len(contents[0]), 6)
        self.assertEqual(contents.count(contents[0]), 3)
        # It goes on: in place, anew, and after a restart at the same moment.
        self.run_verb("clusters", "restore", held[0]["id"], "--in-place", "--wait")
        self.run_verb("backups", "create", "cluster-1", "--wait")
        self.assertEqual(self.served.stop(), 0)
        self.served.start(*VIRTUAL)
        held = self.available()
        self.assertEqual(len(held), 4)
        self.assertEqual(held[0]["born"], "2026-01-31T00:00:00Z")
        self.assertEqual(self.files(self.served.ask("GET", f"/v1/backups/{held[0]['id']}/data")[1]),
                         contents[0])
        self.assertEqual(self.served.stop(), 0)

    def files(self, data):
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            return {m.name: tar.extractfile(m).read() for m in tar.getmembers() if m.isfile()}

    def test_what_is_left_is_what_the_simulation_leaves(self):
        self.live("zerops-quota")
        foreseen = json.loads(self.run_verb("simulate", "zerops-quota", "--json", code=None))
        self.assertEqual(len(self.available()), foreseen["backups"]["available"])
        self.assertEqual(sum(b["size_bytes"] for b in self.available()),
                         foreseen["stored_last_bytes"])
        self.assertEqual(self.served.stop(), 0)

    def test_backups_under_a_key_open_with_it_alone(self):
        sealed = self.served.root / "sealed.json"
        sealed.write_text(json.dumps({
            "name": "sealed", "start": "2026-01-01", "horizon": "3d",
            "projects": [{"name": "p", "keys": [{"name": "k", "region": "here"}]}],
            "services": [{"name": name, "project": "p", "region": "here", "size": "1 MB",
                          "delta": "full", "schedules": [{"cron": "0 2 * * *"}], **key}
                         for name, key in (("a", {"key": "k"}), ("b", {}))],
            "events": [{"at": "+2d", "kind": "revoke_key", "project": "p", "key": "k"}]}))
        self.live(str(sealed))
        held = self.available()
        self.assertEqual([b["cluster"] for b in held].count("cluster-1"), 2)
        self.assertEqual([b["cluster"] for b in held].count("cluster-2"), 3)
        target = f"/v1/backups/{next(b for b in held if b['cluster'] == 'cluster-1')['id']}/data"
        self.assertNotEqual(self.served.ask("GET", target)[0], 200)
        self.served.need("PUT", "/v1/projects/p/keys/k", {"state": "ENABLED"})
        self.assertEqual(len(self.files(self.served.ask("GET", target)[1])), 6)
        self.assertEqual(self.served.stop(), 0)

    def test_what_does_not_go_together_is_refused(self):
        home = str(self.served.home)
        self.assertIn("--scenario", self.run_verb("serve", home, *VIRTUAL, code=2))
        self.assertIn("--clock virtual", self.run_verb(
            "serve", home, "--scenario", "zerops-quota", code=2))
        self.assertIn("no scenario", self.run_verb(
            "serve", home, *VIRTUAL, "--scenario", "nothing", code=2))
        shared = self.served.root / "shared.json"
        shared.write_text(json.dumps({
            "name": "shared", "start": "2026-01-01", "horizon": "1d", "provider": "plain",
            "services": [{"name": name, "region": "here", "size": "1 MB", "delta": "lifetimes",
                          "change": {"per_day": "1%"}} for name in ("a", "b")],
            "repositories": [{"name": "one", "service": ["a", "b"],
                              "shared": {"share": "70%", "drift_per_day": "0.2%"}}]}))
        self.assertIn("does not play repositories that services share", self.run_verb(
            "serve", home, *VIRTUAL, "--scenario", str(shared), code=2))
        # Nothing was begun by any of them.
        self.live("zilliz-cross-region")
        self.assertEqual(self.served.stop(), 0)
        self.assertIn("give --clock virtual", self.run_verb("serve", home, code=2))
        self.assertIn("leave --scenario out", self.run_verb(
            "serve", home, *VIRTUAL, "--scenario", "zerops-quota", code=2))
        other = self.served.root / "other"
        service = Served()
        self.addCleanup(service.folder.cleanup)
        service.home = other
        self.assertEqual(service.start().stop(), 0)
        self.assertIn("machine's clock", self.run_verb(
            "serve", str(other), *VIRTUAL, "--scenario", "zerops-quota", code=2))

    def test_one_that_was_cut_off_is_not_served(self):
        self.served.start(*VIRTUAL, "--scenario", "qdrant-incremental", wait=False)
        played = self.served.home / "catalogue.played"
        while not played.exists():
            self.assertIsNone(self.served.process.poll())
        self.served.kill()
        self.assertIn("a new directory", self.run_verb("serve", str(self.served.home), code=1))


if __name__ == "__main__":
    unittest.main()
