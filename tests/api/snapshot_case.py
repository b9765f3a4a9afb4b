"""Clusters with collections behind `backcast serve`, and curl as people type it."""

import json
import shutil
import subprocess
import unittest

from served import Served, write_cluster


def write_storage(path, collections, shards=2, aliases=None, size=4, only=None,
                  peers=None):
    """The storage of a Qdrant server that is down: {collection: text that its points hold}."""
    for name, text in collections.items():
        folder = path / "collections" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "version.info").write_text("1.9.3")
        (folder / "config.json").write_text(json.dumps({"params": {
            "vectors": {"size": size, "distance": "Cosine"}, "shard_number": shards}}))
        (folder / "payload_index.json").write_text("{}")
        for shard in range(shards) if only is None else only:
            place = folder / str(shard)
            segment = place / "segments" / "0a1b2c3d-0000-4000-8000-000000000001"
            (segment / "vector_storage").mkdir(parents=True)
            (segment / "segment.json").write_text('{"version": 7}')
            (segment / "vector_storage" / "vectors.dat").write_text(f"{text} {shard} " + "v" * 5000)
            (place / "wal").mkdir()
            (place / "wal" / "open-1").write_text("wal " + text)
            (place / "shard_config.json").write_text('{"type": "Local"}')
            (place / "replica_state.json").write_text(json.dumps(
                {"is_local": True, "this_peer_id": 7, "peers": peers} if peers else {}))
    (path / "aliases").mkdir(exist_ok=True)
    (path / "aliases" / "data.json").write_text(json.dumps(aliases or {}))


def tree_of(path):
    return {str(file.relative_to(path)): file.read_bytes()
            for file in path.rglob("*") if file.is_file()}


class Curl:
    """As people type it: the token in api-key, JSON and the status back."""

    def __init__(self, served, token):
        self.base = f"http://127.0.0.1:{served.port}"
        self.token = token

    def run(self, method, path, *more, output=None):
        """HTTP status and body."""
        head = ["-H", f"api-key: {self.token}"] if self.token else []
        done = subprocess.run(
            ["curl", "-sS", "-X", method, self.base + path, *head, *more,
             "-o", str(output) if output else "-", "-w", "\n%{http_code}"],
            capture_output=True, check=False, timeout=120)
        body, _, status = done.stdout.rpartition(b"\n")
        return int(status or 0), body

    def ask(self, method, path, *more):
        status, body = self.run(method, path, *more)
        return status, json.loads(body)

    def need(self, method, path, *more):
        status, answer = self.ask(method, path, *more)
        assert status == 200 and answer["status"] == "ok" and answer["time"] >= 0, answer
        return answer["result"]


class SnapshotsCase(unittest.TestCase):
    maxDiff = None

    @classmethod
    def options(cls):
        return ()

    @classmethod
    def setUpClass(cls):
        cls.served = Served().start(*cls.options())
        cls.served.need("PUT", "/v1/projects/points", {"rules": "qdrant"})
        cls.made = 0

    @classmethod
    def tearDownClass(cls):
        code = cls.served.stop()
        assert code == 0, (code, (cls.served.root / "log").read_text()[-2000:])
        cls.served.folder.cleanup()

    def token(self, cluster, role="manage"):
        type(self).made += 1
        return self.served.need("POST", "/v1/tokens", {
            "name": f"key-{self.made}", "role": role, "cluster": cluster})["token"]

    def register(self, name, kind, source, version="1.9.3"):
        made = self.served.need("POST", "/v1/clusters", {
            "name": name, "project": "points", "region": "eu", "kind": kind,
            "version": version, "source": source})["id"]
        return made, Curl(self.served, self.token(made))

    def folder(self, name, collections):
        data = self.served.root / "data" / name
        write_cluster(data, collections)
        cluster, curl = self.register(name, "folder", {"path": str(data)})
        return cluster, curl, data

    def storage(self, name, collections, **more):
        data = self.served.root / "data" / name
        write_storage(data, collections, **more)
        cluster, curl = self.register(name, "qdrant", {"storage": str(data)})
        return cluster, curl, data

    def refused(self, status, words, answered):
        self.assertEqual(answered[0], status, answered)
        answer = json.loads(answered[1]) if isinstance(answered[1], bytes) else answered[1]
        self.assertIn(words, answer["status"]["error"])
        self.assertEqual(set(answer), {"status", "time"})
