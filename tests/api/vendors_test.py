#!/usr/bin/env python3
"""What the vendors say of restores and of storage, of `backcast serve` with real data.

usage: vendors_test.py BACKCAST
"""

import ctypes
import ctypes.util
import json
import shutil
import time
import time
import unittest

from served import Served, ServedCase, rows_of, write_cluster

SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
ACCOUNT = "/api/cluster/backup/v1/accounts/acc-1"


def opens(password_hash, password):
    return SODIUM.crypto_pwhash_str_verify(password_hash.encode(), password.encode(),
                                           ctypes.c_ulonglong(len(password.encode()))) == 0


def hash_of(password):
    text = ctypes.create_string_buffer(128)
    SODIUM.crypto_pwhash_str(text, password.encode(), ctypes.c_ulonglong(len(password)),
                             ctypes.c_ulonglong(1), ctypes.c_size_t(8 << 20))
    return text.value.decode()


class VendorsTest(ServedCase):
    @classmethod
    def setUpClass(cls):
        cls.served = Served().start()
        cls.served.need("PUT", "/v1/projects/proj-a", {"rules": "zilliz", "plan": "dedicated"})
        cls.served.need("PUT", "/v1/projects/acc-1", {"rules": "qdrant"})
        cls.served.need("PUT", "/v1/projects/zero", {"rules": "zerops"})

    def test_a_restore_brings_back_exactly_the_state_Q_RES_01_Q_RES_03(self):
        cluster, data = self.cluster("exact", {"articles": 500, "notes": 7}, "acc-1")
        before = rows_of(data)
        self.backup(cluster)
        write_cluster(data, {"articles": 3, "newer": 9}, generation=2)
        self.served.need("PATCH", f"/v1/clusters/{cluster}", {
            "version": "1.10.0", "cpu": 16, "memory_gib": 64, "nodes": 5})
        listed = self.served.need("GET", f"{ACCOUNT}/backups?cluster_id={cluster}")["items"]
        self.served.need("POST", f"{ACCOUNT}/backups/{listed[0]['id']}/restore", {})
        self.assertEqual(self.settled(cluster)["state"], "SUCCESSFUL")
        self.assertEqual(rows_of(data), before)
        now = self.served.need("GET", f"/v1/clusters/{cluster}")
        self.assertEqual((now["version"], now["cpu"], now["memory_gib"], now["nodes"]),
                         ("1.9.3", 2, 8, 3))
        self.assertEqual(now["state"], "RUNNING")

    def test_a_new_cluster_while_the_source_serves_on_Q_RES_04(self):
        cluster, data = self.cluster("serves", {"articles": 400}, "acc-1")
        before = rows_of(data)
        backup = self.backup(cluster)
        made = self.served.need(
            "POST", f"/api/cluster/v1/accounts/acc-1/backups/{backup}/clusters",
            {"cluster_name": "serves-again"})["cluster"]
        # The source is not touched: it runs, its data change, and it is backed up meanwhile.
        self.assertEqual(self.served.need("GET", f"/v1/clusters/{cluster}")["state"], "RUNNING")
        write_cluster(data, {"articles": 5}, generation=2)
        self.backup(cluster)
        self.assertEqual(self.settled(cluster)["state"], "SUCCESSFUL")
        self.assertEqual(rows_of(self.served.home / "clusters" / made["id"]), before)
        self.assertEqual(len(rows_of(data)[("default", "articles")][0][0]), 5 * 16)

    def test_a_backup_in_the_middle_may_be_deleted_Q_RES_05(self):
        cluster, data = self.cluster("middle", {"articles": 300}, "acc-1")
        states, backups = [], []
        for generation in (2, 3, 4):
            write_cluster(data, {"articles": 100 * generation, "notes": 1}, generation)
            states.append(rows_of(data))
            backups.append(self.backup(cluster))
        self.served.need("DELETE", f"{ACCOUNT}/backups/{backups[1]}")
        for at in (0, 2):
            self.served.need("POST", f"{ACCOUNT}/backups/{backups[at]}/restore", {})
            self.assertEqual(self.settled(cluster)["state"], "SUCCESSFUL")
            self.assertEqual(rows_of(data), states[at])
        status, _ = self.served.ask("POST", f"{ACCOUNT}/backups/{backups[1]}/restore", {})
        self.assertGreaterEqual(status, 400)

    def restored(self, cluster, backup, name, **more):
        made = self.served.need("POST", f"/v2/clusters/{cluster}/backups/{backup}/restoreCluster", {
            "projectId": "proj-a", "clusterName": name, "cuSize": 8, "collectionStatus": "KEEP",
            **more})
        self.assertEqual(self.served.job(made["jobId"])["state"], "SUCCESSFUL")
        place = self.served.home / "clusters" / made["clusterId"]
        return made, json.loads((place / "cluster.json").read_text())

    def test_what_a_restore_leaves_out_Z_MAN_10_Z_RES_03_Z_RES_04(self):
        cluster, data = self.cluster("left-out", {"articles": 10}, "proj-a")
        catalog = self.catalog(data)
        catalog["databases"][0]["collections"][0]["ttl_seconds"] = 3600
        self.catalog(data, databases=catalog["databases"], scaling={"max_cu": 32}, users=[
            {"name": "db_admin", "password_hash": hash_of("the old one"), "roles": ["admin"]},
            {"name": "reader", "password_hash": hash_of("reads"), "roles": ["read"]}],
            roles=[{"name": "read", "grants": ["default.*:search"]}])
        backup = self.backup(cluster)
        warned = " ".join(self.served.need("GET", f"/v1/backups/{backup}")["contents"]["warnings"])
        self.assertIn("scaling", warned)
        self.assertIn("articles", warned)
        made, plain = self.restored(cluster, backup, "left-out-plain")
        self.assertEqual(plain["databases"][0]["collections"][0].get("ttl_seconds", 0), 0)
        self.assertEqual(plain.get("scaling", {}), {})
        # Only the new admin is there; the old password opens nothing, and nobody shows the new one.
        self.assertEqual([user["name"] for user in plain["users"]], ["db_admin"])
        password_hash = plain["users"][0]["password_hash"]
        self.assertTrue(opens(password_hash, made["password"]))
        self.assertFalse(opens(password_hash, "the old one"))
        for target in (f"/v1/clusters/{made['clusterId']}", f"/v1/jobs/{made['jobId']}",
                       "/v1/audit"):
            self.assertNotIn(made["password"].encode(), self.served.ask("GET", target)[1])
        # On request users, roles and grants come; the admin's password is a new one all the same.
        made, whole = self.restored(cluster, backup, "left-out-whole", includeRbac=True)
        users = {user["name"]: user for user in whole["users"]}
        self.assertEqual(set(users), {"db_admin", "reader"})
        self.assertTrue(opens(users["reader"]["password_hash"], "reads"))
        self.assertTrue(opens(users["db_admin"]["password_hash"], made["password"]))
        self.assertFalse(opens(users["db_admin"]["password_hash"], "the old one"))
        self.assertEqual(whole["roles"], [{"name": "read", "grants": ["default.*:search"]}])

    def test_usage_is_that_of_what_is_stored_apart_from_the_data_P_STO_01(self):
        first, data = self.cluster("stored-a", {"articles": 1000}, "zero", "shared-storage")
        second, _ = self.cluster("stored-b", {"notes": 50}, "zero", "shared-storage")
        for cluster in (first, first, second):
            self.backup(cluster)
        repositories = self.served.home / "repositories" / "zero"
        self.assertFalse(data.is_relative_to(repositories))
        self.assertTrue(any(path.is_file() for path in repositories.rglob("packs/*")))
        held = {}
        for cluster in (first, second):
            held[cluster] = sum(b["size_bytes"] for b in self.served.need(
                "GET", f"/v1/backups?cluster={cluster}&state=AVAILABLE")["backups"])
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
        usage = [u for u in self.served.need(
            "GET", f"/v1/usage?from=2020-01-01T00:00:00Z&to={at}")["usage"]
            if u["project"] == "zero" and u["kind"] == "storage"]
        names = {"stored-a": first, "stored-b": second}
        for name, cluster in names.items():
            self.assertEqual(sum(int(u["quantity"]) for u in usage if u["service"] == name),
                             held[cluster])
        self.assertEqual(sum(int(u["quantity"]) for u in usage), sum(held.values()))
        # The data's place is lost, and the backups are not.
        before = rows_of(data)
        shutil.rmtree(data)
        data.mkdir()
        newest = self.served.need("GET", f"/v1/backups?cluster={first}")["backups"][0]["id"]
        self.served.need("POST", f"/v1/backups/{newest}/restore", {"in_place": True})
        self.assertEqual(self.settled(first)["state"], "SUCCESSFUL", self.settled(first))
        self.assertEqual(rows_of(data), before)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
