#!/usr/bin/env python3
"""How `backcast serve` carries what is asked of it: lists of a large catalogue, a catalogue of a
million backups, schedules that wait, and requests while jobs run.

usage: service_bench.py BACKCAST [lists] [open] [idle] [load [MINUTES]] [year]

Without a name all of them run, the load for ten minutes. Figures are of this machine.
"""

import contextlib
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM = sys.argv[1]
SECOND = 1_000_000_000
DAY = 86_400 * SECOND


class Service:
    """A service in a folder of its own, which can be filled while it does not run."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.home = pathlib.Path(self.folder.name) / "service"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def start(self):
        """Seconds until it answers."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            [PROGRAM, "serve", self.home, "--listen", f"127.0.0.1:{self.port}"],
            stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while True:
            try:
                self.ask("GET", "/healthz", token="")
                break
            except OSError:
                time.sleep(0.005)
        took = time.monotonic() - began
        self.token = (self.home / "owner.token").read_text().strip()
        return took

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(120)

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def ask(self, method, target, body=None, token=None, connection=None):
        mine = connection or self.connect()
        token = self.token if token is None else token
        mine.request(method, target, None if body is None else json.dumps(body),
                     {"Authorization": f"Bearer {token}"} if token else {})
        answer = mine.getresponse()
        data = answer.read()
        if connection is None:
            mine.close()
        if answer.status >= 300:
            raise RuntimeError((method, target, answer.status, data))
        return json.loads(data)

    def cpu_seconds(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = text.rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1000
        return 0


def clusters(service, count, source="/nowhere"):
    service.ask("PUT", "/v1/projects/bench", {"rules": "plain"})
    return [service.ask("POST", "/v1/clusters", {
        "name": f"c{at:05}", "project": "bench", "region": ("eu", "us")[at % 2], "kind": "folder",
        "source": {"path": source}})["id"] for at in range(count)]


def fill(service, backups_each):
    """Backups of every cluster, one a night, straight into the catalogue of a stopped service."""
    with contextlib.closing(sqlite3.connect(service.home / "catalogue")) as catalogue:
        vaults = catalogue.execute(
            "SELECT v.cluster, v.id, v.region FROM vaults v ORDER BY v.cluster").fetchall()
        first = time.time_ns() - backups_each * DAY

        def rows():
            number = 0
            for night in range(backups_each):
                for cluster, vault, region in vaults:
                    number += 1
                    born = first + night * DAY + cluster * SECOND
                    tags = ("daily", "daily weekly", "kept")[number % 3]
                    yield (number, f"backup{number}_{cluster:x}", f"c/auto-{night:06}", cluster,
                           vault, number, region, "nightly", tags, born, born + SECOND, 10**9,
                           '{"databases": []}', f"{number:032x}")
        catalogue.executemany(
            "INSERT INTO backups(id, uid, label, cluster, vault, sequence, region, kind, "
            "of_manual, schedule, name, tags, protected, state, born, available, size, contents, "
            "snapshot) "
            "VALUES(?, ?, ?, ?, ?, ?, ?, 'automatic', 0, ?, '', ?, 0, 1, ?, ?, ?, ?, ?)", rows())
        catalogue.commit()


def lists():
    service = Service()
    service.start()
    ids = clusters(service, 100)
    service.stop()
    fill(service, 1000)
    service.start()
    draw = random.Random(1)
    now = time.time()
    moment = lambda days: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - days * 86_400))
    asked = {
        "of a cluster": lambda: f"cluster={draw.choice(ids)}",
        "of a cluster, available, with a tag":
            lambda: f"cluster={draw.choice(ids)}&state=AVAILABLE&tag=weekly",
        "of a region in a week": lambda: f"region=eu&from={moment(307)}&to={moment(300)}",
        "of a week": lambda: f"from={moment(507)}&to={moment(500)}",
        "with a tag, of all": lambda: "tag=kept",
        "all, the hundredth page": lambda: "offset=9900",
    }
    connection = service.connect()
    for what, query in asked.items():
        took = []
        for _ in range(200):
            target = "/v1/backups?" + query()
            began = time.monotonic()
            service.ask("GET", target, connection=connection)
            took.append((time.monotonic() - began) * 1000)
        print(f"lists: {what}: median {statistics.median(took):.1f} ms, "
              f"95 % {sorted(took)[189]:.1f} ms")
    service.stop()


def opens():
    service = Service()
    service.start()
    clusters(service, 100)
    service.stop()
    fill(service, 10_000)
    for copy in (service.home / "copies").iterdir():
        copy.unlink()
    took = service.start()
    size = (service.home / "catalogue").stat().st_size / 1e6
    print(f"open: 1,000,000 backups ({size:.0f} MB): answers after {took:.2f} s, "
          f"{service.resident_mb():.0f} MB resident")
    began, slowest = time.monotonic(), 0
    while not list((service.home / "copies").glob("*.sqlite")):  # made while others are answered
        asked = time.monotonic()
        service.ask("PUT", "/v1/projects/bench", {"rules": "plain"})
        slowest = max(slowest, time.monotonic() - asked)
    print(f"open: its daily copy took {time.monotonic() - began:.1f} s; the slowest change "
          f"meanwhile {slowest * 1000:.0f} ms")
    (copy,) = (service.home / "copies").glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(copy)) as catalogue:
        assert catalogue.execute("SELECT count(*) FROM backups").fetchone() == (1_000_000,)
        assert catalogue.execute("PRAGMA quick_check").fetchone() == ("ok",)
    service.stop()
    took = service.start()
    print(f"open: the same once more: {took:.2f} s")
    service.stop()


