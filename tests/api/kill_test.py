#!/usr/bin/env python3
"""`backcast serve`, killed before each of the calls that change files, or some of them over a
whole run: every job goes on or has failed with its reason, nothing half-made is available,
and what is available restores to the last byte.

usage: kill_test.py BACKCAST KILL_AT_LIBRARY

BACKCAST_KILL_POINTS says how many of them; "all" tries every one.
"""

import http.client
import json
import os
import subprocess
import sys
import time
import unittest

LIBRARY = sys.argv.pop(2)
from served import Served, rows_of, write_cluster  # noqa: E402  (takes the first argument)

POINTS = os.environ.get("BACKCAST_KILL_POINTS", "20")


class Killed(Exception):
    pass


class Story:
    """What is asked of a service, and what it has acknowledged."""

    def __init__(self):
        self.served = Served()
        self.data = self.served.root / "data"
        self.holds = {}  # rows by backup
        self.rows = None
        self.done, self.deleted, self.tags = set(), set(), {}
        self.may_be_gone = set()  # its deletion was asked for
        self.restored = None

    def ask(self, method, target, body=None):
        try:
            return self.served.need(method, target, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            try:
                self.served.process.wait(5)
            except subprocess.TimeoutExpired:
                raise error from None
            raise Killed from error

    def finish(self, job):
        for _ in range(3000):
            found = self.ask("GET", f"/v1/jobs/{job}")
            if found["ended"]:
                return found
            time.sleep(0.02)
        raise AssertionError(found)

    def backup(self, **asked):
        # What is running when the service dies holds what the data is then.
        made = self.ask("POST", f"/v1/clusters/{self.cluster}/backups", asked)
        job = self.finish(made["job"])
        assert job["state"] == "SUCCESSFUL", job
        self.done.add(made["backup"])
        return made["backup"]

    def note(self):
        """All backups that came since the last note hold what the data is now."""
        for one in self.ask("GET", "/v1/backups?with_gone=true")["backups"]:
            self.holds.setdefault(one["id"], self.rows)

    def write(self, generation, rows):
        write_cluster(self.data, {"articles": rows, "notes": 3}, generation)
        self.rows = rows_of(self.data)

    def until(self, holds):
        for _ in range(3000):
            if holds():
                return
            time.sleep(0.02)
        raise AssertionError("it never came to hold")

    def tell_of_a_cluster(self):
        self.write(1, 300)
        self.ask("PUT", "/v1/projects/shop", {"rules": "plain"})
        self.cluster = self.ask("POST", "/v1/clusters", {
            "name": "vectors", "project": "shop", "region": "eu", "kind": "folder",
            "source": {"path": str(self.data)}})["id"]

    def tell(self):
        self.tell_of_a_cluster()
        first = self.backup(tags=["first"], copies=[{"region": "us"}])
        while self.ask("GET", "/v1/jobs?state=IN_PROGRESS")["jobs"]:
            time.sleep(0.02)
        self.note()
        self.write(2, 20)
        second = self.backup()
        self.note()
        self.ask("PUT", f"/v1/backups/{first}/tags", {"tags": ["kept"]})
        self.tags[first] = ["kept"]
        self.may_be_gone.add(second)
        self.ask("DELETE", f"/v1/backups/{second}")
        self.deleted.add(second)
        other = self.ask("POST", "/v1/clusters", {
            "name": "other", "project": "shop", "region": "eu", "kind": "folder"})["id"]
        job = self.ask("POST", f"/v1/backups/{first}/restore", {"into": other})["job"]
        assert self.finish(job)["state"] == "SUCCESSFUL"
        self.restored = (other, self.holds[first])
        self.backup(retention="native: --ttl 7d")
        self.note()

    def run(self, env):
        """Whether it came to its end."""
        self.served.start(env={"LD_PRELOAD": LIBRARY, **env}, wait=False)
        try:
            self.served.wait_until_it_answers()
            self.tell()
            self.served.stop()
            return True
        except (Killed, FileNotFoundError):  # of the latter: before there was a token
            self.served.process.wait()
            self.served.log.close()
            return False

    def settled(self):
        for _ in range(3000):
            jobs = self.ask("GET", "/v1/jobs?limit=1000")["jobs"]
            if all(job["ended"] for job in jobs):
                return jobs
            time.sleep(0.02)
        raise AssertionError(jobs)


class KillTest(unittest.TestCase):
    def check(self, story):
        """After a new start without a killer."""
        served = story.served
        for job in story.settled():
            self.assertIn(job["state"], ("SUCCESSFUL", "FAILED", "CANCELED"), job)
            if job["state"] == "FAILED":
                self.assertTrue(job["reason"], job)
            # One that was done, and killed before that was noted, has not failed.
            if job["type"] == "RESTORE":
                self.assertEqual(job["state"], "SUCCESSFUL", job)
        story.note() if story.holds or story.done else None
        backups = {b["id"]: b for b in story.ask("GET", "/v1/backups?with_gone=true")["backups"]}
        for backup in story.done - story.may_be_gone:
            self.assertEqual(backups[backup]["state"], "AVAILABLE")
        for backup in story.deleted:
            self.assertEqual(backups[backup]["state"], "DELETED")
        for backup, tags in story.tags.items():
            self.assertEqual(backups[backup]["tags"], tags)
        if story.restored:
            self.assertEqual(rows_of(served.home / "clusters" / story.restored[0]),
                             story.restored[1])
        for at, backup in enumerate(backups.values()):
            self.assertIn(backup["state"], ("AVAILABLE", "DELETED", "FAILED", "REFUSED"))
            if backup["state"] != "AVAILABLE":
                continue
            into = story.ask("POST", "/v1/clusters", {
                "name": f"check{at}", "project": "shop", "region": "eu", "kind": "folder"})["id"]
            job = story.ask("POST", f"/v1/backups/{backup['id']}/restore", {"into": into})["job"]
            self.assertEqual(story.finish(job)["state"], "SUCCESSFUL", backup)
            self.assertEqual(rows_of(served.home / "clusters" / into),
                             story.holds.get(backup["id"], story.rows))
        self.assertEqual(list((served.home / "spool").iterdir()), [])

    def test_a_full_disk_ends_jobs_and_is_survived(self):
        story = Story()
        full = story.served.root / "full"
        log = story.served.root / "log"
        story.served.start(env={"LD_PRELOAD": LIBRARY, "FULL_WHILE": str(full)})
        story.tell_of_a_cluster()
        story.backup(tags=["first"])
        story.note()
        # Nothing can be begun any more, and the service says why.
        full.touch()
        status, answer = story.served.ask("POST", f"/v1/clusters/{story.cluster}/backups", {})
        self.assertGreaterEqual(status, 500)
        self.assertIn(b"free space", answer)
        self.assertEqual(story.served.ask("GET", "/v1/backups")[0], 200)
        full.unlink()
        # In the middle of a job, which waits until its end can be noted.
        story.write(2, 300_000)
        made = story.ask("POST", f"/v1/clusters/{story.cluster}/backups", {})
        told = log.read_text().count("free space")
        full.touch()
        # Where the machine is slow, the job may have been quicker than this line.
        story.until(lambda: log.read_text().count("free space") > told or
                    story.ask("GET", f"/v1/jobs/{made['job']}")["ended"])
        full.unlink()
        ended = story.finish(made["job"])
        if ended["state"] == "FAILED":
            self.assertIn("space", ended["reason"].lower())
        story.backup()
        story.note()
        self.check(story)
        self.assertEqual(story.served.stop(), 0)
        story.served.folder.cleanup()

    def test_killed_before_calls_that_change_files_X_CORE_02(self):
        whole = Story()
        counted = whole.served.root / "count"
        self.assertTrue(whole.run({"KILL_COUNT": str(counted)}))
        calls = int(counted.read_text())
        whole.served.folder.cleanup()
        points = calls if POINTS == "all" else int(POINTS)
        killed = 0
        for point in range(points):
            at = 1 + (point * calls + calls // 2) // points if points < calls else 1 + point
            story = Story()
            with self.subTest(kill_at=at):
                killed += not story.run({"KILL_AT": str(at)})
                story.served.start()
                self.check(story)
                self.assertEqual(story.served.stop(), 0)
            story.served.folder.cleanup()
        print(f"{killed} of {calls} kill points")
        self.assertGreater(killed, points // 2)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
