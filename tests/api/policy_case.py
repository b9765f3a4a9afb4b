"""A service, a policy, and the time that has passed since."""

import contextlib
import datetime
import json
import os
import sqlite3
import subprocess
import unittest

from served import PROGRAM, Served, write_cluster

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


class PolicyCase(unittest.TestCase):
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

    def apply(self, path, *words, code=0):
        return self.run_verb("apply", str(path), *words, code=code)
