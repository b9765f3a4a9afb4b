#!/usr/bin/env python3
"""The verbs that ask a service, against one with real data.

usage: verbs_test.py BACKCAST
"""

import json
import os
import subprocess
import unittest

from served import PROGRAM, Served, rows_of, write_cluster


class CommandLineTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.served = Served()
        cls.bucket = cls.served.root / "bucket"
        cls.bucket.mkdir()
        cls.served.start("--bucket", f"out={cls.bucket}")
        cls.served.need("PUT", "/v1/projects/shop", {"rules": "plain"})
        cls.data = cls.served.root / "data"
        write_cluster(cls.data, {"articles": 100, "notes": 5})

    @classmethod
    def tearDownClass(cls):
        assert cls.served.stop() == 0
        cls.served.folder.cleanup()

    def run_verb(self, *words, code=0, **env):
        done = subprocess.run(
            [PROGRAM, *words], capture_output=True, text=True, check=False, timeout=60,
            env={**os.environ, "BACKCAST_SERVER": f"http://127.0.0.1:{self.served.port}",
                 "BACKCAST_TOKEN_FILE": str(self.served.home / "owner.token"), **env})
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn(self.served.token, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def rows(self, *words):
        return json.loads(self.run_verb(*words, "--json"))["rows"]

    def completed(self, shell, *words):
        """What the shell offers for the last word."""
        script = self.served.root / f"completion.{shell}"
        script.write_text(self.run_verb("completion", shell))
        if shell == "bash":
            command = ["bash", "-c", f'source "{script}"; COMP_WORDS=("$@"); '
                       'COMP_CWORD=$(($# - 1)); _backcast; printf "%s\\n" "${COMPREPLY[@]}"',
                       "bash", "backcast", *words]
        else:
            command = ["fish", "--no-config", "-c",
                       f'source {script}; complete -C "backcast {" ".join(words)}"']
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env={
            **os.environ, "PATH": f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}",
            "BACKCAST_SERVER": f"http://127.0.0.1:{self.served.port}",
            "BACKCAST_TOKEN_FILE": str(self.served.home / "owner.token")})
        return [line.split("\t")[0] for line in done.stdout.splitlines()]

    def test_projects_are_made_changed_and_deleted(self):
        self.assertIn("make it: backcast projects set", self.run_verb(
            "clusters", "create", "lost", "--project", "nowhere", "--region", "eu", code=1))
        self.run_verb("projects", "set", "search", "--rules", "zilliz", "--plan", "dedicated",
                      "--quota", "500 GB", "--quota-mode", "keep", "--regions", "eu,us")
        (row,) = [row for row in self.rows("projects", "list") if row["id"] == "search"]
        self.assertEqual((row["rules"], row["plan"], row["quota_bytes"], row["quota_mode"],
                          row["regions"]), ("zilliz", "dedicated", "500000000000", "keep", "eu,us"))
        self.run_verb("projects", "set", "search", "--quota", "none")
        (row,) = [row for row in self.rows("projects", "list") if row["id"] == "search"]
        self.assertEqual((row["rules"], row["quota_bytes"]), ("zilliz", ""))
        self.assertIn("unit", self.run_verb("projects", "set", "search", "--quota", "500", code=2))
        self.run_verb("clusters", "create", "c", "--project", "search", "--region", "eu",
                      "--source", json.dumps({"path": str(self.data)}))
        self.run_verb("projects", "delete", "search")
        self.assertIn("search\n", self.run_verb("projects", "list", "--names"))
        self.assertEqual([row for row in self.rows("clusters", "list", "--project", "search")], [])

    def test_keys_are_revoked_and_backups_exported(self):
        self.run_verb("keys", "create", "billing", "--project", "shop", "--region", "eu")
        self.run_verb("clusters", "create", "sealed", "--project", "shop", "--region", "eu",
                      "--cluster-key", "billing", "--source", json.dumps({"path": str(self.data)}))
        (made,) = self.rows("backups", "create", "sealed", "--wait")
        self.run_verb("backups", "export", made["backup"], "--bucket", "out", "--wait")
        self.assertEqual(rows_of(self.bucket / made["backup"]), rows_of(self.data))
        self.assertIn("no bucket", self.run_verb(
            "backups", "export", made["backup"], "--bucket", "other", code=1))
        self.run_verb("keys", "revoke", "billing", "--project", "shop")
        self.assertIn("revoked", self.run_verb(
            "clusters", "restore", made["backup"], "--in-place", code=1))
        self.assertEqual([row["state"] for row in self.rows("keys", "list")], ["REVOKED"])
        self.run_verb("keys", "enable", "billing", "--project", "shop")
        self.run_verb("clusters", "restore", made["backup"], "--in-place", "--wait")
        self.assertIn("billing", self.run_verb("keys", "list", "--names"))

    def test_names_are_completed_from_the_service(self):
        made = self.served.need("POST", "/v1/clusters", {
            "name": "completed", "project": "shop", "region": "eu", "kind": "folder",
            "source": {"path": str(self.data)}})
        self.served.need("POST", "/v1/clusters", {
            "name": "$(touch${IFS}harm)", "project": "shop", "region": "eu", "kind": "folder"})
        backup = self.served.need("POST", f"/v1/clusters/{made['id']}/backups", {})
        for shell in ("bash", "fish"):
            self.assertEqual(self.completed(shell, "clusters", "delete", "compl"), ["completed"])
            self.assertEqual(self.completed(shell, "backups", "list", "--cluster", "compl"),
                             ["completed"])
            self.assertIn(backup["backup"], self.completed(shell, "clusters", "restore", "backup"))
            self.assertIn(backup["job"], self.completed(shell, "jobs", "show", "job"))
            self.assertEqual(self.completed(shell, "token", "revoke", "own"), ["owner"])
        # A shell expands what it is offered.
        self.assertNotIn("harm", self.run_verb("clusters", "list", "--names"))
        self.served.job(backup["job"])

    def test_a_backup_with_tags_from_the_command_line_P_CLI_01(self):
        self.run_verb("clusters", "create", "vectors", "--project", "shop", "--region", "eu",
                      "--source", json.dumps({"path": str(self.data)}), "--data-version", "1.2.3")
        (cluster,) = self.rows("clusters", "list", "--project", "shop")
        self.assertEqual((cluster["name"], cluster["state"]), ("vectors", "RUNNING"))
        (made,) = self.rows("backups", "create", "vectors", "--tags", "a,before-migration",
                            "--wait")
        (backup,) = self.rows("backups", "list", "--cluster", "vectors", "--tag", "a")
        self.assertEqual((backup["id"], backup["tags"], backup["state"]),
                         (made["backup"], "a,before-migration", "AVAILABLE"))
        (job,) = self.rows("jobs", "show", made["job"])
        self.assertEqual((job["state"], job["progress"]), ("SUCCESSFUL", 100))
        self.assertIn(made["job"], [j["id"] for j in self.rows("jobs", "list")])
        self.rows("backups", "tag", made["backup"], "--tags", "keep")
        self.assertEqual(self.rows("backups", "list", "--tag", "keep")[0]["id"], made["backup"])
        before = rows_of(self.data)
        self.run_verb("clusters", "restore", made["backup"], "--collection",
                      "articles=old.articles_before", "--wait")
        self.assertEqual(rows_of(self.data)[("old", "articles_before")],
                         before[("default", "articles")])
        self.assertIn("articles_before", self.run_verb(
            "clusters", "restore", made["backup"], "--collection",
            "articles=old.articles_before", "--wait", code=1))
        self.run_verb("clusters", "restore", made["backup"], "--in-place", "--wait")
        self.assertEqual(rows_of(self.data), before)
        target = self.served.root / "loaded.tar"
        self.run_verb("backups", "download", made["backup"], str(target))
        self.assertEqual(target.stat().st_mode & 0o777, 0o600)
        listed = subprocess.run(["tar", "-tf", target], check=True, capture_output=True)
        self.assertIn(b"s1.vectors", listed.stdout)
        self.run_verb("backups", "download", made["backup"], str(target), code=1)
        self.run_verb("jobs", "cancel", made["job"], code=1)
        self.run_verb("backups", "delete", made["backup"])
        self.assertEqual(self.rows("backups", "list", "--cluster", "vectors"), [])
        self.assertEqual(len(self.rows("backups", "list", "--all")), 1)
        self.policies()
        self.run_verb("clusters", "delete", "vectors")

    def policies(self):
        self.run_verb("policies", "set", "vectors", "--schedule", "30 2 * * *", "--zone",
                      "Europe/Berlin", "--keep", "native: --ttl 7d", "--copy",
                      "us=native: --ttl 30d")
        (schedule,) = self.rows("policies", "show", "vectors")
        self.assertEqual((schedule["rule"], schedule["zone"], schedule["retention"]),
                         ("30 2 * * *", "Europe/Berlin", "native: --ttl 7d"))
        self.run_verb("policies", "set", "vectors", "--schedule", "@daily")
        self.assertEqual(len(self.rows("policies", "show", "vectors")), 1)
        self.run_verb("policies", "set", "vectors", "--schedule", "never ever", code=2)
        self.run_verb("policies", "set", "vectors", code=2)
        self.run_verb("policies", "set", "vectors", "--off")
        self.assertEqual(self.rows("policies", "show", "vectors"), [])

    def test_tokens(self):
        secret = self.run_verb("token", "create", "nightly", "--role", "view", "--quiet")
        place = self.served.root / "nightly.token"
        place.write_text(secret)
        self.assertIn("may not", self.run_verb("token", "list", code=12,
                                               BACKCAST_TOKEN_FILE=str(place)))
        self.run_verb("clusters", "list", BACKCAST_TOKEN_FILE=str(place))
        self.assertEqual({t["name"] for t in self.rows("token", "list")}, {"owner", "nightly"})
        self.run_verb("token", "revoke", "nightly")
        self.run_verb("clusters", "list", code=12, BACKCAST_TOKEN_FILE=str(place))
        self.run_verb("token", "revoke", "nobody", code=1)

    def test_what_cannot_be_asked(self):
        for words, code, why, env in (
                (["clusters", "list"], 2, "no service", {"BACKCAST_SERVER": ""}),
                (["clusters", "list"], 2, "no address", {"BACKCAST_SERVER": "ftp://x"}),
                (["clusters", "list"], 2, "no token", {"BACKCAST_TOKEN_FILE": ""}),
                (["clusters", "list"], 1, "cannot open", {"BACKCAST_TOKEN_FILE": "/none"}),
                (["clusters", "list"], 1, "does not answer",
                 {"BACKCAST_SERVER": "http://127.0.0.1:9"}),
                (["backups", "create", "none"], 1, "no cluster", {}),
                (["backups", "delete", "../x"], 1, "no such backup", {}),
                (["jobs", "show", "x/../y"], 1, "no such job", {}),
                (["clusters"], 2, "", {})):
            self.assertIn(why, self.run_verb(*words, code=code, **env))


if __name__ == "__main__":
    unittest.main(warnings="ignore")
