#!/usr/bin/env python3
"""Qdrant Cloud's backup API as its clients speak it.

usage: qdrant_cloud_test.py API_SERVICE
"""

import sys
import time
import unittest

import service

PROGRAM = sys.argv.pop(1)
ACCOUNT = "/api/cluster/backup/v1/accounts/acc-1"


class QdrantCloudTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = service.Service(PROGRAM)
        cls.service.need("PUT", "/v1/projects/acc-1", {"rules": "qdrant"})
        cls.service.need("PUT", "/v1/projects/acc-2", {"rules": "qdrant"})
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    def cluster(self, account="acc-1"):
        type(self).count += 1
        return self.service.need("POST", "/v1/clusters", {
            "name": f"cluster-{self.count}", "project": account, "region": "aws-eu",
            "kind": "folder", "version": "1.9.3"})["id"]

    def refused(self, status, code, method, target, body=None, token=None):
        got, answer = self.service.ask(method, target, body, token)
        self.assertEqual((got, answer.get("code")), (status, code), answer)
        self.assertEqual(set(answer), {"code", "message", "details"})

    def backup(self, cluster, **more):
        made = self.service.need("POST", ACCOUNT + "/backups", {
            "backup": {"cluster_id": cluster, "display_name": "by-hand", **more}})["backup"]
        for _ in range(200):
            now = self.service.need("GET", f"{ACCOUNT}/backups/{made['id']}")["backup"]
            if now["status"] != "BACKUP_STATUS_RUNNING":
                return now
            time.sleep(0.05)
        raise AssertionError(now)

    def test_a_backup_now(self):
        cluster = self.cluster()
        made = self.backup(cluster, retention_period="86400s")
        self.assertEqual((made["status"], made["display_name"], made["retention_period"],
                          made["cluster_id"], made["account_id"]),
                         ("BACKUP_STATUS_SUCCEEDED", "by-hand", "86400s", cluster, "acc-1"))
        self.assertNotIn("backup_schedule_id", made)
        self.assertNotIn("retention_period", self.backup(cluster))
        listed = self.service.need("GET", f"{ACCOUNT}/backups?cluster_id={cluster}&page_size=1")
        self.assertEqual(len(listed["items"]), 1)
        rest = self.service.need("GET", f"{ACCOUNT}/backups?cluster_id={cluster}&page_size=1"
                                        f"&page_token={listed['next_page_token']}")
        self.assertEqual([b["id"] for b in rest["items"]], [made["id"]])
        self.assertNotIn("next_page_token", rest)
        self.assertEqual(self.service.need("DELETE", f"{ACCOUNT}/backups/{made['id']}"), {})
        self.assertEqual(len(self.service.need(
            "GET", f"{ACCOUNT}/backups?cluster_id={cluster}")["items"]), 1)
        self.service.set("fail", True)
        self.assertEqual(self.backup(cluster)["status"], "BACKUP_STATUS_FAILED")
        self.service.set("fail", False)

    def test_backups_that_cannot_be(self):
        cluster = self.cluster()
        good = {"cluster_id": cluster, "display_name": "fine"}
        for change in ({"display_name": "abc"}, {"display_name": "a b c d"},
                       {"display_name": "x" * 65}, {"retention_period": "3600s"},
                       {"retention_period": "0s"}, {"retention_period": "31622400s"},
                       {"retention_period": "long"}, {"id": "mine"}, {"status": "x"}):
            self.refused(400, 3, "POST", ACCOUNT + "/backups", {"backup": {**good, **change}})
        self.refused(400, 3, "POST", ACCOUNT + "/backups", {})
        self.refused(404, 5, "POST", ACCOUNT + "/backups",
                     {"backup": {**good, "cluster_id": self.cluster("acc-2")}})
        for query in ("page_size=0", "page_size=251", "page_size=x", "page_token=x"):
            self.refused(400, 3, "GET", f"{ACCOUNT}/backups?{query}")

    def test_schedules(self):
        cluster = self.cluster()
        place = ACCOUNT + "/backup_schedules"
        made = self.service.need("POST", place, {"backup_schedule": {
            "cluster_id": cluster, "schedule": "0 2 * * *", "display_name": "nightly",
            "retention_period": "604800s"}})["backup_schedule"]
        self.assertEqual((made["schedule"], made["display_name"], made["retention_period"],
                          made["cluster_id"], made["status"]),
                         ("0 2 * * *", "nightly", "604800s", cluster,
                          "BACKUP_SCHEDULE_STATUS_ACTIVE"))
        one = f"{place}/{made['id']}"
        self.assertEqual(self.service.need("GET", one + "?cluster_id=" + cluster),
                         {"backup_schedule": made})
        self.service.need("POST", place, {"backup_schedule": {
            "cluster_id": cluster, "schedule": "@every 6h", "display_name": "often"}})
        self.assertEqual(len(self.service.need("GET", f"{place}?cluster_id={cluster}")["items"]), 2)
        changed = self.service.need("PUT", one + "?update_mask=schedule", {"backup_schedule": {
            "schedule": "@daily"}})["backup_schedule"]
        self.assertEqual((changed["schedule"], changed["display_name"]), ("@daily", "nightly"))
        changed = self.service.need("PUT", one, {"backup_schedule": {
            "schedule": "0 3 * * *", "display_name": "later"}})["backup_schedule"]
        self.assertNotIn("retention_period", changed)
        for bad in ("* * * *", "60 25 32 13 9", "", "@daily junk"):
            self.refused(400, 3, "POST", place, {"backup_schedule": {
                "cluster_id": cluster, "schedule": bad, "display_name": "nightly"}})
        self.refused(400, 3, "POST", place, {"backup_schedule": {
            "cluster_id": cluster, "schedule": "@daily", "display_name": "a"}})
        self.assertEqual(self.service.need("DELETE", one), {})
        self.refused(404, 5, "DELETE", one)
        self.refused(404, 5, "GET", place + "/none")

    def test_restores_in_place_and_into_a_new_cluster(self):
        cluster = self.cluster()
        made = self.backup(cluster)
        self.assertEqual(self.service.need("POST", f"{ACCOUNT}/backups/{made['id']}/restore", {}),
                         {})
        self.service.settle(cluster)
        listed = self.service.need("GET", f"{ACCOUNT}/backup_restores?cluster_id={cluster}")
        self.assertEqual([(r["backup_id"], r["status"]) for r in listed["items"]],
                         [(made["id"], "BACKUP_RESTORE_STATUS_SUCCEEDED")])
        target = f"/api/cluster/v1/accounts/acc-1/backups/{made['id']}/clusters"
        new = self.service.need("POST", target, {"cluster_name": "again"})["cluster"]
        self.assertNotEqual(new["id"], cluster)
        self.assertEqual(self.service.need("GET", "/v1/clusters/" + new["id"])["name"], "again")
        self.refused(400, 3, "POST", target, {"cluster_name": "a/b/c"})
        self.refused(409, 6, "POST", target, {"cluster_name": "again"})

    def test_who_may(self):
        made = self.backup(self.cluster())
        viewer = self.service.new_token("viewer", "view")
        foreign = self.service.new_token("foreign", "project_admin", ["acc-2"])
        self.assertEqual(self.service.ask("GET", ACCOUNT + "/backups", token=viewer)[0], 200)
        self.refused(403, 7, "DELETE", f"{ACCOUNT}/backups/{made['id']}", None, viewer)
        self.refused(404, 5, "GET", ACCOUNT + "/backups", None, foreign)
        self.refused(404, 5, "GET", f"/api/cluster/backup/v1/accounts/acc-2/backups/{made['id']}",
                     None, foreign)
        self.refused(401, 16, "GET", ACCOUNT + "/backups", None, "wrong")
        self.refused(404, 5, "GET", "/api/cluster/backup/v1/accounts/..%2Facc-1/backups")


if __name__ == "__main__":
    unittest.main(warnings="ignore")
