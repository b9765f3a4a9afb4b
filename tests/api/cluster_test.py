#!/usr/bin/env python3
"""What the vendors say of a cluster's keys, nodes and shards, of exports, and of what happens to it
while it is saved or restored: `backcast serve` with real data.

usage: cluster_test.py BACKCAST
"""

import contextlib
import fcntl
import json
import os
import shutil
import threading
import time
import unittest

from served import Served, ServedCase, rows_of, write_cluster

ACCOUNT = "/api/cluster/backup/v1/accounts/acc-1"


@contextlib.contextmanager
def locked(data):
    """Whoever saves or restores the cluster waits."""
    with (data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class ClusterTest(ServedCase):
    @classmethod
    def setUpClass(cls):
        cls.served = Served()
        cls.bucket = cls.served.root / "exports"
        cls.bucket.mkdir(parents=True)
        cls.options = ("--bucket", f"exports={cls.bucket}")
        cls.served.start(*cls.options)
        for project, settings in {
                "proj-a": {"rules": "zilliz", "plan": "business-critical"},
                "proj-b": {"rules": "zilliz", "plan": "business-critical"},
                "proj-d": {"rules": "zilliz", "plan": "dedicated"},
                "proj-f": {"rules": "zilliz", "plan": "free"},
                "acc-1": {"rules": "qdrant"}, "zero": {"rules": "zerops"}}.items():
            cls.served.need("PUT", f"/v1/projects/{project}", settings)

    def key(self, name, project="proj-a", region="aws-us-east-1"):
        return self.served.need("POST", f"/v1/projects/{project}/keys",
                                {"name": name, "region": region})

    def switch(self, name, state):
        self.served.need("PUT", f"/v1/projects/proj-a/keys/{name}", {"state": state})

    def restore(self, cluster, backup, name, **more):
        return {"projectId": "proj-a", "clusterName": name, "cuSize": 8,
                "collectionStatus": "KEEP", **more}, \
            f"/v2/clusters/{cluster}/backups/{backup}/restoreCluster"

    def restored(self, cluster, backup, name, **more):
        body, target = self.restore(cluster, backup, name, **more)
        made = self.served.need("POST", target, body)
        self.assertEqual(self.served.job(made["jobId"])["state"], "SUCCESSFUL")
        return made["clusterId"], self.served.home / "clusters" / made["clusterId"]

    # ---------------------------------------------------------------- keys

    def test_under_a_key_of_its_own_or_none_Z_RES_08(self):
        self.key("billing")
        self.key("other")
        self.key("far", region="aws-eu-west-1")
        cluster, data = self.cluster("sealed", {"articles": 50}, "proj-a", key="billing")
        before = rows_of(data)
        backup = self.backup(cluster)
        self.assertEqual(self.served.need("GET", f"/v1/backups/{backup}")["key"], "billing")
        # Sealed apart from what the project's own key seals.
        places = {path.name for path in (self.served.home / "repositories").iterdir()}
        self.assertIn("proj-a%20billing", places)
        plain, place = self.restored(cluster, backup, "sealed-plain")
        self.assertEqual(rows_of(place), before)
        self.assertEqual(self.served.need("GET", f"/v1/clusters/{plain}")["key"], "")
        under, place = self.restored(cluster, backup, "sealed-other", cmekId="other")
        self.assertEqual(rows_of(place), before)
        self.assertEqual(self.served.need("GET", f"/v1/clusters/{under}")["key"], "other")
        for key, why in {"far": "aws-eu-west-1", "nobody": "no key nobody"}.items():
            body, target = self.restore(cluster, backup, f"sealed-{key}", cmekId=key)
            told = self.refused("POST", target, body)
            self.assertIn("96040", told)
            self.assertIn(why, told)
        # Revoked, it opens nothing: neither a restore, nor a download, nor another backup.
        self.switch("billing", "REVOKED")
        body, target = self.restore(cluster, backup, "sealed-revoked")
        self.assertIn("revoked", self.refused("POST", target, body))
        self.assertNotIn("sealed-revoked", str(self.served.need("GET", "/v1/clusters")))
        self.assertIn("revoked", self.refused("GET", f"/v1/backups/{backup}/data"))
        self.assertIn("revoked", self.refused(
            "POST", f"/v1/backups/{backup}/export", {"bucket": "exports"}))
        failed = self.served.job(self.served.need(
            "POST", f"/v1/clusters/{cluster}/backups", {})["job"])
        self.assertEqual(failed["state"], "FAILED")
        self.assertIn("revoked", failed["reason"])
        self.switch("billing", "ENABLED")
        _, place = self.restored(cluster, backup, "sealed-again")
        self.assertEqual(rows_of(place), before)
        self.assertIn("key of a cluster stay", self.refused(
            "PATCH", f"/v1/clusters/{cluster}", {"key": "other"}))

    def test_collections_stay_in_their_database_under_a_key(self):
        self.key("apart")
        cluster, _ = self.cluster("apart", {"articles": 7}, "proj-a", key="apart")
        open_one, _ = self.cluster("apart-open", {}, "proj-a")
        backup = self.backup(cluster)
        for into, state in ((cluster, "FAILED"), (open_one, "SUCCESSFUL")):
            job = self.served.job(self.served.need(
                "POST", f"/v2/clusters/{cluster}/backups/{backup}/restoreCollection",
                {"destClusterId": into, "dbCollections": [{"destDbName": "old", "collections": [
                    {"collectionName": "articles"}]}]})["jobId"])
            self.assertEqual(job["state"], state, job)
            self.assertEqual("sealed_database" in job["reason"], state == "FAILED")

    def test_a_drill_of_a_copy_that_is_under_a_key(self):
        self.key("drilled")
        cluster, _ = self.cluster("drilled", {"articles": 30}, "proj-a", key="drilled")
        self.served.need("POST", f"/v2/clusters/{cluster}/backups/create", {
            "backupType": "CLUSTER", "crossRegionCopies": [{"regionId": "aws-eu-west-1"}]})
        self.until(lambda: self.served.need(
            "GET", f"/v1/backups?cluster={cluster}&kind=copy&state=AVAILABLE")["backups"])
        self.served.need("PUT", f"/v1/clusters/{cluster}/drill", {"every_seconds": 86400})
        last = self.until(lambda: self.served.need("GET", "/v1/drills")["drills"][0]["last"])
        self.assertEqual((last["why_not"], last["how"], last["rows"]), ("", "restored", 30))
        self.served.need("DELETE", f"/v1/clusters/{cluster}/drill")

    def until(self, there):
        for _ in range(300):
            found = there()
            if found:
                return found
            time.sleep(0.1)
        raise AssertionError("it did not come")

    def test_a_key_is_there_after_a_kill_Z_RES_08(self):
        self.key("late")
        cluster, data = self.cluster("late", {"articles": 20}, "proj-a", key="late")
        backup = self.backup(cluster)
        self.served.kill()
        self.served.start(*self.options)
        _, place = self.restored(cluster, backup, "late-again")
        self.assertEqual(rows_of(place), rows_of(data))

    def test_only_some_plans_have_it_Z_RES_15(self):
        self.key("plans")
        cluster, _ = self.cluster("plans", {"articles": 5}, "proj-a", key="plans")
        backup = self.backup(cluster)
        free, _ = self.cluster("of-free", {"articles": 5}, "proj-f")
        self.assertIn("96021", self.refused(
            "POST", f"/v2/clusters/{free}/backups/{backup}/restoreCluster",
            self.restore(free, backup, "none")[0]))
        # The backup is sealed under a key, and its project falls to a lower plan.
        self.served.need("PUT", "/v1/projects/proj-a", {"plan": "dedicated"})
        body, target = self.restore(cluster, backup, "plans-again")
        self.assertIn("96028", self.refused("POST", target, body))
        self.served.need("PUT", "/v1/projects/proj-a", {"plan": "business-critical"})
        self.restored(cluster, backup, "plans-again")
        self.assertIn("96028", self.refused("POST", "/v1/projects/proj-d/keys",
                                            {"name": "k", "region": "aws-us-east-1"}))
        self.assertIn("no keys of single clusters", self.refused(
            "POST", "/v1/projects/zero/keys", {"name": "k", "region": "aws-us-east-1"}))
        for number in range(20):
            self.key(f"k{number}", project="proj-b")
        self.assertIn("no more", self.refused(
            "POST", "/v1/projects/proj-b/keys", {"name": "more", "region": "aws-us-east-1"}))

    # ---------------------------------------------------------------- shards

    def test_shards_are_cut_to_the_size_of_the_cluster_Z_RES_09(self):
        cluster, data = self.cluster("shards", {"articles": 8}, "proj-a")
        catalog = self.catalog(data)
        catalog["databases"][0]["collections"][0]["shards"] = 16
        self.catalog(data, databases=catalog["databases"])
        backup = self.backup(cluster)
        for units, shards in {1: 2, 2: 2, 4: 4, 8: 4, 12: 8, 64: 8, 128: 16}.items():
            _, place = self.restored(cluster, backup, f"shards-{units}", cuSize=units)
            restored = json.loads((place / "cluster.json").read_text())
            self.assertEqual(restored["databases"][0]["collections"][0]["shards"], shards, units)
            self.assertEqual(rows_of(place), rows_of(data))

    # ---------------------------------------------------------------- exports

    def test_files_go_to_a_bucket_and_stay_Z_FILE_04(self):
        cluster, data = self.cluster("sent", {"articles": 100, "notes": 3}, "proj-a")
        backup = self.backup(cluster)
        target = f"/v2/clusters/{cluster}/backups/{backup}/export"
        # What killed attempts left: that of this job goes, those of others may be at work.
        place = self.bucket / "2026" / "autumn" / backup / "default" / "notes"
        place.mkdir(parents=True)
        for job in range(1, 201):
            (place / f".tmp-export-{job}").touch()
        made = self.served.need("POST", target, {"integrationId": "exports",
                                                 "directory": "2026/autumn/"})
        job = self.served.job(made["jobId"])
        self.assertEqual((job["type"], job["state"]), ("EXPORT", "SUCCESSFUL"))
        sent = self.bucket / "2026" / "autumn" / backup
        self.assertEqual(rows_of(sent), rows_of(data))
        left = [p for p in sent.rglob("*") if p.name.startswith(".tmp-")]
        self.assertEqual((len(left), {p.parent for p in left}), (199, {place}))
        described = self.served.need("GET", f"/v2/jobs/{made['jobId']}")
        self.assertEqual((described["type"], described["progress"]), ("EXPORT", "100"))
        for body in ({"integrationId": "nobody"},
                     {"integrationId": "exports", "directory": "../out"},
                     {"integrationId": "exports", "directory": "/etc"}):
            self.assertIn("9603", self.refused("POST", target, body))
        self.assertFalse((self.bucket.parent / "out").exists())
        self.served.need("DELETE", f"/v2/clusters/{cluster}/backups/{backup}")
        self.assertIn("not AVAILABLE", self.refused("POST", target, {"integrationId": "exports"}))
        self.assertEqual(rows_of(sent), rows_of(data))

    def test_what_was_sent_stays_after_a_cancel_Z_FILE_04(self):
        # Many files, so that some are there while others are still to come.
        many = {f"c{number:04}": 1 for number in range(1500)}
        cluster, _ = self.cluster("canceled", many, "proj-a")
        backup = self.backup(cluster)
        made = self.served.need("POST", f"/v1/backups/{backup}/export",
                                {"bucket": "exports", "directory": "cut"})
        place = self.bucket / "cut" / backup
        for _ in range(2000):
            if any(place.rglob("*.vectors")):
                break
            time.sleep(0.005)
        self.served.need("POST", f"/v1/jobs/{made['job']}/cancel")
        self.assertEqual(self.served.job(made["job"])["state"], "CANCELED")
        def files():
            return sorted(p for p in place.rglob("*") if p.is_file())
        before = None
        while before != files():  # the job notices at its next bytes
            before = files()
            time.sleep(0.3)
        self.assertGreater(len(before), 0)
        self.assertLess(len(before), 4500)
        self.assertEqual([p for p in before if p.name.startswith(".tmp-")], [])
        self.assertEqual(self.served.need("GET", f"/v1/backups/{backup}")["state"], "AVAILABLE")

    # ---------------------------------------------------------------- nodes

    def nodes(self, name, broken=()):
        """A service of three nodes with a copy of its data each; the first is the primary."""
        places = {}
        for node in ("a", "b", "c"):
            places[node] = self.served.root / "data" / f"{name}-{node}"
            if node not in broken:
                write_cluster(places[node], {"articles": 10})
        made = self.served.need("POST", "/v1/clusters", {
            "name": name, "project": "zero", "region": "prg", "kind": "shared-storage",
            "source": {"nodes": [{"name": node, "primary": node == "a",
                                  "source": {"path": str(path)}}
                                 for node, path in places.items()]}})
        return made["id"], places

    def made_of(self, cluster, kind):
        found = self.served.need(
            "GET", f"/v1/backups?cluster={cluster}&kind={kind}&state=AVAILABLE&limit=100")
        return [backup["contents"]["node"] for backup in found["backups"]]

    def test_automatic_ones_of_a_healthy_node_by_hand_of_the_primary_P_HA_01(self):
        cluster, _ = self.nodes("spread", broken=("b",))
        for number in range(24):
            self.served.need("POST", f"/v1/clusters/{cluster}/schedules", {
                "name": f"s{number:02}", "rule": "zerops: daily", "initial": True})
        for _ in range(600):
            nodes = self.made_of(cluster, "automatic")
            if len(nodes) == 24:
                break
            time.sleep(0.1)
        self.assertEqual(len(nodes), 24, self.served.need("GET", f"/v1/jobs?cluster={cluster}"))
        self.assertEqual(set(nodes), {"a", "c"})
        self.assertTrue(8 <= nodes.count("a") <= 16, nodes)
        for _ in range(5):
            self.backup(cluster)
        self.assertEqual(self.made_of(cluster, "manual"), ["a"] * 5)

    def test_the_other_nodes_serve_on_P_HA_02(self):
        cluster, places = self.nodes("busy")
        before = rows_of(places["b"])
        (places["a"] / "large").write_bytes(os.urandom(100 << 20))  # so that it takes a while
        made = self.served.need("POST", f"/v1/clusters/{cluster}/backups", {})
        served = 0
        while not self.served.need("GET", f"/v1/jobs/{made['job']}")["ended"]:
            # Read and written while the backup of the primary is made.
            self.assertEqual(rows_of(places["b"]), before)
            write_cluster(places["c"], {"articles": 10}, generation=2)
            served += 1
        self.assertGreater(served, 0)
        self.assertEqual(self.served.job(made["job"])["state"], "SUCCESSFUL")

    # ---------------------------------------------------------------- meanwhile

    def test_a_cluster_that_is_restored_serves_nobody_Q_RES_02(self):
        cluster, data = self.cluster("down", {"articles": 100}, "acc-1")
        backup = self.backup(cluster)
        token = self.served.need("POST", "/v1/tokens", {
            "name": "down", "role": "manage", "cluster": cluster})["token"]
        before = rows_of(data)
        owner, self.served.token = self.served.token, token
        place = "/collections/articles/snapshots"
        try:
            self.assertEqual(self.served.ask("GET", place)[0], 200)
            with locked(data):
                self.served.token = owner
                self.served.need("POST", f"{ACCOUNT}/backups/{backup}/restore", {})
                self.assertEqual(
                    self.served.need("GET", f"/v1/clusters/{cluster}")["state"], "RESTORING")
                self.assertIn("restored already", self.refused(
                    "POST", f"/v1/backups/{backup}/restore", {"in_place": True}))
                refused = self.served.need("POST", f"/v1/clusters/{cluster}/backups", {})
                self.assertEqual(refused["job"], "")
                self.served.token = token
                for method, target in (("GET", place), ("POST", place), ("POST", "/snapshots")):
                    self.assertEqual(self.served.ask(method, target)[0], 503)
            self.served.token = owner
            self.assertEqual(self.settled(cluster)["state"], "SUCCESSFUL")
            self.served.token = token
            self.assertEqual(self.served.ask("GET", place)[0], 200)
        finally:
            self.served.token = owner
        self.assertEqual(rows_of(data), before)

    @contextlib.contextmanager
    def changing(self, data):
        """Drops one collection after the other, and when half of them are left, has all again."""
        ends = threading.Event()

        def change():
            whole = self.catalog(data)["databases"]
            generation = 1
            while not ends.is_set():
                for count in range(len(whole[0]["collections"]), 300, -1):
                    generation += 1
                    self.catalog(data, generation=generation, databases=[
                        {**whole[0], "collections": whole[0]["collections"][:count]}])
                    if ends.wait(0.002):
                        break
        writer = threading.Thread(target=change)
        writer.start()
        try:
            yield
        finally:
            ends.set()
            writer.join()

    def test_collections_that_go_while_it_is_saved_Z_MAN_12(self):
        names = [f"c{number:04}" for number in range(600)]
        cluster, data = self.cluster("changing", {name: 1 for name in names}, "proj-a")
        with self.changing(data):
            made = self.served.need("POST", f"/v2/clusters/{cluster}/backups/create",
                                    {"backupType": "CLUSTER"})
            job = self.served.job(made["jobId"])
        self.assertEqual(job["state"], "SUCCESSFUL", job)
        self.assertRegex(job["reason"],
                         r"^collections changed while the backup was made, .*default\.c0")
        self.assertEqual(self.served.need("GET", f"/v2/jobs/{made['jobId']}")["reason"],
                         job["reason"])
        # What it holds is of one moment all the same.
        _, place = self.restored(cluster, made["backupId"], "changing-again")
        held = [name for _, name in rows_of(place)]
        self.assertEqual(held, names[:len(held)])
        again = self.served.need("POST", f"/v1/clusters/{cluster}/backups", {})
        self.assertEqual(self.served.job(again["job"])["reason"], "")


class RebuiltTest(ServedCase):
    @classmethod
    def setUpClass(cls):
        cls.served = Served().start()
        cls.served.need("PUT", "/v1/projects/proj-a",
                        {"rules": "zilliz", "plan": "business-critical"})

    def test_a_catalogue_made_again_has_its_keys_revoked(self):
        self.served.need("POST", "/v1/projects/proj-a/keys",
                         {"name": "lost", "region": "aws-us-east-1"})
        cluster, data = self.cluster("lost-key", {"articles": 20}, "proj-a", key="lost")
        before = rows_of(data)
        backup = self.backup(cluster)
        labels = self.served.home / "repositories" / "proj-a%20lost" / "aws-us-east-1" / "labels"
        for _ in range(600):
            if labels.exists() and list(labels.iterdir()):
                break
            time.sleep(0.05)
        self.assertEqual(self.served.stop(), 0)
        for place in ("catalogue", "catalogue-wal", "catalogue-shm", "owner.token"):
            (self.served.home / place).unlink(missing_ok=True)
        shutil.rmtree(self.served.home / "copies")
        self.served.start("--rebuild")
        target = f"/v1/backups/{backup}/restore"
        self.assertIn("revoked", self.refused("POST", target, {"in_place": True}))
        self.served.need("PUT", "/v1/projects/proj-a/keys/lost", {"state": "ENABLED"})
        write_cluster(data, {"articles": 1}, generation=2)
        self.served.need("POST", target, {"in_place": True})
        self.assertEqual(self.settled(cluster)["state"], "SUCCESSFUL")
        self.assertEqual(rows_of(data), before)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
