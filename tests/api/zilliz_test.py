#!/usr/bin/env python3
"""Zilliz Cloud's backup API as its clients speak it: fields, envelope and every error code.

usage: zilliz_test.py API_SERVICE
"""

import re
import subprocess
import sys
import time
import unittest

import service

PROGRAM = sys.argv.pop(1)
# Codes of the vendor's list that no request can reach, and why.
UNREACHED = {
    96000: "no endpoint of backups takes a cloud",
    96003: "no endpoint of backups takes a type of CU",
    96004: "no endpoint of backups takes a plan",
    96006: "no endpoint of backups takes a duration",
    96011: "of the metrics endpoint",
    96012: "a service has one organisation",
    96014: "a service has one organisation",
    96019: "of creating clusters on the free plan",
    96020: "of creating serverless clusters",
    96024: "of the metrics endpoint",
    96028: "nothing here is for the enterprise plan alone",
}
KNOWN = set(range(96000, 96041)) | {21119}


class ZillizTest(unittest.TestCase):
    maxDiff = None
    reached = set()

    @classmethod
    def setUpClass(cls):
        cls.service = service.Service(PROGRAM)
        need = cls.service.need
        need("PUT", "/v1/projects/proj-a", {"rules": "zilliz", "plan": "dedicated",
                                            "regions": ["gcp-us-west1", "gcp-us-east4"]})
        need("PUT", "/v1/projects/proj-b", {"rules": "zilliz", "plan": "dedicated"})
        need("PUT", "/v1/projects/proj-free", {"rules": "zilliz", "plan": "free"})
        need("PUT", "/v1/projects/proj-less", {"rules": "zilliz", "plan": "serverless"})
        need("PUT", "/v1/projects/plain", {"rules": "plain"})
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()
        missing = KNOWN - cls.reached - set(UNREACHED)
        assert not missing, f"codes that no test reached: {sorted(missing)}"
        assert not cls.reached & set(UNREACHED), cls.reached & set(UNREACHED)

    def cluster(self, project="proj-a", **more):
        type(self).count += 1
        return self.service.need("POST", "/v1/clusters", {
            "name": f"Dedicated-{self.count}", "project": project, "region": "gcp-us-west1",
            "version": "2.5.4", "kind": "folder", **more})["id"]

    def data(self, method, target, body=None, token=None):
        status, answer = self.service.ask(method, target, body, token)
        self.assertEqual((status, answer.get("code")), (200, 0), answer)
        self.assertEqual(set(answer), {"code", "data"})
        return answer["data"]

    def refused(self, code, method, target, body=None, token=None):
        status, answer = self.service.ask(method, target, body, token)
        self.assertEqual((status, answer.get("code")), (200, code), answer)
        self.assertEqual(set(answer), {"code", "message"})
        self.assertTrue(answer["message"])
        self.reached.add(code)

    def backup(self, cluster, body=None):
        made = self.data("POST", f"/v2/clusters/{cluster}/backups/create",
                         body or {"backupType": "CLUSTER"})
        self.assertEqual(self.service.job(made["jobId"])["state"], "SUCCESSFUL")
        return made

    def listed(self, cluster, count, more=""):
        """The list of its backups when as many have begun, and nothing of the cluster runs."""
        for _ in range(300):
            found = self.data("GET", f"/v2/backups?clusterId={cluster}{more}")
            if found["count"] >= count:
                break
            time.sleep(0.05)
        self.service.settle(cluster)
        return self.data("GET", f"/v2/backups?clusterId={cluster}{more}")

    # --- the policy

    def test_setting_and_reading_a_policy_Z_POL_08(self):
        cluster = self.cluster()
        policy = f"/v2/clusters/{cluster}/backups/policy"
        off = {"clusterId": cluster, "status": "DISABLED", "startTime": None, "frequency": None,
               "retentionDays": 0, "crossRegionCopies": []}
        self.assertEqual(self.data("GET", policy), off)
        self.assertEqual(
            self.data("POST", policy, {"frequency": "1,2,3,5", "startTime": "02:00-04:00",
                                       "retentionDays": 7, "enabled": True}),
            {"clusterId": cluster, "status": "ENABLED"})
        on = {"clusterId": cluster, "status": "ENABLED", "startTime": "02:00-04:00",
              "frequency": "1,2,3,5", "retentionDays": 7, "crossRegionCopies": []}
        self.assertEqual(self.data("GET", policy), on)
        # At once, and not again when what is on changes.
        self.listed(cluster, 1)
        self.data("POST", policy, {"enabled": True, "retentionDays": 9})
        self.assertEqual(self.data("GET", policy), {**on, "retentionDays": 9})
        time.sleep(1.2)
        listed = self.data("GET", f"/v2/backups?clusterId={cluster}")
        self.assertEqual([b["creationMethod"] for b in listed["backups"]], ["AUTO"])
        # As Terraform ends it; what there is stays, and switched on again it begins anew.
        self.assertEqual(
            self.data("POST", policy, {"enabled": False, "frequency": "", "startTime": "",
                                       "retentionDays": 0, "crossRegionCopies": None}),
            {"clusterId": cluster, "status": "DISABLED"})
        self.assertEqual(self.data("GET", policy), off)
        self.assertEqual(self.data("GET", f"/v2/backups?clusterId={cluster}")["count"], 1)
        self.data("POST", policy, {"frequency": "7", "startTime": "23:00-01:00", "enabled": True})
        self.assertEqual(self.data("GET", policy)["retentionDays"], 7)
        self.assertEqual(self.listed(cluster, 2)["count"], 2)

    def test_copies_of_a_policy_by_either_name(self):
        cluster = self.cluster()
        policy = f"/v2/clusters/{cluster}/backups/policy"
        for name in ("crossRegionCopies", "crossRegionPolicies"):
            self.data("POST", policy, {"enabled": True, "frequency": "1",
                                       "startTime": "02:00-04:00",
                                       name: [{"regionId": "gcp-us-east4", "retentionDays": 3}]})
            self.assertEqual(self.data("GET", policy)["crossRegionCopies"],
                             [{"regionId": "gcp-us-east4", "retentionDays": 3,
                               "region": "us-east4"}])
            self.data("POST", policy, {"enabled": True})
            self.assertEqual(len(self.data("GET", policy)["crossRegionCopies"]), 1)
            self.data("POST", policy, {"enabled": True, "crossRegionCopies": []})
            self.assertEqual(self.data("GET", policy)["crossRegionCopies"], [])

    def test_policies_that_cannot_be(self):
        cluster = self.cluster()
        policy = f"/v2/clusters/{cluster}/backups/policy"
        good = {"enabled": True, "frequency": "1", "startTime": "02:00-04:00"}
        for frequency in ("", "0", "8", "1;2", 3, "monday"):
            self.refused(96032, "POST", policy, {**good, "frequency": frequency})
        for start in ("", "02:00", "02:00-03:00", "25:00-27:00", 2):
            self.refused(96033, "POST", policy, {**good, "startTime": start})
        for days in (0, 31, -1, "7", 1.5, 2 ** 62):
            self.refused(96034, "POST", policy, {**good, "retentionDays": days})
            self.refused(96034, "POST", policy, {**good, "crossRegionCopies": [
                {"regionId": "gcp-us-east4", "retentionDays": days}]})
        self.refused(96034, "POST", policy,
                     {**good, "crossRegionCopies": [{"regionId": "gcp-us-east4"}]})
        for region in ("aws-us-east-1", "gcp-us-west1", "gcp-europe-west3", "", 5):
            self.refused(96001, "POST", policy, {**good, "crossRegionCopies": [
                {"regionId": region, "retentionDays": 3}]})
        self.refused(96038, "POST", policy, {"enabled": "yes"})
        self.refused(96038, "POST", policy, {})
        self.assertEqual(self.data("GET", policy)["status"], "DISABLED")

    # --- backups

    def test_a_backup_by_hand_and_its_job_Z_MAN_01(self):
        cluster = self.cluster()
        self.service.set("hold", True)
        made = self.data("POST", f"/v2/clusters/{cluster}/backups/create",
                         {"backupType": "CLUSTER"})
        self.assertEqual(set(made), {"backupId", "backupName", "jobId"})
        self.assertRegex(made["backupName"], r"^Dedicated-\d+_backup1$")
        job = self.data("GET", "/v2/jobs/" + made["jobId"])
        self.assertEqual(set(job), {"jobId", "type", "status", "progress", "startTime", "endTime",
                                    "reason"})
        self.assertEqual((job["type"], job["status"]), ("BACKUP", "IN_PROGRESS"))
        described = self.data("GET", f"/v2/clusters/{cluster}/backups/{made['backupId']}")
        self.assertEqual(described["status"], "CREATING")
        self.refused(96038, "POST", f"/v2/clusters/{cluster}/backups/create",
                     {"backupType": "CLUSTER"})  # one at a time
        self.refused(96040, "POST",
                     f"/v2/clusters/{cluster}/backups/{made['backupId']}/restoreCluster",
                     {"projectId": "proj-a", "clusterName": "new", "cuSize": 1,
                      "collectionStatus": "KEEP"})
        self.refused(96039, "POST",
                     f"/v2/clusters/{cluster}/backups/{made['backupId']}/restoreCollection",
                     {"destClusterId": cluster})
        self.service.set("hold", False)
        self.service.job(made["jobId"])
        job = self.data("GET", "/v2/jobs/" + made["jobId"])
        self.assertEqual((job["status"], job["reason"], job["progress"]), ("SUCCESSFUL", "", "100"))
        self.assertRegex(job["endTime"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")

    def test_a_failed_job_says_why_Z_RES_14(self):
        cluster = self.cluster()
        made = self.backup(cluster)
        self.service.set("fail", True)
        restored = self.data("POST",
                             f"/v2/clusters/{cluster}/backups/{made['backupId']}/restoreCollection",
                             {"destClusterId": cluster})
        self.service.job(restored["jobId"])
        self.service.set("fail", False)
        job = self.data("GET", "/v2/jobs/" + restored["jobId"])
        self.assertEqual((job["type"], job["status"], job["reason"]),
                         ("RESTORE", "FAILED", "the source has gone"))

    def test_a_backup_of_collections_of_one_database(self):
        cluster = self.cluster()
        create = f"/v2/clusters/{cluster}/backups/create"
        made = self.backup(cluster, {"backupType": "COLLECTION", "dbCollections": [
            {"collectionNames": ["articles"]}]})
        self.assertTrue(made["backupName"])
        for databases in (None, [], [{"dbName": "default"}], [{"collectionNames": ["a"]}] * 2, 5,
                          [{"collectionNames": []}]):
            self.refused(96038, "POST", create,
                         {"backupType": "COLLECTION", "dbCollections": databases})
        for kind in ("cluster", "", 1, None):
            self.refused(96029, "POST", create, {"backupType": kind})

    def test_copies_of_a_backup_by_hand_have_jobs_of_their_own(self):
        cluster = self.cluster()
        made = self.backup(cluster, {"backupType": "CLUSTER",
                                     "crossRegionCopies": [{"regionId": "gcp-us-east4"}]})
        listed = self.listed(cluster, 2, "&creationMethod=MANUAL")
        self.assertEqual(listed["count"], 2)
        self.assertEqual([b["expireTime"] for b in listed["backups"]], ["", ""])
        regions = {self.data("GET", f"/v2/clusters/{cluster}/backups/{b['backupId']}")["regionId"]
                   for b in listed["backups"]}
        self.assertEqual(regions, {"gcp-us-west1", "gcp-us-east4"})
        self.refused(96001, "POST", f"/v2/clusters/{cluster}/backups/create",
                     {"backupType": "CLUSTER",
                      "crossRegionCopies": [{"regionId": "aws-us-east-1"}]})
        self.assertTrue(made["jobId"])

    def test_lists_by_filters_page_by_page_Z_FILE_01(self):
        cluster, other = self.cluster("proj-b"), self.cluster("proj-b")
        made = [self.backup(cluster)["backupId"] for _ in range(3)]
        self.backup(other)
        page = self.data("GET", f"/v2/backups?clusterId={cluster}&pageSize=2&currentPage=1")
        self.assertEqual((page["count"], page["pageSize"], page["currentPage"]), (3, 2, 1))
        self.assertEqual([b["backupId"] for b in page["backups"]], made[:0:-1])
        page = self.data("GET", f"/v2/backups?clusterId={cluster}&pageSize=2&currentPage=2")
        self.assertEqual([b["backupId"] for b in page["backups"]], made[:1])
        entry = page["backups"][0]
        self.assertEqual(set(entry), {
            "projectId", "backupId", "backupName", "backupType", "creationMethod", "size",
            "expireTime", "clusterId", "clusterName", "createTime", "status",
            "restoreNewInstancePolicies"})
        self.assertEqual((entry["projectId"], entry["backupType"], entry["size"], entry["status"]),
                         ("proj-b", "CLUSTER", 700000000, "AVAILABLE"))
        self.assertEqual(self.data("GET", "/v2/backups?projectId=proj-b")["count"], 4)
        self.assertEqual(self.data("GET", "/v2/backups?projectId=proj-free")["count"], 0)
        self.assertEqual(self.data("GET", f"/v2/backups?clusterId={cluster}&creationMethod=AUTO")
                         ["count"], 0)
        self.assertEqual(self.data("GET", f"/v2/backups?clusterId={cluster}&backupType=CLUSTER"
                                          "&pageSize=1&currentPage=3")["backups"][0]["backupId"],
                         made[0])
        self.assertEqual(self.data("GET", f"/v2/backups?clusterId={cluster}"
                                          "&start=2020-01-01T00:00:00Z&end=2021-01-01T00:00:00Z")
                         ["count"], 0)

    def test_lists_that_cannot_be(self):
        for query, code in (("pageSize=0", 96008), ("pageSize=101", 96008), ("pageSize=a", 96008),
                            ("currentPage=0", 96009), ("currentPage=-1", 96009),
                            ("creationMethod=auto", 96030), ("backupType=ALL", 96029),
                            ("start=yesterday", 96007), ("end=2026-13-01T00:00:00Z", 96007),
                            ("start=2026-02-01T00:00:00Z&end=2026-01-01T00:00:00Z", 96035),
                            ("projectId=nothing", 96005), ("clusterId=in01-none", 96018),
                            ("clusterId=a%2F..%2Fb", 96036), ("clusterId=", 96025)):
            self.refused(code, "GET", "/v2/backups?" + query)

    def test_a_description_lists_databases_and_collections(self):
        cluster = self.cluster()
        made = self.backup(cluster)
        data = self.data("GET", f"/v2/clusters/{cluster}/backups/{made['backupId']}")
        self.assertEqual(data["dbCollections"], [{"dbName": "default", "collections": [
            {"collectionName": "articles", "description": "", "status": "LOADED"},
            {"collectionName": "notes", "description": "", "status": "UNLOADED"}]}])
        self.assertEqual((data["backupName"], data["regionId"], data["restoreNewInstancePolicies"]),
                         (made["backupName"], "gcp-us-west1", ["LATEST", "ORIGINAL"]))

    def test_any_backup_may_be_deleted_by_hand_Z_FILE_03(self):
        cluster = self.cluster()
        made = self.backup(cluster)
        place = f"/v2/clusters/{cluster}/backups/{made['backupId']}"
        self.assertEqual(self.data("DELETE", place), {"backupId": made["backupId"],
                                                      "backupName": made["backupName"]})
        self.assertEqual(self.data("GET", f"/v2/backups?clusterId={cluster}")["count"], 0)
        self.assertEqual(self.data("GET", place)["status"], "DELETED")
        self.refused(96038, "DELETE", place)

    def test_what_is_not_there(self):
        cluster, other = self.cluster(), self.cluster()
        made = self.backup(other)
        plain = self.service.need("POST", "/v1/clusters", {
            "name": "p", "project": "plain", "region": "gcp-us-west1"})["id"]
        for missing in ("in01-none", plain):
            self.refused(96018, "GET", f"/v2/clusters/{missing}/backups/policy")
        self.refused(96025, "GET", "/v2/clusters//backups/policy")
        self.refused(96036, "GET", "/v2/clusters/..%2F..%2Fetc/backups/policy")
        self.refused(96026, "GET", "/v2/jobs/none")
        for place in (f"{cluster}/backups/none", f"{cluster}/backups/{made['backupId']}"):
            status, answer = self.service.ask("GET", "/v2/clusters/" + place)
            self.assertEqual((status, answer["code"]), (404, 404))  # the vendor publishes no code
        status, answer = self.service.ask("GET", "/v2/nothing")
        self.assertEqual((status, answer["code"]), (404, 404))
        self.service.need("DELETE", f"/v1/clusters/{cluster}")
        self.refused(96018, "POST", f"/v2/clusters/{cluster}/backups/create",
                     {"backupType": "CLUSTER"})

    def test_only_dedicated_clusters(self):
        free, less = self.cluster("proj-free"), self.cluster("proj-less")
        self.refused(96021, "GET", f"/v2/clusters/{free}/backups/policy")
        self.refused(96022, "POST", f"/v2/clusters/{less}/backups/create",
                     {"backupType": "CLUSTER"})

    # --- restores

    def test_a_full_restore_makes_a_new_cluster(self):
        cluster = self.cluster(cu=8)
        made = self.backup(cluster)
        place = f"/v2/clusters/{cluster}/backups/{made['backupId']}/restoreCluster"
        passwords = set()
        for at, (field, status) in enumerate((("projectId", "KEEP"), ("targetProjectId", "RELEASE"),
                                              ("projectId", "NOT_LOADED"))):
            name = f"Dedicated-01-restored-{at}"
            data = self.data("POST", place, {field: "proj-b", "clusterName": name, "cuSize": 2,
                                             "collectionStatus": status})
            self.assertEqual(set(data), {"clusterId", "username", "password", "jobId"})
            self.assertEqual(data["username"], "db_admin")
            passwords.add(data["password"])
            self.service.secrets.append(data["password"])
            self.service.job(data["jobId"])
            new = self.service.need("GET", "/v1/clusters/" + data["clusterId"])
            fields = ("name", "project", "region", "cu", "version")
            self.assertEqual([new[field] for field in fields],
                             [name, "proj-b", "gcp-us-west1", 2, "2.6.1"])
        self.assertEqual(len(passwords), 3)
        self.refused(96017, "POST", place, {"projectId": "proj-b", "cuSize": 2,
                                            "clusterName": "Dedicated-01-restored-0",
                                            "collectionStatus": "KEEP"})
        data = self.data("POST", place, {"projectId": "proj-b", "targetProjectId": "proj-free",
                                         "clusterName": "old", "cuSize": 2,
                                         "collectionStatus": "KEEP",
                                         "restoreVersionPolicy": "ORIGINAL"})
        new = self.service.need("GET", "/v1/clusters/" + data["clusterId"])
        self.assertEqual((new["version"], new["project"]), ("2.5.4", "proj-b"))

    def test_restores_that_cannot_be(self):
        cluster = self.cluster()
        made = self.backup(cluster)
        place = f"/v2/clusters/{cluster}/backups/{made['backupId']}/restoreCluster"
        good = {"projectId": "proj-a", "clusterName": "x", "cuSize": 1, "collectionStatus": "KEEP"}
        before = len(self.service.need("GET", "/v1/clusters")["clusters"])
        for change, code in (({"cuSize": 0}, 96002), ({"cuSize": "2"}, 96002),
                             ({"cuSize": 1025}, 96023), ({"clusterName": "a b"}, 96010),
                             ({"clusterName": "../x"}, 96010), ({"clusterName": ""}, 96010),
                             ({"collectionStatus": "BOTH"}, 96031), ({"projectId": None}, 96005),
                             ({"projectId": "none"}, 96005),
                             ({"restoreVersionPolicy": "OLDEST"}, 96040)):
            self.refused(code, "POST", place, {**good, **change})
        for field, code in (("clusterName", 96010), ("cuSize", 96002), ("collectionStatus", 96031)):
            body = {name: value for name, value in good.items() if name != field}
            self.refused(code, "POST", place, body)
        self.assertEqual(len(self.service.need("GET", "/v1/clusters")["clusters"]), before)
        east = self.cluster("proj-b", region="gcp-europe-west3")
        far = self.backup(east)
        self.refused(96001, "POST", f"/v2/clusters/{east}/backups/{far['backupId']}/restoreCluster",
                     good)  # the region is not bound to the project

    def test_collections_go_into_a_cluster_that_runs(self):
        cluster, into = self.cluster(), self.cluster("proj-b")
        made = self.backup(cluster)
        place = f"/v2/clusters/{cluster}/backups/{made['backupId']}/restoreCollection"
        data = self.data("POST", place, {"destClusterId": into, "dbCollections": [{"collections": [
            {"collectionName": "articles", "destCollectionName": "restored_articles",
             "destCollectionStatus": "LOADED"}]}]})
        self.assertEqual(set(data), {"jobId"})
        self.service.job(data["jobId"])
        self.data("POST", place, {"destClusterId": into})
        self.refused(96037, "POST", place, {"destClusterId": into, "dbCollections": [
            {"collections": [{"collectionName": "a", "destCollectionStatus": "HALF"}]}]})
        self.refused(96039, "POST", place, {"destClusterId": into, "dbCollections": [
            {"collections": [{"destCollectionName": "a"}]}]})
        self.refused(96036, "POST", place, {})
        self.refused(96018, "POST", place, {"destClusterId": "in01-none"})
        self.service.need("POST", f"/v1/clusters/{into}/suspend")
        self.refused(96039, "POST", place, {"destClusterId": into})

    # --- who may

    def test_keys_and_what_they_reach(self):
        cluster = self.cluster()
        made = self.backup(cluster)
        place = f"/v2/clusters/{cluster}/backups"
        viewer = self.service.new_token("viewer", "view")
        self.data("GET", place + "/policy", token=viewer)
        self.refused(96015, "POST", place + "/policy", {"enabled": False}, token=viewer)
        self.refused(96015, "DELETE", f"{place}/{made['backupId']}", token=viewer)
        self.refused(96013, "POST", f"{place}/{made['backupId']}/restoreCluster", {}, token=viewer)
        foreign = self.service.new_token("foreign", "project_admin", ["proj-b"])
        self.refused(96016, "GET", place + "/policy", token=foreign)
        self.refused(96027, "GET", "/v2/backups?projectId=proj-a", token=foreign)
        projects = {b["projectId"] for b in
                    self.data("GET", "/v2/backups?pageSize=100", token=foreign)["backups"]}
        self.assertLessEqual(projects, {"proj-b"})
        job = self.data("POST", place + "/create", {"backupType": "CLUSTER"})["jobId"]
        self.refused(96026, "GET", "/v2/jobs/" + job, token=foreign)
        self.refused(21119, "GET", "/v2/backups", token="wrong")

    def test_two_projects_of_one_key_are_listed_together(self):
        both = self.service.new_token("both", "manage", ["proj-a", "proj-b"])
        for project in ("proj-a", "proj-b"):
            self.backup(self.cluster(project))
        listed = self.data("GET", "/v2/backups?pageSize=100", token=both)
        self.assertEqual({b["projectId"] for b in listed["backups"]}, {"proj-a", "proj-b"})
        times = [b["createTime"] for b in listed["backups"]]
        self.assertEqual(times, sorted(times, reverse=True))

    def test_curl_as_the_guides_have_it(self):
        cluster = self.cluster()
        base = f"http://127.0.0.1:{self.service.port}"
        done = subprocess.run(
            ["curl", "-s", "--request", "POST", "--url",
             f"{base}/v2/clusters/{cluster}/backups/policy", "--header",
             f"Authorization: Bearer {self.service.token}", "--header",
             "Content-Type: application/json", "-d",
             '{\n"frequency": "2,4",\n"startTime": "05:00-07:00",\n"retentionDays": 5,\n'
             '"enabled": true\n}'], check=True, capture_output=True, text=True)
        self.assertTrue(re.fullmatch(
            r'\{"code":0,"data":\{"clusterId":"%s","status":"ENABLED"\}\}' % cluster, done.stdout),
            done.stdout)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
