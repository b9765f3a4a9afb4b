#!/usr/bin/env python3
"""A policy that was planned and the service that runs it, side by side.

usage: policy_test.py BACKCAST
"""

import contextlib
import datetime
import decimal
import json
import os
import shutil
import sqlite3
import subprocess
import time
import unittest

from served import PROGRAM, Served, rows_of, write_cluster

DAY = datetime.timedelta(days=1)
# A dollar for each megabyte a day.
PRICES = {
    "backcast_prices": 1, "name": "test", "provider": "Example", "as_of": "2026-01-01",
    "currency": "USD", "default_storage_class": "standard",
    "meters": [{"name": "storage", "kind": "storage", "unit": "MB-Days", "size": "1 MB",
                "per": "1d"},
               {"name": "transfer", "kind": "transfer", "unit": "MB", "size": "1 MB"}],
    "prices": [{"service": "Backups", "meter": meter, "storage_class": kind, "price": "1",
                "source": "example", "as_of": "2026", "certainty": "high"}
               for meter, kind in (("storage", "standard"), ("transfer", ""))]}


def text_of(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class PolicyTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.served = Served().start()
        self.now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        self.prices = self.served.root / "prices.json"
        self.prices.write_text(json.dumps(
            {**PRICES, "prices": [{k: v for k, v in p.items() if v} for p in PRICES["prices"]]}))

    def tearDown(self):
        self.assertEqual(self.served.stop(), 0)
        self.served.folder.cleanup()

    def run_verb(self, *words, code=0):
        done = subprocess.run(
            [PROGRAM, *words], capture_output=True, text=True, check=False, timeout=120,
            cwd=self.served.root,
            env={**os.environ, "BACKCAST_SERVER": f"http://127.0.0.1:{self.served.port}",
                 "BACKCAST_TOKEN_FILE": str(self.served.home / "owner.token")})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.told = done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr

    def cluster(self, name="vectors", rows=1000, project="shop"):
        data = self.served.root / "data" / name
        write_cluster(data, {"articles": rows})
        self.served.need("PUT", f"/v1/projects/{project}", {"rules": "plain"})
        made = self.served.need("POST", "/v1/clusters", {
            "name": name, "project": project, "region": "home", "kind": "folder",
            "source": {"path": str(data)}})
        return made["id"], data

    def backup(self, cluster, state="SUCCESSFUL", **more):
        made = self.served.need("POST", f"/v1/clusters/{cluster}/backups", more)
        self.assertEqual(self.served.job(made["job"])["state"], state)
        return made["backup"]

    def edit_catalogue(self, *statements):
        """The past of a service that is young: while it stands still."""
        self.assertEqual(self.served.stop(), 0)
        with contextlib.closing(sqlite3.connect(self.served.home / "catalogue")) as catalogue:
            for statement in statements:
                catalogue.execute(*statement)
            catalogue.commit()
        self.served.start()

    def moved_back(self, backup, days, automatic=False):
        back = round(days * 86400 * 10**9)
        kind = "automatic" if automatic else "manual"
        return ("UPDATE backups SET born = born - ?, available = available - ?, kind = ? "
                "WHERE uid = ?", (back, back, kind, backup))

    def scenario(self, **more):
        path = self.served.root / "policy.json"
        path.write_text(json.dumps({
            "name": "policy", "start": text_of(self.now - 4 * DAY), "horizon": "1d",
            "provider": "plain", "projects": [{"name": "shop"}],
            "services": [{"name": "vectors", "project": "shop", "region": "home", "size": "1 MB",
                          "delta": "full", "schedules": [{"every": "1d", "retention_days": 30}],
                          "job": {"overlap": "skip"}}],
            **more}))
        return path

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
        for text in ("vectors: 1 copies in other regions", "vectors: the tags that every backup",
                     "left out empty: no backup says", '"kind": "disable_schedules"'):
            self.assertIn(text, told)

    def apply(self, path, *words, code=0):
        return self.run_verb("apply", str(path), *words, code=code)

    def changes(self, path, code=2):
        told = self.run_verb("apply", str(path), "--json", "--quiet", code=code)
        return [(c["change"], c["what"], c["subject"])
                for c in json.loads(told[:told.rindex("}") + 1])["rows"]]

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
