"""`backcast serve` with clusters in folders, for tests of the whole."""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = sys.argv.pop(1)


def write_cluster(path, collections, generation=1):
    """A cluster in a folder: {name: rows}, of 4 dimensions."""
    path.mkdir(parents=True, exist_ok=True)
    listed = []
    for name, rows in collections.items():
        folder = path / "default" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "collection.json").write_text(json.dumps({"dimension": 4}))
        segment = f"s{generation}"
        (folder / f"{segment}.vectors").write_bytes(os.urandom(rows * 16))
        (folder / f"{segment}.payload").write_text(
            "".join(json.dumps({"id": row, "of": name}) + "\n" for row in range(rows)))
        listed.append({"name": name, "shards": 4, "loaded": name == "articles",
                       "segments": [{"file": segment, "rows": rows}]})
    (path / "lock").touch()
    (path / "cluster.json").write_text(json.dumps({
        "generation": generation, "databases": [{"name": "default", "collections": listed}],
        "users": [], "roles": []}))


def rows_of(path):
    """Every row of a cluster: {collection: [vectors, payload]}."""
    catalog = json.loads((path / "cluster.json").read_text())
    found = {}
    for database in catalog["databases"]:
        for collection in database["collections"]:
            folder = path / database["name"] / collection.get("folder", collection["name"])
            found[(database["name"], collection["name"])] = [
                ((folder / (s["file"] + ".vectors")).read_bytes(),
                 (folder / (s["file"] + ".payload")).read_text()) for s in collection["segments"]]
    return found


class Served:
    """A service that can be killed and started again in the same folder."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        self.home = self.root / "service"
        self.process = None

    def start(self, *more, env=None, wait=True):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = (self.root / "log").open("a", encoding="utf-8")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", self.home, "--listen", f"127.0.0.1:{self.port}", *more],
            stderr=self.log, stdout=self.log, env={**os.environ, **(env or {})})
        if wait:
            self.wait_until_it_answers()
        return self

    def wait_until_it_answers(self):
        for _ in range(1200):
            try:
                if self.ask("GET", "/healthz")[0] == 200:
                    break
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        self.token = (self.home / "owner.token").read_text().strip()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.log.close()
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def ask(self, method, target, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {getattr(self, 'token', '')}"}
        connection.request(method, target, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data

    def need(self, method, target, body=None):
        status, data = self.ask(method, target, body)
        answer = json.loads(data)
        assert status < 300 and "error" not in answer and answer.get("code", 0) == 0, answer
        return answer.get("data", answer) if target.startswith("/v2") else answer

    def job(self, job, seconds=60):
        for _ in range(seconds * 10):
            found = self.need("GET", f"/v1/jobs/{job}")
            if found["ended"]:
                return found
            time.sleep(0.1)
        raise AssertionError(found)


class ServedCase(unittest.TestCase):
    """Tests of one service, `cls.served`, which is to stop well after them."""

    maxDiff = None

    @classmethod
    def tearDownClass(cls):
        assert cls.served.stop() == 0
        cls.served.folder.cleanup()

    def cluster(self, name, collections, project, kind="folder", **more):
        """Its id, and where its data is."""
        data = self.served.root / "data" / name
        write_cluster(data, collections)
        made = self.served.need("POST", "/v1/clusters", {
            "name": name, "project": project, "region": "aws-us-east-1", "kind": kind,
            "version": "1.9.3", "cu": 8, "cpu": 2, "memory_gib": 8, "nodes": 3,
            "source": {"path": str(data)}, **more})
        return made["id"], data

    def catalog(self, data, **changed):
        """A cluster's catalog, changed where that is said."""
        catalog = json.loads((data / "cluster.json").read_text())
        if changed:
            (data / "cluster.json.new").write_text(json.dumps({**catalog, **changed}))
            (data / "cluster.json.new").replace(data / "cluster.json")
        return {**catalog, **changed}

    def backup(self, cluster):
        made = self.served.need("POST", f"/v1/clusters/{cluster}/backups", {})
        self.assertEqual(self.served.job(made["job"])["state"], "SUCCESSFUL")
        return made["backup"]

    def settled(self, cluster):
        """The newest job of a cluster, when all of them have ended."""
        for _ in range(600):
            jobs = self.served.need("GET", f"/v1/jobs?cluster={cluster}")["jobs"]
            if all(job["ended"] for job in jobs):
                return jobs[0]
            time.sleep(0.1)
        raise AssertionError(jobs)

    def refused(self, method, target, body=None):
        """The message of what is refused, with the vendor's code before it."""
        status, data = self.served.ask(method, target, body)
        answer = json.loads(data)
        message = answer.get("message") or str(answer.get("error", ""))
        self.assertTrue(status >= 400 or answer.get("code", 0) != 0, answer)
        return f"{answer.get('code', status)}: {message}"