def idle():
    service = Service()
    service.start()
    for cluster in clusters(service, 1000):
        for at in range(10):
            service.ask("POST", f"/v1/clusters/{cluster}/schedules", {
                "name": f"s{at}", "rule": "0 3 1 1 *", "retention": "native: --ttl 7d"})
    time.sleep(5)
    before, began = service.cpu_seconds(), time.monotonic()
    time.sleep(60)
    share = (service.cpu_seconds() - before) / (time.monotonic() - began)
    print(f"idle: 10,000 schedules: {share:.2%} of a core, {service.resident_mb():.0f} MB resident")
    service.stop()


def write_cluster(path):
    folder = path / "default" / "articles"
    folder.mkdir(parents=True)
    (folder / "collection.json").write_text('{"dimension": 4}')
    (folder / "s1.vectors").write_bytes(os.urandom(16 * 200_000))
    (folder / "s1.payload").write_text("".join(f'{{"id": {row}}}\n' for row in range(200_000)))
    (path / "lock").touch()
    (path / "cluster.json").write_text(json.dumps({
        "generation": 1, "users": [], "roles": [], "databases": [
            {"name": "default", "collections": [
                {"name": "articles", "segments": [{"file": "s1", "rows": 200_000}]}]}]}))


def load(minutes):
    service = Service()
    service.start()
    data = pathlib.Path(service.folder.name) / "data"
    write_cluster(data)
    ids = clusters(service, 20, str(data))
    ends = time.monotonic() + minutes * 60
    took, wrong, resident, jobs = [], [], [], 0
    lock = threading.Lock()

    def client(at):
        draw = random.Random(at)
        connection = service.connect()
        due = time.monotonic() + at / 200
        while due < ends:
            time.sleep(max(0, due - time.monotonic()))
            due += 0.05  # ten clients with twenty a second each
            target = draw.choice((f"/v1/backups?cluster={draw.choice(ids)}", "/v1/jobs?limit=20",
                                  "/v1/clusters", f"/v1/clusters/{draw.choice(ids)}"))
            began = time.monotonic()
            try:
                service.ask("GET", target, connection=connection)
            except (OSError, RuntimeError, http.client.HTTPException) as error:
                wrong.append(repr(error))
                connection = service.connect()
            with lock:
                took.append(time.monotonic() - began)

    threads = [threading.Thread(target=client, args=(at,)) for at in range(10)]
    for thread in threads:
        thread.start()
    draw = random.Random(99)
    while time.monotonic() < ends:  # a backup every two seconds, the oldest of many goes
        cluster = draw.choice(ids)
        service.ask("POST", f"/v1/clusters/{cluster}/backups", {})
        jobs += 1
        available = service.ask("GET", f"/v1/backups?cluster={cluster}&state=AVAILABLE")["backups"]
        if len(available) > 5:
            service.ask("DELETE", "/v1/backups/" + available[-1]["id"])
        resident.append(service.resident_mb())
        time.sleep(2)
    for thread in threads:
        thread.join()
    took.sort()
    tenth = max(1, len(resident) // 10)
    print(f"load: {minutes} minutes, {len(took) / minutes / 60:.0f} requests a second, "
          f"{jobs} jobs: {len(wrong)} errors, median {took[len(took) // 2] * 1000:.1f} ms, "
          f"99 % {took[len(took) * 99 // 100] * 1000:.1f} ms, slowest {took[-1] * 1000:.0f} ms")
    print(f"load: resident {statistics.mean(resident[:tenth]):.0f} MB in the first tenth, "
          f"{statistics.mean(resident[len(resident) // 2:][:tenth]):.0f} MB in the middle, "
          f"{statistics.mean(resident[-tenth:]):.0f} MB in the last")
    for error in wrong[:5]:
        print("load:", error)
    service.stop()


def year():
    with tempfile.TemporaryDirectory() as folder:
        scenario = pathlib.Path(folder) / "year.json"
        scenario.write_text(json.dumps({
            "name": "year", "start": "2026-01-01", "horizon": "365d", "provider": "zilliz",
            "services": [{"name": f"c{at:03}", "region": "aws-us-east-1", "size": "20 GB",
                          "schedules": [{}]} for at in range(100)]}))
        began = time.monotonic()
        told = subprocess.run([PROGRAM, "rehearse", scenario, "--against", "control"], check=True,
                              capture_output=True, text=True).stdout
        print(f"year: 100 clusters, daily backups: {time.monotonic() - began:.1f} s: "
              f"{told.strip()}")


if __name__ == "__main__":
    names = sys.argv[2:] or ["lists", "open", "idle", "load", "year"]
    for place, name in enumerate(names):
        if name == "lists":
            lists()
        elif name == "open":
            opens()
        elif name == "idle":
            idle()
        elif name == "load":
            follows = names[place + 1] if place + 1 < len(names) else ""
            load(float(follows) if follows.replace(".", "").isdigit() else 10)
        elif name == "year":
            year()
