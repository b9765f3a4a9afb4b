#!/usr/bin/env python3
"""A policy that was planned and the service that runs it, side by side.

usage: policy_test.py BACKCAST
"""

import decimal
import json
import shutil
import time
import unittest

from policy_case import DAY, PolicyCase, text_of
from served import write_cluster


class PolicyTest(PolicyCase):
    def bill(self, *words):
        return json.loads(self.run_verb("bill", "--server", "--prices", str(self.prices),
                                        "--json", *words), parse_float=decimal.Decimal)

    def test_what_a_service_did_is_billed(self):
        cluster, _ = self.cluster()
        first = self.backup(cluster)
        self.edit_catalogue(self.moved_back(first, 10))
        size = self.served.need("GET", f"/v1/backups/{first}")["size_bytes"]
        begin = text_of(self.now - 9 * DAY)
        rows = self.bill("--from", begin, "--to", text_of(self.now - 7 * DAY), "--by", "service")
        self.assertEqual(rows["rows"][0]["service"], "vectors")
        self.assertEqual(rows["rows"][-1]["total"],
                         decimal.Decimal(f"{2 * size / 1e6:.2f}"))
        # A deleted one is billed until it went; every way to print a bill is there.
        self.served.need("DELETE", f"/v1/backups/{first}")
        self.run_verb("bill", "--server", "--prices", str(self.prices), "--from", begin,
                      "--focus", "focus.csv", "--lines")
        self.assertIn("vectors", (self.served.root / "focus.csv").read_text())
        self.assertIn("USD", self.run_verb("bill", f"--server=http://127.0.0.1:{self.served.port}",
                                           "--prices", str(self.prices), "--csv"))

    def test_a_copy_is_moved_and_kept_on_the_bill(self):
        cluster, _ = self.cluster()
        self.backup(cluster, copies=[{"region": "away"}])
        for _ in range(300):
            copies = self.served.need("GET", "/v1/backups?kind=copy&state=AVAILABLE")["backups"]
            if copies:
                break
            time.sleep(0.1)
        rows = self.bill("--lines")["rows"]
        (moved,) = [row for row in rows if row["charge"] == "transfer"]
        self.assertEqual(moved["quantity"],
                         decimal.Decimal(copies[0]["size_bytes"]) / 10**6)

    def test_the_forecast_beside_it_and_why_they_differ(self):
        cluster, data = self.cluster()
        planned, more = self.backup(cluster), self.backup(cluster)
        shutil.rmtree(data)
        failed = self.backup(cluster, "FAILED")
        self.edit_catalogue(self.moved_back(planned, 3.001, True), self.moved_back(more, 1.3),
                            self.moved_back(failed, 2.0001, True))
        size = self.served.need("GET", f"/v1/backups/{planned}")["size_bytes"]
        told = self.bill("--scenario", str(self.scenario()), "--to", text_of(self.now))
        total = told["lines"]["rows"][-1]
        causes = told["causes"]["rows"]
        self.assertEqual(total["difference"],
                         total["right"] - total["left"])
        self.assertEqual(causes[-1]["amount"], total["difference"])
        self.assertEqual(sum(c["amount"] for c in causes[:-1]),
                         causes[-1]["amount"])
        by = {c["cause"]: c for c in causes if c["service"] == "vectors"}
        self.assertRegex(by["not made"]["detail"],
                         r"^2 of 3: 1 failed \(.+\), 1 not made$")
        self.assertIn("forecast 1.00 MB", by["other sizes"]["detail"])
        self.assertEqual(by["beyond the forecast"]["detail"], "1 manual")
        # Of the three that were planned, one is there: 2 + 1 MB-days were not.
        self.assertAlmostEqual(float(by["not made"]["amount"]), -3, places=1)
        self.assertAlmostEqual(float(by["other sizes"]["amount"]), 3 * (size / 1e6 - 1), places=1)
        self.assertIn("not made", self.run_verb(
            "bill", "--server", "--prices", str(self.prices), "--scenario",
            str(self.scenario()), "--by", "service"))

    def simulated(self, *words):
        return json.loads(self.run_verb("simulate", "--from-server", "--json", "--quiet", *words))

    def test_a_simulation_goes_on_from_what_exists(self):
        cluster, _ = self.cluster()
        self.served.need("POST", f"/v1/clusters/{cluster}/schedules", {
            "name": "nightly", "rule": "30 2 * * *", "zone": "Europe/Berlin",
            "retention": "native: --ttl 7d", "copies": [{"region": "away"}]})
        made = [self.backup(cluster, tags=[f"t{number}"]) for number in range(3)]
        self.edit_catalogue(
            *[self.moved_back(backup, 3 - number, True) for number, backup in enumerate(made)],
            ("UPDATE backups SET schedule = 'nightly', expires = born + ? WHERE 1",
             (7 * 86400 * 10**9,)))
        told = self.run_verb("simulate", "--from-server", "--print-scenario", "--days", "10")
        self.assertIn('"retention_days": 7', told)
        run = self.simulated("--days", "10", "--backups")["rows"]
        there = [b for b in run if b["id"].split("/")[1] in made]
        self.assertEqual(len(there), 3)
        for backup in there:  # each goes when the service would let it go
            known = self.served.need("GET", f"/v1/backups/{backup['id'].split('/')[1]}")
            self.assertEqual((backup["state"], backup["deleted"], backup["born"]),
                             ("deleted", known["expires"], known["born"]))
        self.assertEqual(len([b for b in run if "/auto-" in b["id"] and "@" not in b["id"]]), 10)
        self.assertEqual({b["region"] for b in run}, {"home", "away"})
        # What is kept is a scenario of its own, which says the same.
        self.run_verb("simulate", "--from-server", "--days", "10", "-o", "now.json")
        self.assertIn("keep their size", self.told)  # three backups tell of no growth
        kept = json.loads(self.run_verb("simulate", "now.json", "--json", "--quiet", "--backups"))
        self.assertEqual([b["id"] for b in kept["rows"]], [b["id"] for b in run])

    def test_what_is_made_of_each_vendors_service_applies_to_it(self):
        made = []
        for rules, region, rule, kept in (
                ("zilliz", "aws-us-east-1", "zilliz: 1,3,5 02:00-04:00", "native: --ttl 7d"),
                ("qdrant", "aws-eu-central-1", "0 2 * * *", "native: --ttl 7d"),
                ("zerops", "home", "0 2 * * *", "")):
            data = self.served.root / "data" / rules
            data.mkdir(parents=True)
            (data / "file").write_text("x" * 5000)
            write_cluster(data, {"articles": 50})
            self.served.need("PUT", f"/v1/projects/{rules}", {"rules": rules, **(
                {"plan": "dedicated"} if rules == "zilliz" else {})})
            cluster = self.served.need("POST", "/v1/clusters", {
                "name": f"of-{rules}", "project": rules, "region": region, "cu": 8,
                "cloud": "" if rules == "zerops" else "aws", "version": "2.5.4",
                "kind": "shared-storage" if rules == "zerops" else "folder",
                "source": {"path": str(data)}})["id"]
            self.served.need("POST", f"/v1/clusters/{cluster}/schedules",
                             {"name": "nightly", "rule": rule, "retention": kept})
            made.append(self.served.need("POST", f"/v1/clusters/{cluster}/backups", {})["job"])
        for job in made:
            self.assertEqual(self.served.job(job)["state"], "SUCCESSFUL", self.served.job(job))
        told = self.run_verb("simulate", "--from-server", "--print-scenario")
        self.assertEqual(told.count('"retention_days": 7'), 2)
        self.assertIn("of-qdrant: its data are taken to keep their size", self.told)
        (self.served.root / "now.json").write_text(told)
        self.apply("now.json", "--yes")
        self.assertEqual(self.changes("now.json", code=0), [])
        self.assertIn("UNKNOWN", self.run_verb("validate", "now.json", code=1))

    def test_what_was_applied_goes_with_it(self):
        cluster, _ = self.cluster()
        self.backup(cluster)
        path = self.scenario(
            price_book=str(self.prices), horizon="30d",
            requirements=[{"name": "age", "kind": "rpo", "at_most": "25h"},
                          {"name": "late", "kind": "rpo", "at_most": "25h", "from": "+1d"}])
        document = json.loads(path.read_text())
        document["services"][0]["job"]["rate"] = "10 MB/s"
        path.write_text(json.dumps(document))
        self.apply(path, "--yes")
        told = self.run_verb("simulate", "--from-server", "--print-scenario")
        self.assertIn("late is for a time of its own run", self.told)
        for text in ('"at_most": "25h"', '"rate": "10 MB/s"', '"price_book"'):
            self.assertIn(text, told)
        self.run_verb("simulate", "--from-server", "--days", "9", "-o", "now.json")
        self.assertIn("HOLDS", self.run_verb("validate", "now.json", "--quiet"))
        # The forecast of what was applied stands beside the bill as well.
        self.edit_catalogue(("UPDATE scenarios SET applied = applied - ?", (3 * 86400 * 10**9,)))
        told = json.loads(self.run_verb("bill", "--server", "--applied", "--json"),
                          parse_float=decimal.Decimal)
        self.assertEqual(sum(c["amount"] for c in told["causes"]["rows"][:-1]),
                         told["lines"]["rows"][-1]["difference"])
        self.assertIn("no such scenario", self.run_verb("bill", "--server", "--applied", "other",
                                                        code=2))

    def test_what_a_scenario_cannot_say_is_said(self):
        cluster, _ = self.cluster()
        self.cluster("empty")
        self.backup(cluster, copies=[{"region": "away"}])
        for _ in range(300):
            if self.served.need("GET", "/v1/backups?kind=copy&state=AVAILABLE")["count"]:
                break
            time.sleep(0.1)
        self.served.need("PATCH", f"/v1/clusters/{cluster}", {"tags": ["of:all"]})
        self.served.need("PUT", f"/v1/clusters/{cluster}/schedules", {"on": False})
        told = self.run_verb("simulate", "--from-server", "--print-scenario", code=3)
        for text in ('"region": "away"', "vectors: the tags that every backup",
                     "left out empty: no backup says", '"kind": "disable_schedules"'):
            self.assertIn(text, told)

    def changes(self, path, code=2):
        told = self.run_verb("apply", str(path), "--json", "--quiet", code=code)
        return [(c["change"], c["what"], c["subject"])
                for c in json.loads(told[:told.rindex("}") + 1])["rows"]]

    def test_a_policy_makes_the_clusters_whose_data_it_is_told(self):
        data = self.served.root / "data" / "vectors"
        write_cluster(data, {"articles": 20})
        path = self.scenario()
        self.assertIn("--source vectors=", self.apply(path, code=2))
        told = f"vectors={data}"
        for wrong, why in (("vectors=", "NAME=FOLDER"), ("other=/srv", "no such service")):
            self.assertIn(why, self.apply(path, "--source", told, "--source", wrong, code=2))
        self.assertIn("twice", self.apply(path, "--source", told, "--source", told, code=2))
        self.assertEqual(self.served.need("GET", "/v1/clusters")["clusters"], [])
        shown = self.run_verb("apply", str(path), "--source", told, "--csv", code=2)
        for line in ("+,project,shop,", "+,cluster,shop/vectors,folder in home",
                     "+,schedule,shop/vectors schedule,"):
            self.assertIn(line, shown)
        self.assertIn("the policy is on", self.apply(path, "--source", told, "--yes") + self.told)
        self.assertEqual(self.changes(path, code=0), [])
        self.assertIn("already", self.apply(path, "--source", told, code=2))
        (made,) = self.served.need("GET", "/v1/clusters")["clusters"]
        self.assertEqual((made["source"], made["overlap"]), ({"path": str(data)}, "skip"))
        self.backup(made["id"])

    def test_a_policy_is_shown_switched_on_and_then_there_is_nothing_to_do(self):
        cluster, _ = self.cluster()
        self.cluster("others")
        place = f"/v1/clusters/{cluster}/schedules"
        for name, rule in (("old", "0 1 * * *"), ("nightly", "0 2 * * *")):
            self.served.need("POST", place, {"name": name, "rule": rule})
        service = {"name": "vectors", "project": "shop", "region": "home", "size": "1 MB",
                   "delta": "full", "retention": "native: --keep-last 5",
                   "job": {"overlap": "skip", "retries": 2, "retry_after": "90s"},
                   "schedules": [{"name": "nightly", "cron": "30 2 * * *", "zone": "Europe/Berlin",
                                  "retention_days": 7,
                                  "copies": [{"region": "away", "retention_days": 30}]},
                                 {"name": "hourly", "every": "1h", "retention_days": 1}]}
        more = {"services": [service], "limits": [{"jobs": 2, "project": "shop"}],
                "projects": [{"name": "shop", "quota": "1 GB"}],
                "requirements": [{"name": "rpo", "kind": "rpo", "at_most": "26h"}]}
        path = self.scenario(**more)
        wanted = [("~", "project", "shop"), ("~", "cluster", "shop/vectors"),
                  ("-", "schedule", "shop/vectors old"), ("~", "schedule", "shop/vectors nightly"),
                  ("+", "schedule", "shop/vectors hourly"), ("+", "limits", "of jobs"),
                  ("+", "scenario", "policy")]
        self.assertEqual(self.changes(path), wanted)
        self.assertEqual({s["name"] for s in self.served.need("GET", place)["schedules"]},
                         {"old", "nightly"})  # shown is not made
        self.assertIn("the policy is on", self.apply(path, "--yes", code=0) + self.told)
        schedules = {s["name"]: s for s in self.served.need("GET", place)["schedules"]}
        self.assertEqual(set(schedules), {"nightly", "hourly"})
        self.assertEqual((schedules["nightly"]["rule"], schedules["nightly"]["zone"]),
                         ("cron: 30 2 * * *", "Europe/Berlin"))
        self.assertEqual(schedules["nightly"]["copies"][0]["region"], "away")
        now = self.served.need("GET", f"/v1/clusters/{cluster}")
        self.assertEqual((now["overlap"], now["retries"], now["retry_after_seconds"]),
                         ("skip", 2, 90))
        self.assertEqual(self.served.need("GET", "/v1/limits")["limits"][0]["jobs"], 2)
        (kept,) = self.served.need("GET", "/v1/scenarios")["scenarios"]
        self.assertEqual((kept["document"], kept["projects"], kept["who"]),
                         (path.read_text(), ["shop"], "owner"))
        self.assertEqual(self.changes(path, code=0), [])
        self.assertIn("nothing to do", self.apply(path, "--yes") + self.told)
        # What was switched off comes back, and what changes is changed alone.
        self.served.need("PUT", place, {"on": False})
        service["schedules"][0]["retention_days"] = 14
        self.assertEqual(self.changes(self.scenario(**more)),
                         [("~", "schedule", "shop/vectors nightly"),
                          ("~", "schedules", "shop/vectors"), ("~", "scenario", "policy")])
        audit = self.served.need("GET", "/v1/audit")["audit"]
        self.assertIn(("owner", "put_scenario", "policy"),
                      [(a["who"], a["action"], a["subject"]) for a in audit])

    def test_what_a_service_cannot_run_is_refused_at_its_place(self):
        self.cluster()
        base = {"name": "vectors", "project": "shop", "region": "home", "size": "1 MB"}
        for more, pointer in (
                ({"services": [{**base, "name": "nobody", "delta": "full"}]}, "/services/0/name"),
                ({"services": [{**base, "region": "other", "delta": "full"}]},
                 "/services/0/region"),
                ({"services": [{**base, "provider": "zerops", "kind": "postgresql"}],
                  "projects": [{"name": "shop", "provider": "zerops"}]}, "/services/0/provider"),
                ({"services": [{**base, "change": {"per_day": "1%"}}],
                  "repositories": [{"name": "r", "service": "vectors",
                                    "shared": {"share": "50%", "drift_per_day": "0.1%"}}]},
                 "/repositories")):
            told = self.apply(self.scenario(**more), code=2)
            self.assertIn(pointer, told)
            self.assertEqual(self.served.need("GET", "/v1/scenarios")["scenarios"], [])

    def test_a_token_changes_what_is_its_own(self):
        self.cluster()
        self.cluster("theirs", project="other")
        secret = self.served.need("POST", "/v1/tokens", {
            "name": "shop", "role": "manage", "projects": ["shop"]})["token"]
        owner, self.served.token = self.served.token, secret
        self.assertEqual(self.served.ask("PUT", "/v1/limits", {"limits": [
            {"name": "all", "jobs": 1}]})[0], 404)
        self.served.need("PUT", "/v1/limits", {"limits": [
            {"name": "ours", "jobs": 1, "project": "shop"}]})
        self.assertEqual(self.served.ask("PUT", "/v1/scenarios/x", {
            "document": "{}", "projects": ["other"]})[0], 404)
        self.served.token = owner
        self.served.need("PUT", "/v1/scenarios/x", {"document": "{}", "projects": ["other"]})
        self.served.token = secret
        self.assertEqual(self.served.need("GET", "/v1/scenarios")["scenarios"], [])
        self.assertEqual(self.served.ask("DELETE", "/v1/scenarios/x")[0], 409)
        self.served.token = owner
        self.served.need("DELETE", "/v1/scenarios/x")
        self.assertEqual(self.served.ask("DELETE", "/v1/scenarios/x")[0], 404)

    def test_restore_points_in_a_document(self):
        def simulate(history, code=0):
            path = self.scenario(horizon="9d")
            document = json.loads(path.read_text())
            document["services"][0]["history"] = history
            path.write_text(json.dumps(document))
            return self.run_verb("simulate", str(path), "--backups", "--csv", code=code)

        point = {"id": "old", "time": text_of(self.now - 5 * DAY), "size_bytes": 10**6,
                 "expires": text_of(self.now - DAY)}
        told = simulate({"points": [point]})
        self.assertRegex(told, "vectors/old,.*deleted,.*" + text_of(self.now - DAY))
        # Copies lie where they are, also of what is gone at home, until they expire.
        copies = [{"region": "away", "points": [
            {**point, "id": "gone", "time": text_of(self.now - 6 * DAY)},
            {**point, "id": "there", "expires": text_of(self.now + DAY)}]}]
        told = simulate({"points": [point], "copies": copies})
        for of, until in (("gone", self.now - DAY), ("there", self.now + DAY)):
            self.assertRegex(told, f"vectors/{of},vectors,away,copy,.*deleted,.*{text_of(until)}")
        for wrong, why in (([{**copies[0], "region": "home"}], "has restore points of it already"),
                           ([copies[0], copies[0]], "has restore points of it already"),
                           ([{"region": "away", "points": []}], "points"),
                           ([{"region": "away", "points": [{"id": "x"}]}], "time"),
                           ([{"region": "away", "points": [
                               {**point, "time": text_of(self.now + DAY)}]}], "after the start")):
            self.assertIn(why, simulate({"points": [point], "copies": wrong}, code=2))
        for history in ({}, {"points": [point], "file": "x.csv"}):
            self.assertIn("either", simulate(history, code=2))
        self.assertIn("time", simulate({"points": [{"id": "old"}]}, code=2))

    def test_what_cannot_be_asked_for(self):
        for words, why in ((["bill", "--prices", "aws"], "--server"),
                           (["bill", "x.csv", "--server", "--prices", "aws"], "two bills"),
                           (["bill", "x.csv", "--from", "2026-01-01", "--prices", "aws"],
                            "of a service"),
                           (["bill", "--server"], "--prices is required"),
                           (["bill", "--server", "--prices", "aws", "--from", "2027-01-01",
                             "--to", "2026-01-01"], "nothing lies between"),
                           (["bill", "--server", "--scenario", str(self.scenario())],
                            "no price book")):
            self.assertIn(why, self.run_verb(*words, code=2))

if __name__ == "__main__":
    unittest.main(warnings="ignore")
