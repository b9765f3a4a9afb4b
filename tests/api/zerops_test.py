#!/usr/bin/env python3
"""Zerops' backup API as its clients speak it.

usage: zerops_test.py API_SERVICE
"""

import re
import sys
import time
import unittest

import service

PROGRAM = sys.argv.pop(1)
DEFAULTS = {"maxTotalFiles": 50, "maxTotalGiB": 5, "protectedTags": ["protected"], "minDaily": 7,
            "maxDaily": 0, "minWeekly": 4, "maxWeekly": 0, "minMonthly": 3, "maxMonthly": 0}
# backupOldStack: of services from before the vendor had backups; a service here is never so old.


class ZeropsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = service.Service(PROGRAM)
        cls.service.need("PUT", "/v1/projects/shop", {"rules": "zerops"})
        cls.service.need("PUT", "/v1/projects/plain", {"rules": "plain"})
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    def place(self, kind="postgresql"):
        type(self).count += 1
        made = self.service.need("POST", "/v1/clusters", {
            "name": f"db{self.count}", "project": "shop", "region": "prg1", "kind": kind})
        return "/api/rest/public/service-stack/" + made["id"]

    def refused(self, status, word, method, target, body=None, token=None):
        got, answer = self.service.ask(method, target, body, token)
        self.assertEqual((got, answer["error"]["code"]), (status, word), answer)
        self.assertTrue(answer["error"]["message"])

    def names(self, place):
        return [f["name"] for f in self.service.need("GET", place + "/backup")["files"]]

    def test_a_backup_by_hand_returns_when_it_is_made(self):
        place = self.place()
        made = self.service.need("POST", place + "/backup", {"tags": ["v2-1", "a:b"]})
        self.assertEqual(made, {"success": True, "async": False})
        listed = self.service.need("GET", place + "/backup")
        self.assertEqual(set(listed), {"files", "backupPeriod", "retentionPolicy",
                                       "defaultRetentionPolicy"})
        self.assertEqual((listed["backupPeriod"], listed["retentionPolicy"],
                          listed["defaultRetentionPolicy"]), ("", None, DEFAULTS))
        file = listed["files"][0]
        self.assertEqual(set(file), {"path", "name", "size", "metadata"})
        self.assertRegex(file["name"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual((file["size"], file["metadata"]["tags"]), (700000000, "v2-1,a:b"))
        self.service.set("fail", True)
        self.assertEqual(self.service.need("POST", place + "/backup", {}),
                         {"success": False, "async": False})
        self.service.set("fail", False)

    def test_after_ten_seconds_it_goes_on_P_UI_01(self):
        place = self.place()
        self.service.set("hold", True)
        started = time.monotonic()
        made = self.service.need("POST", place + "/backup", {})
        self.assertEqual(made, {"success": True, "async": True})
        self.assertTrue(9.5 < time.monotonic() - started < 12)
        self.service.set("hold", False)
        self.service.settle(place.rpartition("/")[2])
        self.assertEqual(len(self.names(place)), 1)

    def test_tags_are_replaced_and_backups_deleted_by_date_P_UI_02(self):
        place = self.place()
        for _ in range(2):
            self.service.need("POST", place + "/backup", {"tags": ["first"]})
        date, other = self.names(place)
        done = self.service.need("PUT", f"{place}/backup/{date}", {"tags": ["protected"]})
        self.assertEqual(done, {"success": True})
        tags = [f["metadata"]["tags"] for f in
                self.service.need("GET", place + "/backup")["files"]]
        self.assertEqual(tags, ["protected", "first"])
        self.assertEqual(self.service.need("DELETE", f"{place}/backup/{date}"), {"success": True})
        self.assertEqual(self.names(place), [other])
        self.refused(404, "backupNotFound", "DELETE", f"{place}/backup/{date}")
        self.refused(404, "backupNotFound", "PUT", f"{place}/backup/..%2F..%2Fetc", {"tags": []})

    def test_tags_that_cannot_be(self):
        place = self.place()
        for tags in (["v2.1-release"], ["a" * 25], [""], ["a b"], ["ä"]):
            self.refused(400, "backupTagNameFormat", "POST", place + "/backup", {"tags": tags})
        self.refused(400, "backupTotalTagLength", "POST", place + "/backup",
                     {"tags": [f"{i:024}" for i in range(20)]})
        self.refused(400, "bad_request", "POST", place + "/backup", {"tags": "a"})
        self.assertEqual(self.names(place), [])

    def test_periods_and_policies(self):
        place = self.place()
        own = {**DEFAULTS, "maxTotalGiB": 25, "minDaily": 3, "maxWeekly": 12,
               "protectedTags": ["keep", "gold"]}
        for period in ("0 */6 * * *", "8 0 * * *", "daily", "0 4 * * 7"):
            self.assertEqual(self.service.need("PUT", place + "/backup-config",
                                               {"backupPeriod": period, "retentionPolicy": own}),
                             {"success": True})
            listed = self.service.need("GET", place + "/backup")
            self.assertEqual((listed["backupPeriod"], listed["retentionPolicy"]), (period, own))
            schedules = self.service.need(
                "GET", "/v1/clusters/" + place.rpartition("/")[2] + "/schedules")["schedules"]
            self.assertEqual(len(schedules), 1)
        for nothing in (None, ""):
            self.service.need("PUT", place + "/backup-config",
                              {"backupPeriod": nothing, "retentionPolicy": None})
            listed = self.service.need("GET", place + "/backup")
            self.assertEqual((listed["backupPeriod"], listed["retentionPolicy"]), ("", None))
        for period in ("60 * * * *", "* * * *", "hourly", "0 0 * * 8", "0 0 0 * *"):
            self.refused(400, "userDataBackupPeriodInvalid", "PUT", place + "/backup-config",
                         {"backupPeriod": period, "retentionPolicy": None})
        for name in DEFAULTS:  # all of them are required
            body = {field: value for field, value in own.items() if field != name}
            self.refused(400, "bad_request", "PUT", place + "/backup-config",
                         {"backupPeriod": "daily", "retentionPolicy": body})
        self.refused(400, "backupTagNameFormat", "PUT", place + "/backup-config",
                     {"backupPeriod": "daily",
                      "retentionPolicy": {**own, "protectedTags": ["a b"]}})
        self.refused(400, "bad_request", "PUT", place + "/backup-config",
                     {"backupPeriod": "daily", "retentionPolicy": {**own, "minDaily": -1}})
        self.assertEqual(self.service.need("GET", place + "/backup")["backupPeriod"], "")

    def test_services_that_have_no_backups(self):
        self.service.need("POST", "/v1/clusters",
                          {"name": "p", "project": "plain", "region": "here"})
        status, answer = self.service.ask("POST", "/v1/clusters", {
            "name": "cache", "project": "shop", "region": "prg1", "kind": "valkey"})
        self.assertEqual(status, 400, answer)
        self.refused(404, "serviceStackNotFound", "GET",
                     "/api/rest/public/service-stack/none/backup")

    def test_an_address_loads_without_a_token(self):
        place = self.place()
        self.service.need("POST", place + "/backup", {})
        date = self.names(place)[0]
        for target in (f"{place}/backup/download-url/{date}",
                       "/api/rest/public/project/shop/backup/download-url/"
                       f"{place.rpartition('/')[2]}/{date}"):
            url = self.service.need("POST", target)["url"]
            path = re.fullmatch(rf"http://127\.0\.0\.1:{self.service.port}(/.*)", url).group(1)
            status, headers, data = self.service.raw("GET", path, token="none")
            self.assertEqual(status, 200)
            self.assertTrue(data.endswith(b" open"))
            self.assertIn("attachment", headers["content-disposition"])
            status, _, _ = self.service.raw("GET", path.replace(date, "2020"), token="none")
            self.assertEqual(status, 403)
        self.refused(404, "serviceStackNotFound", "POST",
                     "/api/rest/public/project/plain/backup/download-url/"
                     f"{place.rpartition('/')[2]}/{date}")

    def test_who_may(self):
        place = self.place()
        viewer = self.service.new_token("viewer", "view")
        foreign = self.service.new_token("foreign", "project_admin", ["plain"])
        self.assertEqual(self.service.ask("GET", place + "/backup", token=viewer)[0], 200)
        self.refused(403, "forbidden", "POST", place + "/backup", {}, viewer)
        self.refused(404, "serviceStackNotFound", "GET", place + "/backup", None, foreign)
        self.refused(401, "no_token", "GET", place + "/backup", None, "wrong")


if __name__ == "__main__":
    unittest.main(warnings="ignore")
