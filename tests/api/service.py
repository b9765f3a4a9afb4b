"""A running service for the tests of its routes, and how they ask it."""

import http.client
import json
import pathlib
import subprocess
import tempfile
import time


class Service:
    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        self.log = (self.root / "log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen([program, self.root], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log, text=True)
        port, self.token = self.process.stdout.readline().split()
        self.port = int(port)
        self.secrets = [self.token]

    def stop(self):
        self.process.communicate("", 30)
        self.log.seek(0)
        text = self.log.read()
        self.log.close()
        self.folder.cleanup()
        assert self.process.returncode == 0, self.process.returncode
        for secret in self.secrets:
            assert secret not in text, "a secret in the log"

    def raw(self, method, target, body=None, token=None, headers=None):
        """Status, headers and bytes."""
        headers = {"Authorization": f"Bearer {token or self.token}", **(headers or {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body)
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), data

    def ask(self, method, target, body=None, token=None):
        """Status and JSON."""
        status, _, data = self.raw(method, target, body, token)
        return status, json.loads(data)

    def need(self, method, target, body=None):
        status, answer = self.ask(method, target, body)
        assert status < 300 and "error" not in answer, (method, target, status, answer)
        return answer

    def new_token(self, name, role, projects=()):
        made = self.need("POST", "/v1/tokens",
                         {"name": name, "role": role, "projects": list(projects)})
        self.secrets.append(made["token"])
        return made["token"]

    def set(self, name, on):
        """Jobs from now on: "hold" never end, "fail" end badly."""
        (self.root / name).touch() if on else (self.root / name).unlink(missing_ok=True)

    def job(self, job, seconds=15):
        """The job when it has ended."""
        for _ in range(seconds * 20):
            found = self.need("GET", f"/v1/jobs/{job}")
            if found["ended"]:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{job} does not end: {found}")

    def settle(self, cluster):
        """Waits until no job of the cluster runs."""
        for _ in range(300):
            jobs = self.need("GET", f"/v1/jobs?cluster={cluster}")["jobs"]
            if all(job["ended"] for job in jobs):
                return
            time.sleep(0.05)
        raise AssertionError(jobs)
