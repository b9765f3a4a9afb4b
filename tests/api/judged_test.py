#!/usr/bin/env python3
"""What a policy requires is judged while a service runs it, and restores are drilled.

usage: judged_test.py BACKCAST
"""

import datetime
import time
import unittest

from policy_case import DAY, PolicyCase
from served import rows_of


class JudgedTest(PolicyCase):
    def test_restore_drills_bring_back_measure_and_clean_up(self):
        cluster, data = self.cluster(rows=500)
        backup = self.backup(cluster)
        before = rows_of(data)
        self.run_verb("drills", "set", "vectors", "--every", "1d")
        drill = self.drilled(lambda last: last is not None)
        self.assertEqual((drill["last"]["why_not"], drill["last"]["how"], drill["last"]["backup"],
                          drill["last"]["rows"]), ("", "restored", backup, 500))
        known = self.served.need("GET", f"/v1/backups/{backup}")
        self.assertEqual(drill["last"]["bytes"], known["size_bytes"])
        self.assertGreater(drill["last"]["seconds"], 0)
        job = self.served.need("GET", "/v1/jobs/" + drill["last"]["job"])
        self.assertEqual((job["type"], job["state"]), ("RESTORE", "SUCCESSFUL"))
        due = datetime.datetime.fromisoformat(drill["due"].replace("Z", "+00:00"))
        self.assertGreater(due, self.now + DAY - datetime.timedelta(minutes=1))
        # Nothing stays, and nothing was touched.
        self.assertEqual(rows_of(data), before)
        self.assertEqual([c["id"] for c in self.served.need("GET", "/v1/clusters")["clusters"]],
                         [cluster])
        self.assertEqual(list((self.served.home / "clusters").iterdir()), [])
        metrics = self.served.ask("GET", "/metrics")[1].decode()
        self.assertIn('backcast_drill_ok{cluster="vectors",project="shop"} 1\n', metrics)
        self.assertIn("restored", self.run_verb("status"))
        # One that fails: the bytes of the backup are gone.
        for pack in (self.served.home / "repositories").rglob("*"):
            if pack.is_file() and pack.stat().st_size > 10_000:
                pack.write_bytes(b"x" * pack.stat().st_size)
        self.run_verb("drills", "set", "vectors", "--every", "2d")
        drill = self.drilled(lambda last: last["why_not"] != "")
        self.assertIn("FAILED", self.run_verb("drills", "list", code=1))
        self.assertIn('backcast_drill_ok{cluster="vectors",project="shop"} 0\n',
                      self.served.ask("GET", "/metrics")[1].decode())
        self.assertEqual(list((self.served.home / "clusters").iterdir()), [])
        self.run_verb("drills", "off", "vectors")
        self.assertEqual(self.served.need("GET", "/v1/drills")["drills"], [])
        self.run_verb("drills", "off", "vectors", code=1)
        self.run_verb("drills", "set", "vectors", "--every", "1s", code=2)

    def test_a_drill_that_was_killed_leaves_nothing_and_is_done_again(self):
        cluster, _ = self.cluster(rows=200_000)
        self.backup(cluster)
        self.served.need("PUT", f"/v1/clusters/{cluster}/drill", {"every_seconds": 86400})
        for _ in range(600):
            if list((self.served.home / "clusters").glob("*")):
                break
            time.sleep(0.01)
        self.served.kill()
        self.served.start()
        drill = self.drilled(lambda last: last is not None)
        self.assertEqual((drill["last"]["why_not"], drill["last"]["rows"]), ("", 200_000))
        self.assertEqual(list((self.served.home / "clusters").iterdir()), [])
        self.assertEqual(len(self.served.need("GET", "/v1/clusters")["clusters"]), 1)

    def test_a_drill_without_a_backup_fails(self):
        cluster, _ = self.cluster()
        self.served.need("PUT", f"/v1/clusters/{cluster}/drill", {"every_seconds": 86400})
        drill = self.drilled(lambda last: last is not None)
        self.assertIn("no backup", drill["last"]["why_not"])

    def drilled(self, is_done):
        for _ in range(600):
            (drill,) = self.served.need("GET", "/v1/drills")["drills"]
            if is_done(drill["last"]):
                return drill
            time.sleep(0.1)
        raise AssertionError(drill)

    def standing(self, wanted):
        """Waits until the requirements stand so; the service looks every ten seconds."""
        for _ in range(300):
            found = {r["name"]: r for r in self.served.need("GET", "/v1/status")["requirements"]}
            if {name: r["state"] for name, r in found.items()} == wanted:
                return found
            time.sleep(0.2)
        self.assertEqual({name: r["state"] for name, r in found.items()}, wanted, found)
        return found

    def test_what_a_scenario_requires_is_judged_while_the_service_runs(self):
        cluster, _ = self.cluster()
        self.assertEqual(self.served.need("GET", "/v1/status")["requirements"], [])
        path = self.scenario(price_book=str(self.prices), requirements=[
            {"name": "age", "kind": "rpo", "at_most": "26h"},
            {"name": "copies", "kind": "copy_within", "region": "away", "at_most": "1h"},
            {"name": "back", "kind": "restore_time", "at_most": "1h"},
            {"name": "room", "kind": "quota", "at_most": "1 GB"},
            {"name": "cost", "kind": "budget", "per": "month", "at_most": "1000 USD"}])
        self.apply(path, "--yes")
        unknown = {"age": "unknown", "copies": "unknown", "back": "unknown", "room": "holds",
                   "cost": "holds"}
        found = self.standing(unknown)
        self.assertIn("too short", found["age"]["why"])
        self.assertIn("no restore has been measured", found["back"]["why"])
        self.assertEqual(self.run_verb("status", "--csv").count("unknown"), 3)
        # Three days without a backup.
        self.edit_catalogue(("UPDATE scenarios SET applied = applied - ?", (3 * 86400 * 10**9,)))
        found = self.standing({**unknown, "age": "broken"})
        since = datetime.datetime.fromisoformat(found["age"]["since"].replace("Z", "+00:00"))
        self.assertLess(abs((since - self.now + 3 * DAY).total_seconds() - 26 * 3600), 300)
        self.assertIn("no restore point", found["age"]["why"])
        told = self.run_verb("status", code=1)
        self.assertIn("is never older than 1d 2h", told)
        metrics = self.served.ask("GET", "/metrics")[1].decode()
        labels = '{scenario="policy",requirement="age"}'
        self.assertIn(f"backcast_requirement_holds{labels} 0\n", metrics)
        self.assertIn(f"backcast_requirement_unknown{labels} 0\n", metrics)
        self.assertNotIn('backcast_requirement_holds{scenario="policy",requirement="back"}',
                         metrics)
        # One that has no copy after two hours, and can be restored.
        backup = self.backup(cluster)
        self.edit_catalogue(self.moved_back(backup, 2 / 24, True))
        restored = self.served.need("POST", f"/v1/backups/{backup}/restore", {"in_place": True})
        self.assertEqual(self.served.job(restored["job"])["state"], "SUCCESSFUL")
        found = self.standing({"age": "holds", "copies": "broken", "back": "holds",
                               "room": "holds", "cost": "holds"})
        self.assertGreater(found["age"]["broken_seconds"], 40 * 3600)
        self.assertIn("has no copy in away", found["copies"]["why"])
        # Without the cluster nobody knows.
        self.served.need("DELETE", f"/v1/clusters/{cluster}")
        found = self.standing({name: "unknown" for name in found})
        self.assertIn("there is no cluster vectors", found["age"]["why"])
        self.served.need("DELETE", "/v1/scenarios/policy")
        self.standing({})

if __name__ == "__main__":
    unittest.main(warnings="ignore")
